// What was recorded on this phone and is not with the service yet: kept in order, sent in order.
// Read by the pages of the round and by the worker. An entry is
//   {n, key, person, market, stall, kind: scan | attach | remove, at, state: waiting | refused | told}
// with a photo (scan), a code (attach, remove), a reason (remove), and for an attachment either the
// `scan` that is its evidence or `basis`, the entry of a photo that has to be judged before it.
"use strict";

const queue = (() => {
  const LINE_MS = 90_000;
  const SKEW_MS = 60_000;

  function opened() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open("round", 1);
      asked.onupgradeneeded = () =>
        asked.result.createObjectStore("entries", { keyPath: "n", autoIncrement: true });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  // One transaction; resolves with what `act` returns once everything is on the disk.
  async function within(mode, act) {
    const db = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const step = db.transaction("entries", mode, { durability: "strict" });
        const made = act(step.objectStore("entries"));
        step.oncomplete = () => resolve(made && made.result);
        step.onabort = step.onerror = () => reject(step.error);
      });
    } finally {
      db.close();
    }
  }

  const all = () => within("readonly", (store) => store.getAll());
  const add = (entry) => within("readwrite", (store) => store.add({ ...entry, state: "waiting" }));
  const put = (entry) => within("readwrite", (store) => store.put(entry));
  const drop = (n) => within("readwrite", (store) => store.delete(n));

  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  }

  async function ask(path, options = {}) {
    const ended = new AbortController();
    const timer = setTimeout(() => ended.abort(), LINE_MS);
    try {
      return await fetch(path, { ...options, cache: "no-store", signal: ended.signal });
    } finally {
      clearTimeout(timer);
    }
  }

  // Sends what waits, one after the other. `told` hears of each that got an answer. Resolves with
  // "done", "line" (no way through: later, with the same keys), "out" (nobody is signed in) or
  // "busy" (another window is at it).
  async function send(told = () => {}, patient = false) {
    if (!navigator.locks) return sendAll(told); // a second sender does no harm: same key, same answer
    return navigator.locks.request("round", { ifAvailable: !patient }, (lock) =>
      lock ? sendAll(told) : "busy",
    );
  }

  async function sendAll(told) {
    for (;;) {
      const waiting = (await all()).filter((entry) => entry.state === "waiting");
      if (!waiting.length) return "done";
      try {
        // Asked before each: somebody else may have signed in meanwhile, and nobody's record may
        // go out under another name.
        const me = await ask("/v1/me", { credentials: "same-origin" });
        if (me.status === 401) return "out";
        if (!me.ok) return "line";
        const { id } = await me.json();
        const entry = waiting.find((one) => one.person === id);
        if (!entry) return "done";
        const ahead = Date.now() - Date.parse(me.headers.get("date") ?? "");
        const answer = await sendOne(entry, Math.abs(ahead) > SKEW_MS ? ahead : 0);
        if (answer === null) return "line";
        told(answer);
      } catch (error) {
        if (error instanceof DOMException && error.name !== "AbortError") throw error; // the disk
        return "line";
      }
    }
  }

  async function sendOne(entry, ahead) {
    if (entry.kind === "attach" && entry.says && !["matched", "unreadable"].includes(entry.says)) {
      return refuse(entry, "PHOTO_OTHER");
    }
    if (!entry.sent) {
      // What is sent once under a key is never sent otherwise under it.
      entry.sent = new Date(Date.parse(entry.at) - ahead).toISOString();
      await put(entry);
    }
    const answer = await ask(pathOf(entry), { method: "POST", ...bodyOf(entry) });
    // What is not ours to say (a hot spot's own page, say) is no answer.
    const said = await answer.json();
    if (answer.ok) return settle(entry, entry.kind === "scan" ? said : null);
    const later = answer.status >= 500 || [401, 408, 421, 429].includes(answer.status);
    if (later || !said.code || said.code === "CSRF") return null;
    return refuse(entry, said.code);
  }

  function pathOf(entry) {
    if (entry.kind === "scan") return "/v1/scans";
    const deed = entry.kind === "attach" ? "attachments" : "removals";
    return `/v1/codes/${encodeURIComponent(entry.code)}/${deed}`;
  }

  function bodyOf(entry) {
    const headers = { "Idempotency-Key": entry.key };
    if (entry.kind === "scan") {
      const form = new FormData();
      form.append("market", entry.market);
      form.append("stall", entry.stall);
      form.append("occurred_at", entry.sent);
      form.append("image", entry.photo, "photo.jpg");
      return { headers, body: form };
    }
    const evidence = entry.scan ? { kind: "scan", scan: entry.scan } : { kind: "declared" };
    const more = entry.kind === "attach" ? { evidence } : { reason: entry.reason };
    headers["Content-Type"] = "application/json";
    return { headers, body: JSON.stringify({ occurred_at: entry.sent, ...more }) };
  }

  // It is with the service. What a photo showed is kept until somebody has seen it, unless all is
  // well; attachments that wait for that photo learn of it in the same step.
  async function settle(entry, scan) {
    const done = { ...entry, photo: null, state: "told" };
    if (scan) {
      done.verdict = scan.verdict;
      done.scan = scan.id;
    }
    await within("readwrite", (store) => {
      if (scan && scan.verdict !== "matched") store.put(done);
      else store.delete(entry.n);
      const rest = scan && store.getAll();
      if (rest) {
        rest.onsuccess = () => {
          for (const later of rest.result.filter((one) => one.basis === entry.n)) {
            const seen = scan.seen.find((one) => one.code === later.code && one.verdict === "matched");
            store.put({ ...later, basis: null, says: scan.verdict, scan: seen ? seen.id : null });
          }
        };
      }
    });
    return done;
  }

  async function refuse(entry, problem) {
    const refused = { ...entry, photo: null, state: "refused", problem };
    await put(refused);
    return refused;
  }

  return { add, all, drop, newKey, send };
})();
