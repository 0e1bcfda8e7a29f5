// The theme a person chose. Loaded before the page is drawn, so that a dark room is never lit by a flash.
// Without scripts the system's preference holds.
(() => {
  const words = { "": "as the system", light: "light", dark: "dark" };
  const after = { "": "dark", dark: "light", light: "" };
  const root = document.documentElement;

  function stored() {
    try { return localStorage.getItem("theme") || ""; } catch { return ""; }
  }

  function keep(theme) {
    try { localStorage.setItem("theme", theme); } catch { /* a private window: holds for this page only */ }
  }

  function wear(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  wear(stored());

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const say = () => { button.querySelector("[data-theme-words]").textContent = words[root.dataset.theme || ""]; };
      button.hidden = false;
      button.addEventListener("click", () => {
        const next = after[root.dataset.theme || ""];
        keep(next);
        wear(next);
        say();
      });
      say();
    }
    for (const menu of document.querySelectorAll("details.menu")) {
      document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
      menu.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !menu.open) return;
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    }
  });
})();
