// Buttons that copy what stands in a list, one line each, and that print the page. Without this script they stay hidden.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const list = document.getElementById(button.dataset.copy);
      const lines = [...list.querySelectorAll("li")].map((line) => line.textContent.trim());
      await navigator.clipboard.writeText(lines.join("\n"));
      button.textContent = button.dataset.copied;
    });
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
})();
