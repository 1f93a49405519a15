// Shows the button where this device itself speaks the language of the page.
if (window.speechSynthesis) {
  const button = document.querySelector("[data-aloud]");
  const language = document.documentElement.lang.slice(0, 2);
  const look = () => {
    button.hidden = !speechSynthesis.getVoices().some((one) => one.localService && one.lang.startsWith(language));
  };
  button.onclick = () => import(button.dataset.aloud);
  speechSynthesis.onvoiceschanged = look;
  look();
}
