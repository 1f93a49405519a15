// Warns two minutes before the page closes, lets the reader stay, and leaves when the time is over.
// Without this script the time and the button stand on the page all the while.
(() => {
  const box = document.querySelector(".session-end");
  const live = box?.querySelector(".live");
  if (!box || !live) return;
  const form = box.querySelector("form");
  const button = box.querySelector("button");
  const WARN_SECONDS = 120;
  let ends = Date.now() + Number(box.dataset.seconds) * 1000;
  let warned = false;

  // The bar at the bottom of the window must not lie on what has the focus, now or after the next Tab.
  const makeRoom = () => {
    const lies = getComputedStyle(box).position === "sticky";
    document.documentElement.style.scrollPaddingBottom = lies ? `${box.offsetHeight + 16}px` : "";
    const focused = document.activeElement;
    if (lies && focused && focused !== document.body && !box.contains(focused)) focused.scrollIntoView({ block: "nearest" });
  };

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

  // What was filled in waits, sealed, for whoever enters the reference again within a quarter of an hour.
  const keep = async () => {
    const language = document.getElementById("language");
    const filled = document.getElementById("kept");
    if (!language || !filled) return;
    const body = new FormData(language);
    for (const [name, value] of new FormData(filled)) {
      if (typeof value === "string" && name !== "csrfmiddlewaretoken") body.append(`kept.${name}`, value);
    }
    try {
      await fetch(language.action, { method: "POST", body, redirect: "manual" });
    } catch {
      // No connection: the page closes all the same.
    }
  };

  const look = async () => {
    if (Date.now() >= ends) {
      const seconds = await secondsLeft();
      live.textContent = seconds ? "" : box.dataset.closed;
      if (!seconds) {
        await keep();
        return location.replace(box.dataset.home);
      }
      extend(seconds);
    }
    const left = (ends - Date.now()) / 1000;
    const soon = left <= WARN_SECONDS;
    if (soon && !warned && form) live.textContent = box.dataset.soon;
    warned = soon;
    const was = box.classList.contains("soon");
    box.classList.toggle("soon", soon);
    if (was !== soon) makeRoom();
    setTimeout(look, 1000);
  };

  addEventListener("resize", makeRoom);

  button?.addEventListener("click", async (event) => {
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
