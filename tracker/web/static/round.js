// The round on a phone: what is recorded is saved first and sent then, signal or not.
"use strict";

const KEEP_MAX = 40;
const AGAIN_MS = 60_000;
const SAID = { attach: "code_attached", remove: "code_removed", all: "round_sent" };

const phone = document.getElementById("phone");
const { person, market } = phone.dataset;
const round = `/markets/${market}/round`;
const here = new URL(location.href);
const kept = document.getElementById("kept");
const words = Object.fromEntries(
  Array.from(document.getElementById("words").content.querySelectorAll("i"), (one) => [
    one.dataset.key,
    one.textContent,
  ]),
);
let busy = false;
let sentSome = false;

// ── recording ────────────────────────────────────────────────────────────────────────────────

for (const form of document.querySelectorAll("form[data-queue]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (busy) return; // tapped twice
    busy = true;
    form.setAttribute("aria-busy", "true");
    record(form);
  });
  const camera = form.querySelector("input[type=file]");
  if (camera) {
    form.classList.add("at-once");
    camera.addEventListener("change", () => camera.files.length && form.requestSubmit());
  }
}

async function record(form) {
  const given = new FormData(form);
  const { queue: kind, stall } = form.dataset;
  const entry = { key: queue.newKey(), person, market, stall, kind, at: new Date().toISOString() };
  if (kind === "scan") {
    entry.photo = await smaller(given.get("image"));
  } else {
    entry.code = given.get("code");
    entry.reason = given.get("reason");
    entry.scan = given.get("evidence.scan");
    if (kind === "attach" && !entry.scan) entry.basis = await lastPhoto(stall);
  }
  let n;
  try {
    n = await queue.add(entry);
  } catch {
    form.submit(); // a phone that keeps nothing sends it as it would without scripts
    return;
  }
  navigator.storage?.persist?.();
  const saved = showSaved();
  saved.textContent = words["round.sending"];
  let mine;
  const ended = await queue.send((answer) => {
    if (answer.n === n) mine = answer;
  }, true);
  if (mine && kind === "scan" && mine.state === "told") {
    await queue.drop(n);
    location.assign(`${pagePath(stall)}/scans/${mine.scan}`);
  } else if (ended === "done") {
    const said = mine?.state === "told" && SAID[kind] ? `&said=${SAID[kind]}` : "";
    location.assign(`${round}?after=${encodeURIComponent(stall)}${said}`);
  } else {
    saved.textContent = words[kind === "scan" ? "round.saved_scan" : "round.saved"];
    later();
    await draw(ended);
  }
}

// A camera's picture of several MB as one of some hundred KB, without the place it was taken at.
async function smaller(file) {
  try {
    const picture = await createImageBitmap(file);
    const factor = Math.min(1, 1920 / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * factor);
    canvas.height = Math.round(picture.height * factor);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const made = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
    return made ?? file;
  } catch {
    return file; // the service says what is wrong with it
  }
}

async function lastPhoto(stall) {
  const mine = (await queue.all()).filter((one) => one.person === person && one.stall === stall);
  const last = mine.filter((one) => one.kind === "scan" && one.state === "waiting").pop();
  return last && last.market === market ? last.n : null;
}

function showSaved() {
  const stall = document.getElementById("stall");
  const page = document.getElementById("saved").content.cloneNode(true);
  const says = page.querySelector("[data-says]");
  stall.replaceChildren(page, phone);
  stall.firstElementChild.focus();
  return says;
}

function later() {
  navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("round")).catch(() => {});
}

// ── what is on the phone ─────────────────────────────────────────────────────────────────────

async function draw(ended) {
  const entries = await queue.all();
  const mine = entries.filter((one) => one.person === person);
  const others = entries.length - mine.length;
  const waits = mine.some((one) => one.state === "waiting");
  const list = document.getElementById("phone-list");
  list.replaceChildren(...mine.map(line));
  if (others) list.append(item(`${words["round.others"]} ${others}`));
  const says = document.getElementById("phone-says");
  says.replaceChildren(spoken(ended, waits));
  if (ended === "out") says.append(" ", link(`/sign-in?next=${encodeURIComponent(round)}`, "round.sign_in"));
  phone.hidden = !entries.length && !says.textContent;
  putBack(new Set(mine.filter((one) => one.market === market).map((one) => one.stall)));
}

function spoken(ended, waits) {
  const missing = here.searchParams.get("missing");
  if (missing) return `${words["round.missing"]} ${missing}`;
  if (ended === "out") return words["round.signed_out"];
  if (waits) return words[ended === "line" ? "round.no_line" : "round.sending"];
  return sentSome ? words["round.sent"] : "";
}

