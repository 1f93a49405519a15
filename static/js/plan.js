// Another first day shows its days and amounts at once. Without this script the button beside the day does it.
(() => {
  const days = document.querySelector("form.days");
  const day = days?.querySelector("input[type=date]");
  const news = document.getElementById("plan-news");
  if (!day || !news) return;
  const button = days.querySelector("button");
  button.hidden = true;
  let latest = 0;

  day.addEventListener("change", async () => {
    if (!day.value || !day.checkValidity()) {
      button.hidden = false; // the page that it loads says what is wrong
      return;
    }
    const mine = ++latest;
    const chosen = document.querySelector("form.choice input[name=count]:checked")?.id;
    try {
      const answer = await fetch(`?first_on=${encodeURIComponent(day.value)}`, { credentials: "same-origin" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("form.choice");
      if (mine !== latest) return;
      if (!answer.ok || !fresh) throw new Error("no choice");
      document.querySelector("form.choice").replaceWith(fresh);
      if (chosen) document.getElementById(chosen).checked = true;
      news.textContent = "";
      setTimeout(() => { news.textContent = news.dataset.news; }, 50);
    } catch {
      button.hidden = false; // no connection, or the page is closed by now: the ordinary way tells which
    }
  });
})();
