// The worklist that keeps itself up to date.
//
// Once a second, while the page is visible, it asks whether anything has changed; the answer is "no" (204) or the
// list as HTML. Rows that stay where they are change in place. Rows that would move under a pointer or a key that
// is in use wait behind a bar: "2 new, press ." A list that cannot be updated says so.

const root = document.getElementById("worklist");
const pane = document.getElementById("worklist-pane");
const said = document.getElementById("worklist-said");
const trouble = document.getElementById("worklist-trouble");
const EVERY = 1000, IN_USE = 15000, GIVE_UP = 4000, MISSES = 3;
const wide = matchMedia("(min-width: 70.01em)");

let pending = null, misses = 0, timer = 0, asking = false, pointed = -Infinity, typed = -Infinity, shown = "";

const rows = (place) => [...place.querySelectorAll("[data-row]")];
const ids = (place) => rows(place).map((row) => row.id);
const say = (words) => { said.textContent = words; };

function parse(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content;
}

// ---- asking

async function ask() {
  clearTimeout(timer);
  if (!asking && !document.hidden) {
    asking = true;
    try { await once(); misses = 0; complain(""); }
    catch (fault) { misses += 1; if (fault.words || misses >= MISSES) complain(fault.words || "This list is not being updated. Nothing is lost; load the page again."); }
    asking = false;
  }
  if (pending && !inUse()) apply();
  timer = setTimeout(ask, EVERY);
}

async function once() {
  const address = `${root.dataset.pulse}?v=${root.dataset.version}&show=${encodeURIComponent(root.dataset.show)}`;
  const answer = await fetch(address, { signal: AbortSignal.timeout(GIVE_UP), redirect: "manual" });
  if (answer.type === "opaqueredirect") throw Object.assign(new Error(), { words: "You have been signed out. Load the page again." });
  if (answer.status === 204) return;
  if (!answer.ok) throw new Error(answer.status);
  receive(parse(await answer.text()));
}

function complain(words) {
  trouble.hidden = !words;
  trouble.textContent = words;
}

// ---- taking in what came

function receive(fresh) {
  const now = ids(root), next = ids(fresh);
  const arrived = next.filter((id) => !now.includes(id));
  root.dataset.version = fresh.querySelector("[data-version]").dataset.version;
  const feed = fresh.querySelector("[data-feed]"), header = document.getElementById("feed-state");
  if (feed && header) header.replaceChildren(...feed.cloneNode(true).childNodes);
  if (!arrived.length && same(now, next) && same(headings(root), headings(fresh))) {
    inPlace(fresh);
    pending = null;
    bar();
    return;
  }
  const before = pending ? pending.arrived : [];
  pending = { fresh, arrived };
  const news = arrived.filter((id) => !before.includes(id));
  if (news.length) say(announcement(fresh, news));
  if (!inUse() || onlyAppends(now, next)) apply();
  else { inPlace(fresh); bar(); }
}

const same = (a, b) => a.length === b.length && a.every((one, i) => one === b[i]);
const headings = (place) => [...place.querySelectorAll("tr.group")].map((row) => row.dataset.group);
const onlyAppends = (now, next) => same(now, next.slice(0, now.length));

function announcement(fresh, news) {
  const words = news.map((id) => fresh.getElementById(id)?.dataset.say).filter(Boolean);
  return `${news.length} new: ${words.slice(0, 3).join("; ")}`;
}

// Pointer or key in use within the list: then nothing in it may move. The focus alone holds nothing up.
function inUse() {
  const lately = (moment) => performance.now() - moment < IN_USE;
  return lately(pointed) && root.matches(":hover") || lately(typed) && root.contains(document.activeElement);
}

for (const kind of ["pointermove", "pointerdown"]) root.addEventListener(kind, () => { pointed = performance.now(); }, { passive: true });
root.addEventListener("keydown", () => { typed = performance.now(); }, { passive: true });

