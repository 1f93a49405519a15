// The provider's desk: the amount worked out while one types, and the keyboard. Every page works without this.
(() => {
  "use strict";

  const form = document.getElementById("decide");
  const byKey = (key) => document.querySelector(`[aria-keyshortcuts="${key}"]`);

  // --- the amount, in whole cents ------------------------------------------------------------------

  // As billing.money.read_euros: 365 · 365,5 · 1.234,50 · 1,234.50 · 1 234,50 · € 12,00 · 20,- · 5 euro
  const SIGN = "(?:€|euros?|eur)";
  const EURO = new RegExp(
    `^(?:${SIGN} ?)?([0-9]+|[1-9][0-9]{0,2}([., ])[0-9]{3}(?:\\2[0-9]{3})*)(?:([.,])([0-9]{1,2}|--?))?(?: ?${SIGN})?$`,
    "i",
  );
  const cents = (text) => {
    const found = EURO.exec(text.replaceAll("\u00a0", " ").trim());
    if (!found) return null;
    const [, whole, mark, point, typed] = found;
    if (mark && (mark === "," ? typed === undefined : mark === point)) return null; // 63,165 may mean either
    return Number(whole.replace(/[., ]/g, "")) * 100 + Number((typed || "").replaceAll("-", "").padEnd(2, "0"));
  };

  const shown = (amount) =>
    new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" }).format(amount / 100);

  const value = (name) => form.elements[name].value.trim();

  // undefined: not filled in; null: not an amount
  const amountOf = (name) => (value(name) ? cents(value(name)) : undefined);

  // What the rule says: the amount that the patient pays, undefined or null as above, or a sentence that refuses it.
  const due = (rule, share) => {
    const deductible = amountOf("deductible");
    if (rule === "insurer") {
      const [paidOut, own] = [amountOf("paid_out"), value("own_contribution") ? amountOf("own_contribution") : 0];
      if (paidOut === undefined) return undefined;
      if (deductible === undefined) return form.dataset.noDeductible;
      if ([paidOut, deductible, own].includes(null)) return null;
      return paidOut + deductible ? paidOut + deductible + own : form.dataset.notGranted;
    }
    let amount = amountOf("new_due");
    if (rule === "percentage") {
      const percentage = Number(value("percentage"));
      if (!value("percentage")) return undefined;
      if (!Number.isInteger(percentage) || percentage < 1 || percentage > 100) return null;
      amount = share - Math.floor((share * percentage + 50) / 100); // half a cent goes up, as on the server
    }
    if (typeof amount !== "number" || deductible === undefined) return amount;
    return deductible === null ? null : amount < deductible ? form.dataset.waived : amount;
  };

  const workOut = () => {
    const share = cents(form.dataset.share);
    const rule = value("rule");
    for (const part of form.querySelectorAll(".by-rule")) part.hidden = part.dataset.rule !== rule;
    const found = due(rule, share);
    const live = document.getElementById("live");
    const usable = typeof found === "number";
    const refused = usable ? found > share && form.dataset.tooMuch : found;
    live.hidden = found === undefined || found === null;
    live.classList.toggle("wrong", Boolean(refused));
    form.elements.shown_due.value = usable ? (found / 100).toFixed(2) : "";
    for (const line of live.querySelectorAll(".live-line")) line.hidden = !usable;
    document.getElementById("live-problem").textContent = refused || (found === share ? form.dataset.nothing : "");
    if (!usable) return;
    document.getElementById("live-reduction").textContent = found < share ? `\u2212${shown(share - found)}` : shown(0);
    document.getElementById("live-due").textContent = shown(found);
  };

  const choose = (index) => {
    const radio = form.elements.rule[index];
    radio.checked = true;
    workOut();
    form.querySelector(".by-rule:not([hidden]) input").focus();
  };

  // After the cents of an amount the hand goes on to the deductible, if that is empty. A Tab out of habit stays there.
  let movedOn = false;
  const moveOn = ({ target, inputType }) => {
    movedOn = false;
    if (!["paid_out", "new_due"].includes(target.name) || inputType !== "insertText" || value("deductible")) return;
    const typed = cents(target.value);
    if (!/,[0-9]{2}$/.test(target.value) || typed === null || typed > cents(form.dataset.share)) return;
    form.elements.deductible.focus();
    movedOn = true;
  };
  const stay = (event) => {
    if (movedOn && event.key === "Tab" && !event.shiftKey) event.preventDefault();
    if (event.key !== "Shift") movedOn = false;
  };

  // A text of the practice comes into the field, where it can be changed.
  form?.elements.template?.addEventListener("change", ({ target }) => {
    const text = form.querySelector(`template[data-text="${target.value}"]`);
    form.elements.reason.value = text ? text.content.textContent : "";
  });

  if (form) {
    form.addEventListener("input", workOut);
    form.addEventListener("input", moveOn);
    form.addEventListener("keydown", stay);
    document.getElementById("moves-on").hidden = false;
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
  // No letter that opens a menu of a browser on Windows: E F V S B T H in English, B W L G A X H D in Dutch.

  const press = (key, needsReason) => {
    const button = byKey(key);
    if (!button) return false;
    if (needsReason && form && !value("reason") && !form.elements.template?.value) form.elements.reason.focus();
    else button.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const alt = event.altKey && !event.ctrlKey && !event.metaKey;
    let done = false;
    if (event.ctrlKey && event.key === "Enter") done = press("Control+Enter", byKey("Control+Enter")?.value === "correct");
    else if (alt && event.code === "KeyM") done = press("Alt+M", true);
    else if (alt && event.code === "KeyK") done = press("Alt+K", true);
    else if (alt && event.code === "KeyN") done = press("Alt+N", false);
    else if (alt && form && /^Digit[123]$/.test(event.code)) {
      choose(Number(event.code.slice(-1)) - 1);
      done = true;
    }
    if (done) event.preventDefault();
  });
})();
