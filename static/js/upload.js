// Sends the chosen files one by one and shows how far each one is. Without this script the form sends them together.
(() => {
  const form = document.querySelector("form.send");
  const list = form?.querySelector(".progress");
  if (!form || !list) return;
  const input = form.querySelector("input[type=file]");
  const button = form.querySelector("button");
  const live = form.querySelector(".live");
  const words = form.dataset;
  const MAX_BYTES = 10 * 1024 * 1024;

  const row = (file) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    const bar = document.createElement("progress");
    name.textContent = file.name;
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    item.append(name, bar);
    list.append(item);
    return { item, bar };
  };

  const said = (kind, sentence) => {
    const line = document.createElement("p");
    line.className = kind;
    line.textContent = sentence;
    return line;
  };

  const fail = ({ item, bar }, sentence) => {
    bar.replaceWith(said("failed", sentence));
    item.scrollIntoView({ block: "nearest" });
    return false;
  };

  const send = (file, isLast) => new Promise((done) => {
    const shown = row(file);
    if (file.size > MAX_BYTES) return done(fail(shown, words.tooLarge));
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.append("files", file);
    if (isLast) body.append("last", "1"); // the next page says that all has come
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) shown.bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => {
      if (request.status === 200 && request.response?.sent) {
        shown.bar.replaceWith(said("done", words.sent));
        done(true);
      } else done(fail(shown, request.response?.error || words.lost));
    });
    request.addEventListener("error", () => done(fail(shown, words.lost)));
    request.send(body);
  });

  form.addEventListener("submit", async (event) => {
    const files = [...input.files];
    if (!files.length) return;
    event.preventDefault();
    list.replaceChildren();
    button.disabled = true;
    live.classList.remove("unseen");
    live.textContent = words.busy;
    let failed = 0;
    for (const [i, file] of files.entries()) failed += (await send(file, !failed && i === files.length - 1)) ? 0 : 1;
    button.disabled = false;
    if (failed) {
      live.classList.add("unseen"); // each sentence stands beside its file already
      live.textContent = [...list.querySelectorAll(".failed")].map((line) => line.textContent).join(" ");
      input.value = "";
      input.focus();
    } else {
      live.textContent = words.sent;
      location.assign(form.action);
    }
  });
})();
