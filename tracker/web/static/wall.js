// Turns the wall to its next page in place: a lost line leaves the last figures standing, and says so.
"use strict";

async function turn() {
  const all = document.querySelector(".wall-all");
  try {
    const answer = await fetch(all.dataset.next);
    if (answer.redirected && new URL(answer.url).pathname !== "/wall") {
      location.assign(answer.url);
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    all.replaceWith(page.querySelector(".wall-all"));
  } catch {
    all.querySelector(".stale").hidden = false;
  }
  plan();
}

function plan() {
  setTimeout(turn, 1000 * Number(document.querySelector(".wall-all").dataset.seconds));
}

plan();
