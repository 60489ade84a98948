// What the page says of itself in the address, in the part after # alone, which no browser sends to a server: prompt,
// settings, step, and which panel is open. Whatever stands there is text from a stranger: it fills the form, clamped to
// what may be asked, and never starts anything.

const STAGES = ["noise", "numbers", "guess", "touches", "closed"];
const TRIES = ["copied", "drowned", "empty", "fake", "frozen", "meaning", "questions", "tour"]; // experiments, and what else has a link of its own
const TEXTS = /** @type {const} */ (["prompt", "negative_prompt", "then"]);
const NUMBERS = ["seed", "steps", "guidance", "branch_at", "step"];
const CONTROLS = /\p{Cc}|\p{Cs}/gu; // no control characters, no half characters

/**
 * @typedef {{prompt?: string, seed?: string, steps?: string, guidance?: string, scheduler?: string,
 *   negative_prompt?: string, then?: string, branch_at?: string, width?: string, height?: string, step?: number, open?: string, try?: string, strange?: boolean}} Said
 * @typedef {{prompt: number, steps: [number, number], guidance: [number, number], seed: number,
 *   side?: [number, number]}} Limits
 */

/** {prompt, seed, ...} -> "#prompt=a+blue+cat&seed=7"; what is absent or empty is left out. */
export function write(said) {
  const parts = new URLSearchParams();
  for (const name of [...TEXTS, ...NUMBERS, "scheduler", "width", "height", "open", "try"]) {
    const value = said[name];
    if (value !== undefined && value !== null && value !== "") parts.set(name, String(value));
  }
  return String(parts) && "#" + parts;
}

/**
 * What an address says, and nothing that could not be meant: a value that makes no sense is left out, and `strange` says
 * that something was, or was changed.
 * @param {string} hash
 * @param {Limits} limits
 * @param {Record<string, string>} schedulers
 * @returns {Said}
 */
export function read(hash, limits, schedulers) {
  /** @type {Said} */
  const said = {};
  const bare = hash.replace(/^#/, "");
  if (STAGES.includes(bare)) return { open: bare };
  const parts = new URLSearchParams(bare);
  for (const name of TEXTS) {
    const text = [...(parts.get(name) ?? "").replace(CONTROLS, " ")].slice(0, limits.prompt).join("").trim();
    if (text) said[name] = text;
  }
  for (const name of /** @type {const} */ (["width", "height"])) {
    const side = limits.side ? whole(parts.get(name), limits.side) : null;
    if (side !== null) said[name] = side;
  }
  const seed = whole(parts.get("seed"), [0, limits.seed]);
  if (seed !== null) said.seed = seed;
  const steps = whole(parts.get("steps"), limits.steps);
  if (steps !== null) said.steps = steps;
  const branch = said.then === undefined ? null : whole(parts.get("branch_at"), [0, limits.steps[1] - 1]);
  if (branch !== null) said.branch_at = branch;
  const guidance = decimal(parts.get("guidance"), limits.guidance);
  if (guidance !== null) said.guidance = guidance;
  const scheduler = parts.get("scheduler") ?? "";
  if (Object.hasOwn(schedulers, scheduler)) said.scheduler = scheduler;
  const step = whole(parts.get("step"), [0, limits.steps[1]]);
  if (step !== null) said.step = Number(step);
  const open = parts.get("open") ?? "";
  if (STAGES.includes(open)) said.open = open;
  const tried = parts.get("try") ?? "";
  if (TRIES.includes(tried)) said.try = tried;
  if ([...TEXTS, ...NUMBERS, "scheduler", "open", "try"].some((name) => parts.get(name) && !alike(parts.get(name), said[name]))) said.strange = true;
  return said;
}

/** Whether what was taken is what stood there. */
function alike(text, taken) {
  return taken !== undefined && (text.trim() === taken || (text !== "" && Number(text) === Number(taken)));
}

function whole(text, [least, most]) {
  if (text === null || !/^\d{1,12}$/.test(text)) return null;
  return String(Math.max(least, Math.min(most, Number(text))));
}

function decimal(text, [least, most]) {
  if (text === null || !/^\d{1,6}(\.\d{1,6})?$/.test(text)) return null;
  return String(Math.max(least, Math.min(most, Number(text))));
}
