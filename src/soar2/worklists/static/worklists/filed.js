// After filing: the page follows the report until it is read, and then until somebody has acted on it.

const EVERY = 2000;

async function follow() {
  try {
    const answer = await fetch(location.href, { redirect: "manual", headers: { "X-Soar2-Fetch": "1" } });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("filed");
      const shown = document.getElementById("filed");
      if (fresh && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(document.adoptNode(fresh));
    }
  } catch { /* the next turn asks again */ }
  setTimeout(follow, EVERY);
}

setTimeout(follow, EVERY / 4);
