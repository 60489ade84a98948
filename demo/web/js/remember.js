// What the page remembers for its own reload: which run was shown and what stood in the form (this tab alone), and the
// run's messages (this browser, the last few runs), for when the server keeps them no more. Nothing leaves the browser.
// Storage may be forbidden or full: then the page forgets, and nothing else changes.

const TAB = "out-of-static:tab";
const BASE = "out-of-static";
const SHELF = "runs";
const KEPT = 3; // runs
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

/** @param {{run?: string | null, begun?: boolean, form?: object}} changes */
export function keepTab(changes) {
  try {
    sessionStorage.setItem(TAB, JSON.stringify({ ...tab(), ...changes }));
  } catch {
    // as above
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
