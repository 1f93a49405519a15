// The page that waits for the bank: asks for news for a minute, then leaves the reader in peace.
// Without this script the page refreshes itself.
(() => {
  const box = document.querySelector("[data-status-url]");
  const live = box?.querySelector(".live");
  if (!box || !live) return;
  const EVERY_MS = 2000;
  const UNTIL = Date.now() + 60000;
  const goOn = document.querySelector("[data-still-waiting]");
  let first = null;
  let asked = 0;

  const ask = async () => {
    try {
      const answer = await fetch(box.dataset.statusUrl, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const { state } = await answer.json();
        first ??= state;
        if (state !== "waiting" && state !== "preparing" || state !== first) {
          live.textContent = live.dataset.found;
          setTimeout(() => location.reload(), 900);
          return;
        }
        asked += 1;
        if (goOn && asked > 2) goOn.hidden = false;
      }
    } catch {
      // No connection right now (a phone that comes back from the bank's app): the next round asks again.
    }
    if (Date.now() < UNTIL) setTimeout(ask, EVERY_MS);
    else live.textContent = live.dataset.slow;
  };

  setTimeout(ask, 500);
})();
