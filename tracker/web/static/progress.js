// Looks at a job again until it has ended, without loading the page anew under somebody's hands.
"use strict";

async function look() {
  const answer = await fetch(location.href).catch(() => null);
  if (answer && answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("progress");
    document.getElementById("progress").replaceWith(fresh);
    if (fresh.dataset.open !== "1") return;
  }
  setTimeout(look, 1000);
}

setTimeout(look, 500);
