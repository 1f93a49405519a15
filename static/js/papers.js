// The papers of a case: larger, smaller and turned, by buttons and by keys with Alt. The page works without this.
(() => {
  "use strict";

  const sheets = document.getElementById("sheets");
  const tools = document.getElementById("view-tools");
  if (!sheets?.querySelector(".sheet")) return;
  const STEPS = [50, 75, 100, 125, 150, 200, 300, 400];
  let step = STEPS.indexOf(100);

  // The page that is looked at: the one under the middle of the frame.
  const inView = () => {
    const frame = sheets.getBoundingClientRect();
    const middle = (Math.max(frame.top, 0) + Math.min(frame.bottom, innerHeight)) / 2;
    const distance = (sheet) => {
      const box = sheet.getBoundingClientRect();
      return box.top <= middle && middle <= box.bottom ? 0 : Math.min(Math.abs(box.top - middle), Math.abs(box.bottom - middle));
    };
    return [...sheets.querySelectorAll(".sheet")].sort((a, b) => distance(a) - distance(b))[0];
  };

  const zoom = (by) => {
    step = Math.min(Math.max(step + by, 0), STEPS.length - 1);
    const before = sheets.scrollHeight;
    sheets.style.setProperty("--zoom", `${STEPS[step]}%`);
    sheets.scrollTop *= sheets.scrollHeight / before; // what was read stays in sight
    document.getElementById("zoom").textContent = `${STEPS[step]}%`;
  };

  // A turned page takes the room of its new shape, so that nothing covers what follows.
  const turn = () => {
    const sheet = inView();
    const picture = sheet.querySelector("img");
    const quarter = (Number(sheet.dataset.turned || 0) + 1) % 4;
    const [width, height] = [picture.naturalWidth || 210, picture.naturalHeight || 297];
    const lies = quarter % 2 === 1;
    sheet.dataset.turned = quarter;
    sheet.classList.toggle("lies", lies);
    sheet.style.aspectRatio = lies ? `${height} / ${width}` : "";
    picture.style.width = lies ? `${(100 * width) / height}%` : "";
    picture.style.rotate = `${quarter * 90}deg`;
  };

  const ACTS = { in: () => zoom(1), out: () => zoom(-1), turn };
  tools.hidden = false;
  tools.addEventListener("click", (event) => ACTS[event.target.closest("button")?.dataset.view]?.());

  const scroll = (by) => sheets.scrollBy({ top: by * sheets.clientHeight * 0.8 });
  const KEYS = { "+": ACTS.in, "=": ACTS.in, "-": ACTS.out, r: turn, R: turn, ArrowDown: () => scroll(1), ArrowUp: () => scroll(-1) };
  document.addEventListener("keydown", (event) => {
    const act = event.altKey && !event.ctrlKey && !event.metaKey && KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
