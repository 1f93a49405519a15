// The field that finds anybody: "/" puts the cursor in it, and the arrow keys lead through what was found.
(() => {
  const field = document.getElementById("sought");
  if (!field) return;
  const links = () => [...document.querySelectorAll(".found a")];
  const isTyping = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = document.activeElement ?? document.body;
    if (event.key === "/" && !isTyping(here)) {
      event.preventDefault();
      field.focus();
      field.select();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || (isTyping(here) && here !== field)) return;
    const stops = [field, ...links()];
    if (stops.length === 1) return;
    const at = stops.indexOf(here);
    const next = at < 0 ? 1 : at + step;
    if (next < 0 || next >= stops.length) return;
    event.preventDefault();
    stops[next].focus();
  });
})();
