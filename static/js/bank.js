// The list of lines: J and K or the arrows walk through it while it has the focus. On the page of a line Alt with a
// digit goes to the button of a proposal, which Enter presses. Every page works without this.
(() => {
  "use strict";

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || !/^Digit[1-9]$/.test(event.code)) return;
    const button = document.querySelector(`[aria-keyshortcuts="Alt+${event.code.slice(-1)}"]`);
    if (!button) return;
    button.focus();
    event.preventDefault();
  });

  const list = document.getElementById("bank-lines");
  if (!list) return;
  const steps = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

  list.addEventListener("keydown", (event) => {
    const step = event.altKey || event.ctrlKey || event.metaKey ? 0 : steps[event.key];
    if (!step) return;
    const rows = [...list.querySelectorAll("a")];
    const next = rows[rows.indexOf(document.activeElement) + step];
    if (next) next.focus();
    event.preventDefault();
  });
})();
