// The provider's desk: the amount worked out while one types, and the keyboard. Every page works without this.
(() => {
  "use strict";

  const form = document.getElementById("decide");
  const byKey = (key) => document.querySelector(`[aria-keyshortcuts="${key}"]`);

  // --- the amount, in whole cents ------------------------------------------------------------------

  const cents = (text) => {
    const plain = text.replace(/[\s€]/g, "");
    const found = /^(\d+|\d{1,3}([.,])\d{3}(?:\2\d{3})*)(?:[.,](\d{1,2}))?$/.exec(plain);
    if (!found) return null;
    return Number(found[1].replace(/[.,]/g, "")) * 100 + Number((found[3] || "").padEnd(2, "0"));
  };

  const shown = (amount) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" }).format(amount / 100);

  const value = (name) => form.elements[name].value.trim();

  // undefined: nothing filled in yet; null: not an amount
  const due = (rule, share) => {
    if (rule === "insurer") {
      if (!value("paid_out")) return undefined;
      const parts = ["paid_out", "deductible", "own_contribution"].map((name) => cents(value(name) || "0"));
      return parts.includes(null) ? null : parts.reduce((sum, part) => sum + part, 0);
    }
    if (rule === "percentage") {
      const percentage = Number(value("percentage"));
      if (!value("percentage")) return undefined;
      if (!Number.isInteger(percentage) || percentage < 1 || percentage > 100) return null;
      return share - Math.floor((share * percentage + 50) / 100); // half a cent goes up, as on the server
    }
    return value("new_due") ? cents(value("new_due")) : undefined;
  };

  const workOut = () => {
    const share = cents(form.dataset.share);
    const rule = value("rule");
    for (const part of form.querySelectorAll(".by-rule")) part.hidden = part.dataset.rule !== rule;
    const amount = due(rule, share);
    const live = document.getElementById("live");
    const problem = document.getElementById("live-problem");
    const usable = amount !== undefined && amount !== null;
    live.hidden = !usable;
    form.elements.shown_due.value = usable ? (amount / 100).toFixed(2) : "";
    if (!usable) return;
    problem.textContent = amount > share ? form.dataset.tooMuch : amount === share ? form.dataset.nothing : "";
    live.classList.toggle("wrong", amount > share);
    document.getElementById("live-reduction").textContent = amount < share ? `\u2212${shown(share - amount)}` : shown(0);
    document.getElementById("live-due").textContent = shown(amount);
  };

  const choose = (index) => {
    const radio = form.elements.rule[index];
    radio.checked = true;
    workOut();
    form.querySelector(".by-rule:not([hidden]) input").focus();
  };

  if (form) {
    form.addEventListener("input", workOut);
    workOut();
    // Twenty in a row: the first amount is ready to be typed. Not after an error, which must be read first.
    if (!document.querySelector(".errornote, .check")) {
      form.querySelector(".by-rule:not([hidden]) input").focus({ preventScroll: true });
    }
  }

  // A decision is sent once, however often the button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const one of document.forms) delete one.dataset.sent;
  });

  // --- the keyboard: always with Alt or Ctrl, so that nothing happens while one types or dictates ---------

  const press = (key, needsReason) => {
    const button = byKey(key);
    if (!button) return false;
    if (needsReason && form && !value("reason")) form.elements.reason.focus();
    else button.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const alt = event.altKey && !event.ctrlKey && !event.metaKey;
    let done = false;
    if (event.ctrlKey && event.key === "Enter") done = press("Control+Enter", true);
    else if (alt && event.code === "KeyV") done = press("Alt+V", true);
    else if (alt && event.code === "KeyX") done = press("Alt+X", true);
    else if (alt && event.code === "KeyN") done = press("Alt+N", false);
    else if (alt && form && /^Digit[123]$/.test(event.code)) {
      choose(Number(event.code.slice(-1)) - 1);
      done = true;
    }
    if (done) event.preventDefault();
  });
})();
