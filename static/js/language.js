// What is filled in goes along to the page in the other language. Without this script only what was sent before does.
(() => {
  const language = document.getElementById("language");
  const filled = document.getElementById("kept");
  if (!language || !filled) return;
  language.addEventListener("submit", () => {
    for (const old of language.querySelectorAll("[name^='kept.']")) old.remove();
    for (const [name, value] of new FormData(filled)) {
      if (typeof value !== "string" || name === "csrfmiddlewaretoken") continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: `kept.${name}`, value });
      language.append(field);
    }
  });
})();
