// Warns two minutes before the page closes, lets the reader stay, and leaves when the time is over.
// Without this script the time and the button stand on the page all the while.
(() => {
  const box = document.querySelector(".session-end");
  const live = box?.querySelector(".live");
  if (!box || !live) return;
  const form = box.querySelector("form");
  const WARN_SECONDS = 120;
  let ends = Date.now() + Number(box.dataset.seconds) * 1000;
  let warned = false;

  const extend = (seconds) => {
    ends = Date.now() + seconds * 1000;
    warned = false;
    box.querySelector("strong").textContent = new Date(ends).toTimeString().slice(0, 5);
  };

  // Another page of the same session may have moved its end. A redirect says that there is no session any more.
  const secondsLeft = async () => {
    if (!box.dataset.ask) return 0;
    try {
      const answer = await fetch(box.dataset.ask, { headers: { Accept: "application/json" }, redirect: "manual" });
      return answer.ok ? (await answer.json()).seconds : 0;
    } catch {
      return 0;
    }
  };

  const look = async () => {
    if (Date.now() >= ends) {
      const seconds = await secondsLeft();
      live.textContent = seconds ? "" : box.dataset.closed;
      if (!seconds) return location.replace(box.dataset.home);
      extend(seconds);
    }
    const left = (ends - Date.now()) / 1000;
    box.classList.toggle("soon", left <= WARN_SECONDS);
    if (left <= WARN_SECONDS && !warned) {
      warned = true;
      if (form) live.textContent = box.dataset.soon;
    }
    setTimeout(look, 1000);
  };

  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new FormData(form), headers: { Accept: "application/json" },
      });
      const { seconds } = answer.ok ? await answer.json() : {};
      if (!seconds) throw new Error("closed");
      extend(seconds);
      live.textContent = box.dataset.longer;
    } catch {
      form.submit(); // whatever the matter is, the page itself will say it
    }
  });

  look();
})();