function line(entry) {
  const made = item("");
  const text = made.firstElementChild;
  text.append(strong(entry.stall), ` · ${words[`round.kind_${entry.kind}`]} · ${clock(entry.at)} · `);
  if (entry.state === "waiting") {
    text.append(words["round.waiting"]);
    return made;
  }
  const found = entry.state === "told";
  const why = found ? words[`verdict.${entry.verdict}`] : problem(entry);
  text.append(strong(`${words[found ? "round.photo_says" : "round.refused"]} ${why}`));
  if (found) made.append(link(`${pagePath(entry.stall, entry.market)}/scans/${entry.scan}`, "round.see"));
  const button = document.createElement("button");
  button.textContent = words["round.got_it"];
  button.addEventListener("click", () => queue.drop(entry.n).then(() => draw()));
  made.append(button);
  made.className = found ? "found" : "refused";
  return made;
}

function problem(entry) {
  if (entry.problem === "PHOTO_OTHER") return words["round.photo_other"];
  return words[entry.problem] ?? `${words["round.refused_other"]} (${entry.problem})`;
}

// Stalls that are done on this phone, and those that were put off, go to the end of the list.
function putBack(done) {
  const list = document.getElementById("visits");
  if (!list) return;
  const rows = Array.from(list.children);
  const after = rows.findIndex((row) => row.dataset.stall === here.searchParams.get("after"));
  const turned = [...rows.slice(after + 1), ...rows.slice(0, after + 1)];
  const isDone = (row) => done.has(row.dataset.stall);
  list.append(...turned.filter((row) => !isDone(row)), ...turned.filter(isDone));
  for (const row of rows) row.classList.toggle("done", isDone(row));
  here.searchParams.delete("after"); // turned once
}

const pagePath = (stall, at = market) =>
  `/markets/${at}/round/${encodeURIComponent(stall.replace(/%/g, "%25").replace(/\//g, "%2F"))}`;

function clock(at) {
  const said = (when, parts) =>
    when.toLocaleString(document.documentElement.lang, { timeZone: "Asia/Ho_Chi_Minh", ...parts });
  const date = { day: "2-digit", month: "2-digit" };
  const [then, now] = [new Date(at), new Date()];
  const time = said(then, { hour: "2-digit", minute: "2-digit", hour12: false });
  return said(then, date) === said(now, date) ? time : `${said(then, date)} ${time}`;
}

function item(text) {
  const made = document.createElement("li");
  made.append(document.createElement("span"));
  made.firstElementChild.textContent = text;
  return made;
}

function strong(text) {
  const made = document.createElement("b");
  made.textContent = text;
  return made;
}

function link(path, word) {
  const made = document.createElement("a");
  made.href = path;
  made.textContent = words[word];
  return made;
}

// ── sending, and keeping pages ───────────────────────────────────────────────────────────────

async function sendAndDraw(event) {
  const ended = await queue.send((answer) => {
    sentSome ||= answer.state === "told";
  });
  const back = sentSome || event?.type === "online";
  if (ended === "done" && back && kept && document.getElementById("visits")) {
    location.replace(sentSome ? `${round}?said=${SAID.all}` : round); // the list as it is now
  }
  await draw(ended);
  if (ended === "line") later();
}

// The worker has kept so many pages, or has sent something.
function heard({ data }) {
  const ready = document.getElementById("ready");
  if (data.kept && ready) {
    ready.textContent = words["round.ready"].replace("{count}", data.kept);
    ready.hidden = false;
  }
  if (!data.sent) return;
  sentSome = true;
  sendAndDraw();
}

function keepPages() {
  const rows = Array.from(document.querySelectorAll("#visits a.go"), (one) => one.pathname);
  if (!rows.length || kept) return;
  // Not by `controller`: a page that was opened while the worker began has none until its next load.
  navigator.serviceWorker.ready.then(({ active }) =>
    active.postMessage({ keep: [round, ...rows.slice(0, KEEP_MAX)] }),
  );
}

if (navigator.serviceWorker) {
  navigator.serviceWorker.addEventListener("controllerchange", keepPages);
  navigator.serviceWorker.addEventListener("message", heard);
  navigator.serviceWorker.register("/worker.js", { scope: "/markets/" }).catch(() => {});
  keepPages();
}
window.addEventListener("online", sendAndDraw);
setInterval(() => document.hidden || sendAndDraw(), AGAIN_MS);
draw().then(sendAndDraw);
