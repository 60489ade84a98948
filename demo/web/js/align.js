// What two runs have to do with each other: which states belong side by side, and in what their requests differ.

const ASKED = { prompt: "words", negative_prompt: "kept out", seed: "seed", total: "steps", guidance: "guidance", scheduler: "scheduler", model: "model", branch: "way" };

/**
 * The frame of `reel` that belongs beside `frame` of another run; null where there is none yet.
 * `by` is "step", as many steps done (or its last, where it has fewer), or "noise", the share of noise left that comes
 * nearest, sigma / (alpha + sigma), the earlier where two are as near.
 */
export function aligned(reel, frame, by) {
  if (!frame || reel.last < 0) return null;
  if (by === "step") return reel.frames[Math.min(frame.index, reel.last)];
  const gap = (one) => Math.abs(one.noise_left - frame.noise_left);
  return reel.frames.reduce((near, one) => (gap(one) < gap(near) ? one : near));
}

/** In what two requests differ: [{field, name, here, there}], in the order of the form. */
export function differences(here, there) {
  const said = (asked, field) => (field === "branch" && asked.branch ? left(asked.branch) : (asked[field] ?? ""));
  const fields = Object.keys(ASKED).filter((field) => said(here, field) !== said(there, field));
  return fields.map((field) => ({ field, name: ASKED[field], here: said(here, field), there: said(there, field) }));
}

function left({ prompt, at, fresh }) {
  return "left “" + prompt + "” at step " + at + (fresh === null ? "" : " with fresh noise");
}

/** The words of `text`, and whether `other` has each as often: [{word, alike}]. */
export function compared(text, other) {
  const left = new Map();
  for (const word of split(other)) left.set(word.toLowerCase(), (left.get(word.toLowerCase()) ?? 0) + 1);
  return split(text).map((word) => {
    const count = left.get(word.toLowerCase()) ?? 0;
    left.set(word.toLowerCase(), count - 1);
    return { word, alike: count > 0 };
  });
}

function split(text) {
  return text.split(/\s+/).filter(Boolean);
}
