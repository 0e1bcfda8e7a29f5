// Keeps the ladder and the standing of one card up to date; they hold no patient's data, so asking is no opening.
//
// A ladder whose form somebody is filling in stays as it is. Another owner, or a closed notice, changes what may be
// answered: then the page is loaded again, unless an answer is being written.

const ladder = document.querySelector("[data-ladder]");
const standing = document.querySelector("[data-standing]");
const EVERY = 2000, GIVE_UP = 4000;

const writing = () => Boolean(document.querySelector("details[open][name=answers]") || document.activeElement?.matches("input, select, textarea"));

function replace(old, next) {
  if (old.textContent !== next.textContent) old.replaceChildren(...next.childNodes);
}

async function ask() {
  if (!document.hidden && !ladder.contains(document.activeElement)) await once().catch(() => {});
  setTimeout(ask, EVERY);
}

async function once() {
  const answer = await fetch(ladder.dataset.pulse, { signal: AbortSignal.timeout(GIVE_UP), redirect: "manual" });
  if (!answer.ok) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  const next = holder.content.querySelector("[data-ladder]");
  if (next.dataset.state !== ladder.dataset.state) {
    if (!writing()) location.replace("./"); // the card itself: loading the page of a refused answer again would give it again
    return;
  }
  if (ladder.contains(document.activeElement)) return;
  replace(ladder, next);
  replace(standing, holder.content.querySelector("[data-standing]"));
}

if (ladder) setTimeout(ask, EVERY);
