// Reads the page aloud, from the press that loaded this until its end or the next press. Only with a voice of this
// device: others send the text to a company elsewhere.
const button = document.querySelector("[data-aloud]");
const speech = window.speechSynthesis;
const language = document.documentElement.lang.slice(0, 2);
const begin = button.textContent;
let reading = null;

const end = () => {
  reading = null;
  button.textContent = begin;
  speech.cancel();
};

// What is seen, stands outside forms, and is in the language of the page: the Dutch beside a translation is not.
const isRead = (part) =>
  part.checkVisibility() &&
  !part.closest("[hidden], [aria-hidden=true], form, .live") &&
  part.closest("[lang]").lang.slice(0, 2) === language &&
  !part.querySelector("p, li, dt, dd, h1, h2, h3");

const press = () => {
  if (reading) return end();
  const voice = speech.getVoices().find((one) => one.localService && one.lang.startsWith(language));
  const parts = [...document.querySelectorAll("main :is(h1, h2, h3, p, li, dt, dd)")].filter(isRead);
  const texts = parts.map((part) => part.innerText.trim()).filter(Boolean);
  if (!voice || !texts.length) return;
  const now = (reading = {});
  button.textContent = button.dataset.stop;
  speech.cancel();
  // What was stopped reports its end later, when something else may be read.
  const isOver = () => now === reading && end();
  const utterances = texts.map((text) => {
    const said = new SpeechSynthesisUtterance(text);
    said.voice = voice;
    said.lang = voice.lang;
    said.onerror = isOver;
    return said;
  });
  utterances.at(-1).onend = isOver;
  utterances.forEach((said) => speech.speak(said));
};

button.onclick = press;
window.addEventListener("pagehide", end);
press();
