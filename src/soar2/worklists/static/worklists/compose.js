// The composer: reads the form at each pause and shows what it says, without the keyboard ever leaving it.
//
// Tab goes through the cells of a row and on to the next; Enter goes to the next row; the last row brings another.
// "." in a cell takes over what the report before said there. Ctrl Enter files, F9 copies the text.

const form = document.getElementById("composer");
const place = document.getElementById("composed");
const table = form.querySelector(".lev");
const PAUSE = 150;
let timer = 0, asked = 0;

const rows = () => [...table.tBodies];
const cells = (row) => [...row.querySelectorAll("input[data-key]")];
const empty = (row) => cells(row).every((cell) => !cell.value.trim() || cell.defaultValue === cell.value && cell.dataset.normal !== undefined);

// What stands in a new row before anything is typed: the usual findings.
const normals = Object.fromEntries(cells(rows().at(-1)).map((cell) => [cell.dataset.key, cell.value]));
for (const cell of cells(rows().at(-1))) if (cell.value) cell.dataset.normal = "";

function another() {
  const last = rows().at(-1), row = last.cloneNode(true), number = Number(last.dataset.row) + 1;
  row.dataset.row = number;
  for (const cell of cells(row)) {
    cell.name = `r${number}.${cell.dataset.key}`;
    cell.value = cell.defaultValue = normals[cell.dataset.key] || "";
    if (cell.value) cell.dataset.normal = "";
    cell.removeAttribute("aria-invalid");
    open(cell, false);
  }
  row.querySelector(".was").hidden = true;
  table.append(row);
  return row;
}

function open(cell, closed) {
  cell.readOnly = closed;
  cell.tabIndex = closed ? -1 : 0;
  cell.placeholder = closed ? "no cord here" : "";
}

// Below the conus there is no cord whose signal could be told. That cell must be passed over by the very next Tab,
// so it is decided here, by the rule the server has (soar2.criteria.anatomy.scale), and the server has the last word.
const FIRST = { c: 0, t: 7, th: 7, d: 7, l: 20, s: 26 };
const MOST = { c: 7, t: 13, th: 13, d: 13, l: 6, s: 5 };

function rank(words) {
  const found = /^(c|th?|d|l|s)[\s-]?(\d{1,2})$/i.exec(words.trim());
  const region = found?.[1].toLowerCase(), number = Number(found?.[2]);
  return found && number >= 1 && number <= MOST[region] ? FIRST[region] + number : 0;
}

function cordOrNot(level) {
  const place = rank(level.value), conus = rank(form.elements.conus.value) || rank("L1");
  const signal = level.closest("tbody").querySelector('[data-key="cord_signal"]');
  const below = place > conus;
  if (signal.readOnly === below || !place) return;
  open(signal, below);
  signal.value = below ? "" : normals.cord_signal || "";
}

// ---- asking what it says

function soon() {
  asked += 1; // an answer under way is about what stood there before this key
  clearTimeout(timer);
  timer = setTimeout(ask, PAUSE);
}

async function ask() {
  clearTimeout(timer);
  timer = 0;
  const mine = ++asked;
  try {
    const answer = await fetch(form.dataset.composed, { method: "POST", body: new FormData(form), redirect: "manual", headers: { "X-Soar2-Fetch": "1" } });
    if (mine !== asked) return;
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.text());
  } catch {
    place.dataset.old = "";
    say("This is not being read at the moment. What you typed stays here; you can sign in dictation at any time.");
  }
}

function say(words) {
  let note = document.getElementById("composer-trouble");
  if (!note) {
    note = Object.assign(document.createElement("p"), { id: "composer-trouble", className: "note fault" });
    note.setAttribute("role", "alert");
    place.before(note);
  }
  note.textContent = words;
  note.hidden = !words;
}

function show(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  for (const one of holder.content.querySelectorAll("[data-cell]")) apply(one);
  document.getElementById("counting").replaceChildren(holder.content.querySelector("[data-counting]").content);
  const text = holder.content.querySelector("[data-made]").content.getElementById("composed-text").textContent;
  document.getElementById("composed-text").textContent = text;
  place.replaceChildren(holder.content);
  delete place.dataset.old;
  if (document.getElementById("composer-trouble")) say("");
}

// What a cell means is written into it once the cursor has left it; its fault, what was, and its choices at once.
function apply(said) {
  const cell = form.elements[said.dataset.cell];
  if (!cell) return;
  if (document.activeElement !== cell) {
    if (cell.value.trim() && !said.dataset.fault && cell.value !== said.dataset.text) cell.value = said.dataset.text;
    cell.toggleAttribute("aria-invalid", false);
    if (said.dataset.fault) cell.setAttribute("aria-invalid", "true");
  }
  if (said.dataset.choices) cell.setAttribute("list", `c-${said.dataset.choices}`);
  open(cell, "closed" in said.dataset);
  if ("closed" in said.dataset) cell.value = "";
  const was = cell.closest("tbody").querySelector(".was");
  was.cells[cell.closest("td").cellIndex].textContent = said.dataset.key === "level" ? "" : said.dataset.was;
  was.hidden = ![...was.cells].some((one) => one.textContent.trim());
}

// ---- keys

form.addEventListener("input", (event) => {
  if (event.target.dataset.key) delete event.target.dataset.normal;
  if (event.target.dataset.key === "level") cordOrNot(event.target);
  soon();
});
form.addEventListener("change", soon);

table.addEventListener("focusin", (event) => {
  const row = event.target.closest("tbody");
  if (row === rows().at(-1) && !empty(row)) another();
  if (event.target.dataset.key) event.target.select();
});
table.addEventListener("focusout", () => { if (timer) soon(); else ask(); });

form.addEventListener("keydown", (event) => {
  if (event.key === "F9") { event.preventDefault(); copy(); return; }
  if (event.key !== "Enter") return;
  if (event.ctrlKey || event.metaKey) { event.preventDefault(); file(); return; }
  if (!event.target.dataset.key) return;
  event.preventDefault();
  const row = event.target.closest("tbody");
  const next = row.nextElementSibling || another();
  cells(next)[0].focus();
});

async function file() {
  document.activeElement?.blur();
  await ask();
  place.querySelector('[data-press="file"]')?.click();
}

place.addEventListener("click", (event) => { if (event.target.closest("[data-copy]")) copy(); });

async function copy() {
  await ask();
  const text = document.getElementById("composed-text"), button = place.querySelector("[data-copy]");
  try { await navigator.clipboard.writeText(text.textContent); }
  catch {
    getSelection().selectAllChildren(text);
    document.execCommand("copy");
  }
  if (button) button.textContent = "Copied";
}

cells(rows().at(-1))[0].focus();
