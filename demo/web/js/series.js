// Ready-made comparisons: each a question that people ask, and the few runs that answer it.

const LEAPS = [1, 2, 4, 8, 16, 32];
const PUSHES = [1, 3, 7, 15];
const WORDS = 6; // runs, at most, of a prompt built word by word

/**
 * What can be asked of the request in the form, as its fields have it; those that would be one run alone are left out.
 * One thing is changed at a time, so none changes its words on the way. `limits` are the form's, `examples` other prompts, `seeds` four numbers for those who gave none.
 * @param {import("./types.js").Request} values
 * @param {{limits: Record<string, [number, number]>, examples: string[], seeds: number[]}} known
 * @returns {{name: string, question: string, by: string, runs: import("./types.js").Request[]}[]}
 */
export function series(values, { limits, examples, seeds }) {
  const own = { ...values, then: null, branch_at: null, seed: String(values.seed ?? "") || String(seeds[0]) };
  const each = (field, list) => list.map((value) => ({ ...own, [field]: String(value) }));
  const within = (field, list) => list.filter((value) => value >= limits[field][0] && value <= limits[field][1]);
  const others = examples.filter((prompt) => prompt !== own.prompt.trim()).slice(0, 2);
  const found = [
    { name: "Four seeds", question: "What does the static decide?", by: "step", runs: each("seed", [own.seed, ...seeds.slice(1, 4)]) },
    { name: "Same noise, other prompts", question: "What do the words decide?", by: "step", runs: each("prompt", [own.prompt, ...others]) },
    { name: listed(within("steps", LEAPS)) + " steps", question: "Why not in one leap?", by: "noise", runs: each("steps", within("steps", LEAPS)) },
    { name: "20 of 40 beside 20 of 20", question: "Is half a run half as good?", by: "step", runs: each("steps", within("steps", [40, 20])) },
    { name: "Guidance " + listed(within("guidance", PUSHES)), question: "Is pushing harder better?", by: "step", runs: own.guidance === null ? [] : each("guidance", within("guidance", PUSHES)) },
    { name: "Word by word", question: "What does each word bring?", by: "step", runs: each("prompt", grown(own.prompt)) },
  ];
  return found.filter(({ runs }) => runs.length > 1);
}

/** "1, 2 and 4" */
function listed(numbers) {
  return numbers.slice(0, -1).join(", ") + " and " + numbers.at(-1);
}

/** A prompt a few words at a time, the whole of it last. */
export function grown(prompt) {
  const words = prompt.split(/\s+/).filter(Boolean);
  const count = Math.min(WORDS, words.length);
  return Array.from({ length: count }, (_, at) => words.slice(0, Math.ceil(((at + 1) * words.length) / count)).join(" "));
}
