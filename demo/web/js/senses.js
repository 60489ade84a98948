// Whether pictures have the sense of what was asked: counted, and what the count says of the claim that only the words
// matter. A mark is "own" (as asked), "other" (what the other prompt asks) or "neither"; pure functions of the marks.

const RARE = 0.05; // what chance alone does less often than this is not put down to it
const FEW = 5; // pictures that show one of the two senses; fewer than these can tell nothing

/** What the judge found, `fits` for each sense of the trial, as the mark of a picture of prompt number `which`. */
export function mark(fits, which) {
  const own = fits.length === 1 ? 0 : which;
  if (fits[own]) return "own";
  return fits[1 - own] ? "other" : "neither";
}

/** The mark behind this one, where a visitor goes through those that a trial has. */
export function next(now, senses) {
  const marks = senses === 1 ? ["own", "neither"] : ["own", "other", "neither"];
  return marks[(marks.indexOf(now) + 1) % marks.length];
}

/**
 * How often what was asked was shown, by prompt, and how often the other; `wins` and `losses` are what speaks for and
 * against a difference: pictures that have the one sense or the other, or, where both prompts are judged by one sense,
 * seeds from which only the first, or only the second, has it.
 * @param {string[][]} marks of both prompts, seed by seed
 */
export function count(marks, senses) {
  const many = (list, wanted) => list.filter((one) => one === wanted).length;
  const own = marks.map((list) => many(list, "own"));
  const other = marks.map((list) => many(list, "other"));
  if (senses === 2) return { own, other, wins: own[0] + own[1], losses: other[0] + other[1] };
  const only = (one, two) => marks[one].filter((got, at) => got === "own" && marks[two][at] !== "own").length;
  return { own, other, wins: only(0, 1), losses: only(1, 0) };
}

/** How often a coin would show as many wins or more (sign test, one-sided). */
export function byChance(wins, losses) {
  const all = wins + losses;
  let ways = 1; // to choose k of all
  let sum = 0;
  for (let k = 0; k <= all; k++) {
    if (k >= wins) sum += ways;
    ways = (ways * (all - k)) / (k + 1);
  }
  return sum / 2 ** all;
}

/** The score in one line. */
export function score(marks, senses) {
  const { own, other } = count(marks, senses);
  const [first, second] = marks.map((list) => list.length);
  if (senses === 1) return "The sense was there in " + own[0] + " of " + first + " in order, and in " + own[1] + " of " + second + " shuffled.";
  return "The sense was obeyed in " + own[0] + " of " + first + " and in " + own[1] + " of " + second + ". What the other prompt asks for would have fitted " + other[0] + " and " + other[1] + " of the same pictures.";
}

/** What that says of the claim, either way. */
export function verdict(marks, senses) {
  const { wins, losses } = count(marks, senses);
  if (byChance(wins, losses) < RARE) return "So here it did heed the sense: " + wins + " to " + losses + ", which a coin would hardly do. This contradicts the claim.";
  if (byChance(losses, wins) < RARE) return "It did rather the other thing: " + losses + " to " + wins + ". That is no obedience either, but no chance: this contradicts the claim.";
  if (wins + losses < FEW) return "Too few pictures tell the two apart to say anything: " + wins + " to " + losses + ". Try other seeds, or another pair.";
  return "Which of the two was asked made no difference that these pictures can show: " + wins + " to " + losses + ". Here the claim stands.";
}
