// Keeps the demo clock's shown time going between two pages. The server's time is the truth: each page brings it.
(() => {
  // A jump lives through the days on its way, which takes some seconds: the bar says so, and is pressed once.
  document.querySelector(".demo-bar")?.addEventListener("submit", (event) => {
    if (event.target.dataset.busy) return event.preventDefault();
    event.target.dataset.busy = "yes";
    const pace = document.querySelector("[data-demo-clock] + .two");
    setTimeout(() => { if (pace) pace.textContent = "moving, the days between are being lived through"; }, 400);
  });

  const shown = document.querySelector("[data-demo-clock]");
  if (!shown || shown.dataset.running !== "yes") return;

  const rate = Number(shown.dataset.rate);
  const began = Date.parse(shown.dateTime);
  const since = performance.now();
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: shown.dataset.zone, weekday: "short", day: "numeric", month: "short", year: "numeric",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });

  function tick() {
    const now = new Date(began + (performance.now() - since) * rate);
    const part = {};
    for (const { type, value } of parts.formatToParts(now)) part[type] = value;
    const month = part.month.slice(0, 3);
    shown.textContent = `${part.weekday} ${part.day} ${month} ${part.year} ${part.hour}:${part.minute}:${part.second}`;
  }

  tick();
  setInterval(tick, rate > 1 ? 200 : 1000);
})();
