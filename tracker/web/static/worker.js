// Keeps the round and its stalls on the phone for a day, so that they open without signal, and
// sends what waits when the line is back. Before this the service puts `ASSETS`: name → address.
"use strict";

importScripts(ASSETS["queue.js"]);

const PAGES = "round-pages"; // dropped by forget.js too
const FILES = `round-files-${Object.values(ASSETS).join().replace(/[^0-9a-f,]/g, "")}`;
const DAY_MS = 24 * 3600 * 1000;
const FRESH_MS = 10 * 60 * 1000;
const PATIENCE_MS = 6000;
let keeping = Promise.resolve(0); // one after the other
const OURS = /^(\/markets\/[^/]+\/round)(?:\/([^/]+))?$/;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(FILES).then((files) => files.addAll(Object.values(ASSETS))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys().then(async (names) => {
      const older = names.filter((name) => name !== FILES && name !== PAGES);
      if (older.length) older.push(PAGES); // they ask for files that are gone
      await Promise.all(older.map((name) => caches.delete(name)));
      await self.clients.claim();
    }),
  );
});

self.addEventListener("message", (event) => {
  keeping = keeping.then(() => keep(event.data.keep)).catch(() => 0);
  event.waitUntil(keeping.then((kept) => kept && event.source.postMessage({ kept })));
});

self.addEventListener("sync", (event) => event.waitUntil(sendForAll()));

async function sendForAll() {
  let some = false;
  const ended = await queue.send(() => (some = true));
  if (some) for (const open of await self.clients.matchAll()) open.postMessage({ sent: true });
  if (ended === "line") throw new Error("No line yet."); // then the browser tries again
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(file(request));
  else if (request.mode === "navigate" && OURS.test(pathname)) event.respondWith(page(request));
});

async function file(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function page(request) {
  const { pathname } = new URL(request.url);
  const kept = await keptCopy(pathname);
  try {
    const answer = await (kept ? patiently(fetch(request)) : fetch(request));
    // Our pages send nobody elsewhere but to the sign-in.
    if (answer.type === "opaqueredirect") await caches.delete(PAGES);
    return answer.status >= 502 && kept ? kept : answer;
  } catch {
    if (kept) return kept;
    const [, round, stall] = OURS.exec(pathname);
    if (stall && (await keptCopy(round))) return Response.redirect(`${round}?missing=${stall}`);
    return Response.error();
  }
}

function patiently(answer) {
  return Promise.race([
    answer,
    new Promise((_, reject) => setTimeout(() => reject(new Error("too slow")), PATIENCE_MS)),
  ]);
}

async function keptCopy(pathname) {
  const kept = await (await caches.open(PAGES)).match(pathname);
  return kept && age(kept) < DAY_MS ? kept : undefined;
}

const age = (kept) => Date.now() - Number(kept.headers.get("x-kept-at"));

// Fetches the pages anew and drops all others; resolves with the number of stalls, if all is kept.
// The first page is the list, which is never fresh enough.
async function keep(paths) {
  const pages = await caches.open(PAGES);
  for (const { url } of await pages.keys()) {
    if (!paths.includes(new URL(url).pathname)) await pages.delete(url);
  }
  for (const path of paths) {
    const old = await pages.match(path);
    if (old && path !== paths[0] && age(old) < FRESH_MS) continue;
    const answer = await fetch(`${path}?kept=1`, { redirect: "manual" }).catch(() => null);
    if (answer === null) return 0;
    if (answer.type === "opaqueredirect") {
      await caches.delete(PAGES);
      return 0;
    }
    if (!answer.ok) continue;
    const headers = new Headers(answer.headers);
    headers.delete("content-encoding");
    headers.delete("content-length");
    headers.set("x-kept-at", String(Date.now()));
    await pages.put(path, new Response(await answer.blob(), { headers }));
  }
  return paths.length - 1;
}
