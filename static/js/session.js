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

  const look = () => {
    const left = (ends - Date.now()) / 1000;
    if (left <= 0) {
      live.textContent = box.dataset.closed;
      location.replace(box.dataset.home);
      return;
    }
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
      ends = Date.now() + seconds * 1000;
      warned = false;
      const at = new Date(ends).toTimeString().slice(0, 5);
      box.querySelector("strong").textContent = at;
      live.textContent = box.dataset.longer;
    } catch {
      form.submit(); // whatever the matter is, the page itself will say it
    }
  });

  look();
})();
