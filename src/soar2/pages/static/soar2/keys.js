// Single keys for lists and cards.
//
//   data-keys            on a list (a table of rows) or a card: keys act only while the focus is inside (WCAG 2.1.4)
//                        data-keys="focus": and the current row, or the card, takes the focus when the page opens, or when the first row comes
//   data-row, id         on each row of a list; one row is current: aria-selected, and the only one in the tab order
//   data-open            on the row's link that Enter follows (else its first link)
//   data-key="a"         on a button or link that the key presses, of the current row, else of the list or card
//
// `j` `k` move, `Enter` opens, `?` lists all keys. They can be turned off in that list; the choice is stored.
// A list may be redrawn at any time: the current row stays current, by its id.

const OFF = "keys-off";
const help = document.getElementById("keys-help");
const current = new WeakMap(); // list -> {id, index, held}

function on() {
  try { return localStorage.getItem(OFF) !== "yes"; } catch { return true; }
}

function turn(state) {
  try { localStorage.setItem(OFF, state ? "no" : "yes"); } catch { /* holds until the page is left */ }
}

const rows = (list) => [...list.querySelectorAll("[data-row]")];
const selected = (list) => list.querySelector('[data-row][aria-selected="true"]');

function select(list, row, focus) {
  for (const other of rows(list)) {
    other.setAttribute("aria-selected", String(other === row));
    other.tabIndex = other === row ? 0 : -1;
  }
  if (!row) return;
  current.set(list, { id: row.id, index: rows(list).indexOf(row), held: focus });
  if (focus) {
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  list.dispatchEvent(new CustomEvent("row:current", { bubbles: true, detail: { row } }));
}

function move(list, step) {
  const all = rows(list);
  const next = all[all.indexOf(selected(list)) + step];
  if (next) select(list, next, true);
}

function press(place, key) {
  const name = CSS.escape(key);
  const row = selected(place);
  const target = row?.querySelector(`[data-key="${name}"]`)
    || [...place.querySelectorAll(`[data-key="${name}"]`)].find((found) => !found.closest("[data-row]"));
  if (!target || target.disabled || target.getAttribute("aria-disabled") === "true") return false;
  target.click();
  return true;
}

function follow(place, event) {
  if (event.target.closest("a, button, summary, input, select, textarea")) return false;
  const link = selected(place)?.querySelector("a[data-open], a[href]");
  link?.click();
  return Boolean(link);
}

function act(place, event) {
  if (event.key === "Enter") return follow(place, event);
  if (!on()) return false;
  if (event.key === "j" || event.key === "k") { move(place, event.key === "j" ? 1 : -1); return true; }
  if (event.key === "?") { show(); return true; }
  return event.key.length === 1 && press(place, event.key);
}

function show() {
  if (!help || help.open) return;
  help.querySelector("[data-keys-on]").checked = on();
  help.showModal();
}

const typing = (element) => element.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key !== "j" && event.key !== "k") return;
  const place = event.target.closest?.("[data-keys]");
  if (!place || typing(event.target) || help?.open) return;
  if (act(place, event)) event.preventDefault();
});

// A pointer or the Tab key that enters a row makes it the current one.
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-row]");
  const list = row?.closest("[data-keys]");
  if (list && selected(list) !== row) select(list, row, false);
  if (list && current.has(list)) current.get(list).held = true;
});

document.addEventListener("focusout", (event) => {
  const list = event.target.closest?.("[data-keys]");
  if (list && event.relatedTarget && current.has(list)) current.get(list).held = list.contains(event.relatedTarget);
});

function settle(list) {
  const all = rows(list);
  const was = current.get(list);
  const alone = all.filter((row) => row.getAttribute("aria-selected") === "true" && row.tabIndex === 0);
  if (!all.length || (alone.length === 1 && all.length === list.querySelectorAll("[data-row][aria-selected]").length)) return;
  const row = (was && all.find((one) => one.id && one.id === was.id)) || all[Math.min(was?.index ?? 0, all.length - 1)];
  const lost = document.activeElement === document.body || !document.activeElement;
  const wanted = was ? was.held : list.dataset.keys === "focus"; // the first row of a list that was empty
  select(list, row, Boolean(wanted && lost));
}

for (const list of document.querySelectorAll("[data-keys]")) {
  settle(list);
  if (list.dataset.keys === "focus" && document.activeElement === document.body) (selected(list) || list).focus({ preventScroll: true });
  new MutationObserver(() => settle(list)).observe(list, { childList: true, subtree: true });
}

for (const button of document.querySelectorAll("[data-keys-help]")) {
  button.hidden = false;
  button.addEventListener("click", show);
}
help?.querySelector("[data-keys-on]").addEventListener("change", (event) => turn(event.target.checked));
