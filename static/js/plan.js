// Another first day shows its days and amounts at once. Without this script the button beside the day does it.
// A day that can't be hides them, so that nobody agrees to other days than the field shows.
(() => {
  const day = document.querySelector(".days input[type=date]");
  const news = document.getElementById("plan-news");
  if (!day || !news) return;
  const button = document.querySelector(".days button");
  const choices = () => document.getElementById("choices");
  let latest = 0;

  const hide = () => {
    button.hidden = false; // the page that it loads says what is wrong
    if (choices()) choices().hidden = true;
  };

  button.hidden = Boolean(choices());
  day.addEventListener("input", async () => {
    const mine = ++latest;
    if (!day.value || !day.checkValidity()) return hide();
    const chosen = document.querySelector("#choices input[name=count]:checked")?.id;
    try {
      const answer = await fetch(`?first_on=${encodeURIComponent(day.value)}`, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("choices");
      if (mine !== latest) return;
      if (!answer.ok || !fresh || !choices()) throw new Error("no choice");
      choices().replaceWith(fresh);
      button.hidden = true;
      if (chosen) document.getElementById(chosen).checked = true;
      news.textContent = "";
      setTimeout(() => { news.textContent = news.dataset.news; }, 50);
    } catch {
      if (mine === latest) hide(); // no connection, or the page is closed by now: the ordinary way tells which
    }
  });
})();
