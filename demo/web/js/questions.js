// Three questions before and three after: which are asked, what was answered, what has changed, and all of it as a file.
// Knows no page and keeps nothing; a belief and its questions are as explain.py has them.

export const EACH = 3; // questions before, and as many after
export const UNSURE = -1; // in the place of an answer's index
const ROUNDS = 6; // rounds that are kept, the newest
const CODE = /^[a-z2-7]{6}$/;
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * @typedef {{id: string, asks: string, answers: string[], right: number, why: string}} Question
 * @typedef {{key: string, belief: string, source: string, leads: string[], questions: Question[]}} Belief
 * Ids of the questions in the order in which they are asked, and the answers so far: an index, or UNSURE.
 * @typedef {{before: string[], after: string[], answers: Record<string, number>}} Round
 * @typedef {{code: string, skipped: boolean, rounds: Round[]}} Kept
 */

/** Three beliefs by lot, those first that were not asked yet; of each a question for before and another for after. @returns {Round} */
export function draw(pool, rounds, random = Math.random) {
  const met = new Set(rounds.flatMap(({ before }) => before).map((id) => find(pool, id)?.belief.key));
  const lots = shuffled(pool, random);
  const beliefs = [...lots.filter(({ key }) => !met.has(key)), ...lots.filter(({ key }) => met.has(key))].slice(0, EACH);
  const pairs = beliefs.map(({ questions }) => shuffled(questions, random).map(({ id }) => id));
  return { before: pairs.map(([id]) => id), after: shuffled(pairs.map(([, id]) => id), random), answers: {} };
}

export function shuffled(list, random = Math.random) {
  const mixed = [...list];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

/** The question of this id and its belief, null where there is none. @returns {{belief: Belief, question: Question} | null} */
export function find(pool, id) {
  for (const belief of pool) for (const question of belief.questions) if (question.id === id) return { belief, question };
  return null;
}

/** What is to be asked next: {when, id, number}; null where all is answered. */
export function due(round) {
  for (const when of /** @type {const} */ (["before", "after"])) {
    const at = round[when].findIndex((id) => !(id in round.answers));
    if (at >= 0) return { when, id: round[when][at], number: at + 1 };
  }
  return null;
}

/** What changed: for each belief of a round whether it was answered rightly before and after. */
export function changed(pool, round) {
  const right = (id) => find(pool, id).question.right === round.answers[id];
  return round.before.map((id) => {
    const { belief } = find(pool, id);
    const later = round.after.find((one) => find(pool, one).belief === belief);
    return { belief, question: find(pool, later).question, before: right(id), after: right(later) };
  });
}

/** How many were right: {before, after}. */
export function score(pool, round) {
  const told = changed(pool, round);
  return { before: told.filter(({ before }) => before).length, after: told.filter(({ after }) => after).length };
}

/** Six letters by which the rows of one browser are known in a class's file; they say nothing of anybody. */
export function code(bytes) {
  return [...bytes].slice(0, 6).map((byte) => LETTERS[byte % LETTERS.length]).join("");
}

/** What was kept, from its text: whatever is not as it was written is left out. @returns {Kept} */
export function sane(text, pool) {
  let kept = null;
  try {
    kept = JSON.parse(text ?? "null");
  } catch {
    // not ours: as if nothing had been kept
  }
  const rounds = Array.isArray(kept?.rounds) ? kept.rounds.filter((round) => whole(pool, round)).slice(-ROUNDS) : [];
  return { code: CODE.test(kept?.code) ? kept.code : "", skipped: kept?.skipped === true, rounds };
}

function whole(pool, round) {
  const ids = [round?.before, round?.after];
  if (!ids.every((list) => Array.isArray(list) && list.length === EACH && list.every((id) => find(pool, id)))) return false;
  const keys = ids.map((list) => list.map((id) => find(pool, id).belief.key).sort().join());
  if (keys[0] !== keys[1] || new Set(ids.flat()).size < 2 * EACH || !round.answers || typeof round.answers !== "object") return false;
  const possible = ([id, answer]) => ids.flat().includes(id) && Number.isInteger(answer) && answer >= UNSURE && answer < find(pool, id).question.answers.length;
  return Object.entries(round.answers).every(possible);
}

/** All answers as CSV, a row for each; nobody's name is in it. Every cell is text to a spreadsheet, and no formula. */
export function csv(pool, { code: who, rounds }) {
  const rows = [["code", "round", "belief", "question", "when", "answer", "right"]];
  for (const [at, round] of rounds.entries()) {
    for (const when of ["before", "after"]) {
      for (const id of round[when].filter((one) => one in round.answers)) {
        const { belief, question } = find(pool, id);
        const answer = round.answers[id];
        rows.push([who, String(at + 1), belief.key, id, when, question.answers[answer] ?? "no idea yet", answer === question.right ? "yes" : "no"]);
      }
    }
  }
  return rows.map((row) => row.map(cell).join(",") + "\r\n").join("");
}

export function cell(text) {
  const plain = /^\s*[=+\-@\t\r]/.test(text) ? "'" + text : text;
  return '"' + plain.replaceAll('"', '""') + '"';
}
