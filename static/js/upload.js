// Sends the chosen files one by one and shows how far each one is. Without this script the form sends them together.
(() => {
  const form = document.querySelector("form.send");
  const list = form?.querySelector(".progress");
  if (!form || !list) return;
  const input = form.querySelector("input[type=file]");
  const buttons = form.querySelectorAll("button");
  const live = form.querySelector(".live");
  const words = form.dataset;
  let goTo = ""; // the page of what was sent, when it has one
  const MAX_BYTES = 25 * 1024 * 1024;
  // Larger photos are made smaller here, to spare the sender's data. Ours are no larger than this after the check.
  const LARGE_BYTES = 2 * 1024 * 1024, MAX_SIDE = 3500, QUALITY = 0.88;

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

  // Returns a smaller JPEG of a large photo; the file itself where the browser can't read it or gains nothing.
  const smaller = async (file) => {
    if (file.size <= LARGE_BYTES || !(file.type.startsWith("image/") || /\.hei[cf]$/i.test(file.name))) return file;
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(1, MAX_SIDE / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      const pen = canvas.getContext("2d");
      pen.fillStyle = "white"; // behind what is transparent
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.imageSmoothingQuality = "high";
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
      canvas.width = 0; // a phone has little memory for these
      return made && made.size < file.size ? new File([made], file.name, { type: "image/jpeg" }) : file;
    } catch {
      return file;
    }
  };

  const send = async (chosen, isLast) => {
    const shown = row(chosen);
    live.textContent = chosen.size > LARGE_BYTES && chosen.type.startsWith("image/") ? words.smaller : words.busy;
    const file = await smaller(chosen);
    live.textContent = words.busy;
    return post(file, isLast, shown);
  };

  const post = (file, isLast, shown) => new Promise((done) => {
    if (file.size > MAX_BYTES) return done(fail(shown, words.tooLarge));
    const body = new FormData();
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.append("files", file);
    if (isLast) {
      body.append("last", "1"); // the next page says that all has come
      for (const box of form.querySelectorAll("input[name=again]:checked")) body.append("again", box.value);
    }
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) shown.bar.value = event.loaded / event.total;
    });
    request.upload.addEventListener("load", () => {
      if (!words.reading) return;
      shown.bar.removeAttribute("value"); // how long the server reads is not known
      live.textContent = words.reading;
    });
    request.addEventListener("load", () => {
      if (request.status === 200 && request.response?.sent) {
        shown.bar.replaceWith(said("done", request.response.said || words.sent));
        goTo = request.response.go || goTo;
        done(true);
      } else done(fail(shown, request.status === 413 ? words.tooLarge : request.response?.error || words.lost));
    });
    request.addEventListener("error", () => done(fail(shown, words.lost)));
    request.send(body);
  });

  form.addEventListener("submit", async (event) => {
    const files = [...input.files];
    if (!files.length) return;
    event.preventDefault();
    const then = event.submitter?.dataset.then || form.action; // "Next" leads on, other buttons to this page again
    list.replaceChildren();
    for (const button of buttons) button.disabled = true;
    live.classList.remove("unseen");
    live.textContent = words.busy;
    let failed = 0;
    for (const [i, file] of files.entries()) failed += (await send(file, !failed && i === files.length - 1)) ? 0 : 1;
    for (const button of buttons) button.disabled = false;
    if (failed) {
      live.classList.add("unseen"); // each sentence stands beside its file already
      live.textContent = [...list.querySelectorAll(".failed")].map((line) => line.textContent).join(" ");
      input.value = "";
      input.focus();
    } else {
      live.textContent = words.sent;
      location.assign(goTo || then);
    }
  });
})();
