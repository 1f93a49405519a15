// Shows how far the work on a file is, and shows the page anew when it is done. Without this script: "Look again".
(() => {
  const box = document.querySelector("[data-progress]");
  const bar = box?.querySelector("progress");
  const live = box?.querySelector(".live");
  if (!bar || !live) return;
  const EVERY_MS = 1000;

  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const { at_work: atWork, done, of } = await answer.json();
        if (!atWork) {
          live.textContent = live.dataset.done;
          location.reload();
          return;
        }
        if (of) {
          bar.max = of;
          bar.value = done;
        }
      }
    } catch {
      // No connection right now: the next round asks again.
    }
    setTimeout(ask, EVERY_MS);
  };

  setTimeout(ask, EVERY_MS);
})();