function inPlace(fresh) {
  for (const row of rows(root)) {
    const next = fresh.getElementById(row.id);
    row.classList.toggle("gone", !next);
    if (next) update(row, next);
  }
  for (const part of [".counts", ".empty", ".quiet td", "[data-summary]"]) {
    const old = root.querySelector(part), next = fresh.querySelector(part);
    if (old && next && !old.contains(document.activeElement)) swap(old, next);
  }
}

function update(row, next) {
  row.dataset.changed = next.dataset.changed;
  const held = row.contains(document.activeElement) && document.activeElement !== row;
  [...row.cells].forEach((cell, i) => {
    if (!row.querySelector(".refused")) swap(cell, next.cells[i]);
  });
  if (held && !row.contains(document.activeElement)) row.focus({ preventScroll: true });
  if (row.getAttribute("aria-selected") === "true") look(row);
}

// Two renderings of one cell differ in their CSRF token at least; they are compared by what a person sees.
function swap(old, next) {
  if (next && old.textContent !== next.textContent) old.replaceChildren(...next.cloneNode(true).childNodes);
  else if (next) refreshPictures(old, next);
}

function refreshPictures(old, next) {
  const pictures = next.querySelectorAll("svg");
  old.querySelectorAll("svg").forEach((svg, i) => {
    if (pictures[i] && svg.innerHTML !== pictures[i].innerHTML) svg.replaceWith(pictures[i].cloneNode(true));
  });
}

function apply() {
  if (!pending) return;
  const { fresh, arrived } = pending;
  pending = null;
  const list = fresh.cloneNode(true);
  for (const id of arrived) list.getElementById(id)?.classList.add("arrived");
  root.replaceChildren(list);
  bar();
}

function bar() {
  const place = root.querySelector(".waiting");
  if (!place) return;
  place.hidden = !pending;
  if (!pending) return;
  const n = pending.arrived.length;
  place.querySelector("[data-words]").textContent = n ? `${n} new` : "The order has changed";
}

root.addEventListener("click", (event) => {
  if (!event.target.closest("[data-apply]")) return;
  pointed = typed = -Infinity;
  apply();
});

// ---- the pane beside the list

document.addEventListener("row:current", (event) => look(event.detail.row));
wide.addEventListener("change", () => { const row = root.querySelector('[aria-selected="true"]'); if (row) look(row); });

let looking = 0;

function look(row) {
  const wanted = `${row.id} ${row.dataset.changed}`;
  if (!wide.matches || wanted === shown) return;
  clearTimeout(looking);
  looking = setTimeout(() => show(row, wanted), shown ? 180 : 0);
}

async function show(row, wanted) {
  shown = wanted;
  pane.hidden = !row.dataset.pane;
  if (!row.dataset.pane) return;
  try {
    const answer = await fetch(row.dataset.pane, { signal: AbortSignal.timeout(GIVE_UP) });
    if (!answer.ok) throw new Error(answer.status);
    const html = await answer.text();
    if (shown === wanted && !pane.contains(document.activeElement)) pane.replaceChildren(parse(html));
  } catch { shown = ""; }
}

// ---- owning without leaving the list

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-own]");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  form.querySelector(".refused")?.remove();
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Soar2-Fetch": "yes" }, redirect: "manual" });
    const words = await answer.text();
    if (answer.ok) say(words);
    else if (answer.status === 409 || answer.status === 403) refuse(form, words);
    else refuse(form, "Not taken. Load the page again, and telephone if it cannot wait.");
  } catch { refuse(form, "Not taken: the server did not answer. Telephone if it cannot wait."); }
  delete form.dataset.busy;
  if (pane.contains(form)) { document.activeElement?.blur(); shown = ""; }
  ask();
});

function refuse(form, words) {
  const sentence = document.createElement("p");
  sentence.className = "refused";
  sentence.setAttribute("role", "alert");
  sentence.textContent = words;
  form.append(sentence);
}

// ---- begin

document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
const first = root.querySelector('[data-row][aria-selected="true"]') || rows(root)[0];
if (first) look(first);
timer = setTimeout(ask, EVERY);
