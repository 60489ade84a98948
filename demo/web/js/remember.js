// What the page remembers for its own reload: which run was shown and what stood in the form (this tab alone), and the
// messages of the last few runs (this browser), for when the server keeps them no more; and, by name, a text that a part of
// the page wants to find again (this browser). Nothing leaves the browser.
// Storage may be forbidden or full: then the page forgets, and nothing else changes.

const TAB = "out-of-static:tab";
const BASE = "out-of-static";
const SHELF = "runs";
const KEPT = 8; // runs
const LARGEST = 12e6; // letters of one run

/** What this tab was at, null where it was at nothing. */
export function tab() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(TAB) ?? "null");
    return kept && typeof kept === "object" ? kept : null;
  } catch {
    return null;
  }
}

/** @param {{run?: string | null, begun?: boolean, form?: object, late?: {hash: string, now: string} | null, games?: object[]}} changes */
export function keepTab(changes) {
  try {
    sessionStorage.setItem(TAB, JSON.stringify({ ...tab(), ...changes }));
  } catch {
    // as above
  }
}

/** The text that was kept by this name, null where there is none. */
export function remembered(name) {
  try {
    return localStorage.getItem(BASE + ":" + name);
  } catch {
    return null;
  }
}

/** Keep a text by a name, or forget it (null); whether that could be done. */
export function keep(name, text) {
  try {
    if (text === null) localStorage.removeItem(BASE + ":" + name);
    else localStorage.setItem(BASE + ":" + name, text);
    return true;
  } catch {
    return false;
  }
}

/** Keep a run's messages; the oldest runs go. */
export async function keepRun(run, messages) {
  const text = JSON.stringify(messages);
  if (text.length > LARGEST) return;
  await onShelf("readwrite", (shelf) => {
    shelf.put({ run, text, at: Date.now() });
    const all = shelf.index("at").getAllKeys();
    all.onsuccess = () => all.result.slice(0, Math.max(0, all.result.length - KEPT)).forEach((key) => shelf.delete(key));
  });
}

/** A run's messages, null where they are not kept here. */
export async function keptRun(run) {
  const found = await onShelf("readonly", (shelf) => shelf.get(run));
  try {
    return found ? JSON.parse(found.text) : null;
  } catch {
    return null;
  }
}

/** The runs that are kept here, the newest first: when each was kept, its request and its last picture. */
export async function keptRuns() {
  const found = (await onShelf("readonly", (shelf) => shelf.index("at").getAll())) ?? [];
  return found.reverse().flatMap(({ run, text, at }) => {
    try {
      const messages = JSON.parse(text);
      const picture = messages.findLast(({ kind }) => kind === "frame")?.state;
      return picture ? [{ run, at, asked: messages[0], picture }] : [];
    } catch {
      return []; // what cannot be read cannot be shown
    }
  });
}

/** Forget all of them; whether they are gone. */
export async function forgetRuns() {
  const left = await onShelf("readwrite", (shelf) => (shelf.clear(), shelf.count()));
  return left === 0;
}

/** Do something with the shelf of runs; what it asked for, null where there is no shelf. */
function onShelf(mode, act) {
  return new Promise((resolve) => {
    const none = () => resolve(null);
    try {
      const opening = indexedDB.open(BASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(SHELF, { keyPath: "run" }).createIndex("at", "at");
      opening.onerror = opening.onblocked = none;
      opening.onsuccess = () => {
        const deal = opening.result.transaction(SHELF, mode);
        const asked = act(deal.objectStore(SHELF));
        deal.oncomplete = () => {
          resolve(asked?.result ?? null);
          opening.result.close();
        };
        deal.onerror = deal.onabort = none;
      };
    } catch {
      none();
    }
  });
}
