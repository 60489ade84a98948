// What the tour says at a stop, chosen by what is so in the run: nothing is said before it has happened or was measured.
// Pure: the names are those of content/tour.md, the numbers the run's own.

const NEAR = 0.8; // a layout that much like the end's leaves hardly a mind to change

/** Every stop with what it can say instead of its own text. */
export const WHENS = {
  prompt: ["recorded", "running", "done"],
  numbers: [],
  state: ["waiting", "none"],
  guess: ["far", "near", "whole", "waiting", "none"],
  curves: ["changed", "steady", "late", "leap", "unknown", "none"],
  words: ["waiting", "none"],
  without: ["waiting", "running", "changed", "same", "recorded", "none"],
  machine: [],
};

/**
 * `reel` is on the timeline, `live` is drawn on it now (or null); `taken` is what happens where a word is taken out,
 * {run, word, under, told}, `word` the one that is offered there, `prompt` the one in the form.
 * @typedef {{reel: any, live: any, taken: any, word: string, prompt: string}} Now
 * What to say (`when`, null is the stop's own text) with which `values`; `at` which step it is said, null is wherever the
 * visitor is, Infinity where the run is; what the card offers to do: "run", "take" or nothing.
 * @typedef {{when: string | null, values: Record<string, string>, at: number | null, offer: string | null}} Told
 */

/** @param {string} anchor @param {Now} now @returns {Told} */
export function told(anchor, now) {
  const { when = null, at = null, offer = null, ...values } = SAYS[anchor]?.(now) ?? {};
  const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  return { when, at, offer, values: texts };
}

const SAYS = {
  prompt({ reel, live, prompt }) {
    if (live) return { when: "running", prompt: live.asked.prompt ?? prompt };
    if (reel.last < 0) return { offer: "run" };
    return reel.recorded ? { when: "recorded", offer: "run" } : { when: "done", prompt: reel.asked.prompt };
  },

  state({ reel, live }) {
    return begun(reel, live, 0) ?? { at: 0, seed: reel.asked.seed };
  },

  guess({ reel, live }) {
    const missing = begun(reel, live, 1);
    if (missing) return missing;
    if (reel.total === 1) return { at: 1, when: "whole" };
    if (live === reel && !reel.frames[1].guess) return { when: "waiting", at: Infinity }; // behind a checker's curtain
    const alike = reel.end?.curves?.layout?.[1];
    if (alike === undefined) return { at: 1 };
    return { at: 1, when: alike < NEAR ? "far" : "near", alike: share(alike) };
  },

  curves({ reel, live }) {
    if (live && (live === reel || reel.last < 0)) return { at: Infinity };
    if (reel.last < 0) return { when: "none", offer: "run" };
    const layout = reel.end?.curves?.layout ?? [];
    const { point } = reel.end ?? {};
    if (!reel.end) return { at: Infinity };
    if (!layout.length) return { when: "unknown" };
    if (reel.total === 1) return { when: "leap", at: 1 };
    if (point === null || point >= reel.total) return { when: "late", at: reel.total };
    const lowest = Math.min(...layout.slice(1)); // at 0 there is no guess
    return { when: lowest < NEAR ? "changed" : "steady", at: Math.max(1, point), point: Math.max(1, point), total: reel.total, lowest: share(lowest) };
  },

  words({ reel, live }) {
    const missing = begun(reel, live, 1);
    if (missing) return missing;
    return { at: reel === live ? Infinity : Math.max(1, Math.min(reel.last, Math.round(0.4 * reel.total))) };
  },

  without({ reel, live, taken, word }) {
    if (live) return { when: "waiting", at: Infinity };
    if (reel.last < 1) return { when: "none", offer: "run" };
    if (reel.recorded) return { when: "recorded", offer: "run" };
    if (!reel.end) return { when: "waiting" };
    if (taken?.run === reel.run && taken.under) return { when: "running", at: 1, word: taken.word }; // where the other run is soon, too
    if (taken?.run === reel.run && taken.told) return { ...effect(taken.told), at: reel.last, word: taken.word };
    return word ? { word, offer: "take" } : { when: "none" };
  },
};

/** What is to be said while a step is not there yet: it is on its way, or there is no run. */
function begun(reel, live, step) {
  if (reel.last >= step) return null;
  return live ? { when: "waiting", at: Infinity } : { when: "none", offer: "run" };
}

/** Whether a word that was taken out had any effect, at any step. */
function effect({ final, levels }) {
  const none = !final && !Math.max(...levels);
  return none ? { when: "same" } : { when: "changed", levels: final.toFixed(1) };
}

/** Rounded down, as the sentences of the steps are: 0.899 is not 0.9. */
function share(alike) {
  return (Math.floor(100 * Math.max(0, alike) + 1e-9) / 100).toFixed(2);
}

/** Paragraphs of spans with the values in the places of their names in braces. */
export function filled(paragraphs, values) {
  const put = (text) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  return paragraphs.map((spans) => spans.map((span) => ({ ...span, text: put(span.text) })));
}
