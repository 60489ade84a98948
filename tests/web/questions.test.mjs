// The questions before and after: a fair draw, what is due, what changed, what is kept, and a file that no spreadsheet obeys.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { EACH, UNSURE, cell, changed, code, csv, draw, due, find, sane, score, shuffled } = await import(new URL("../../demo/web/js/questions.js", import.meta.url).href);
const POOL = JSON.parse(readFileSync(new URL("../../demo/run/content/questions.json", import.meta.url), "utf8"));

const belief = (id) => find(POOL, id).belief.key;
const answer = (round, right) => ({ ...round, answers: Object.fromEntries([...round.before, ...round.after].map((id) => [id, right(id) ? find(POOL, id).question.right : UNSURE])) });

test("there are enough questions, each put against a belief that is asked twice", () => {
  assert.ok(POOL.flatMap(({ questions }) => questions).length >= 15);
  assert.ok(POOL.every(({ questions }) => questions.length >= 2));
});

test("before and after ask of the same beliefs with different questions", () => {
  for (let at = 0; at < 200; at += 1) {
    const round = draw(POOL, []);
    assert.equal(new Set(round.before.map(belief)).size, EACH);
    assert.deepEqual(round.before.map(belief).sort(), round.after.map(belief).sort());
    assert.equal(new Set([...round.before, ...round.after]).size, 2 * EACH);
  }
});

test("every question comes up in its time, as often before as after", () => {
  const counted = { before: {}, after: {} };
  const times = 4400;
  for (let at = 0; at < times; at += 1) {
    const round = draw(POOL, []);
    for (const when of ["before", "after"]) for (const id of round[when]) counted[when][id] = (counted[when][id] ?? 0) + 1;
  }
  const expected = (times * EACH) / (2 * POOL.length);
  for (const id of POOL.flatMap(({ questions }) => questions.map((one) => one.id))) for (const when of ["before", "after"]) assert.ok(Math.abs(counted[when][id] - expected) < 0.25 * expected, id);
});

test("what was not asked yet comes first", () => {
  const rounds = [];
  for (let at = 0; at < 3; at += 1) rounds.push(draw(POOL, rounds));
  assert.equal(new Set(rounds.flatMap(({ before }) => before.map(belief))).size, 3 * EACH);
});

test("a shuffle loses nothing and leaves its list as it was", () => {
  const list = [1, 2, 3, 4];
  assert.deepEqual(shuffled(list).sort(), list);
  assert.deepEqual(shuffled(list, () => 0.999), [1, 2, 3, 4]);
  assert.deepEqual(list, [1, 2, 3, 4]);
});

test("the three before are due first, then the three after, then nothing", () => {
  const round = draw(POOL, []);
  const seen = [];
  for (let next = due(round); next; next = due(round)) {
    seen.push(next.when + next.number);
    round.answers[next.id] = UNSURE;
  }
  assert.deepEqual(seen, ["before1", "before2", "before3", "after1", "after2", "after3"]);
});

test("what changed is told belief by belief, and counted", () => {
  const drawn = draw(POOL, []);
  const round = answer(drawn, (id) => drawn.after.includes(id) || id === drawn.before[0]);
  assert.deepEqual(score(POOL, round), { before: 1, after: 3 });
  const told = changed(POOL, round);
  assert.deepEqual(told.map(({ before, after }) => [before, after]), [[true, true], [false, true], [false, true]]);
  assert.deepEqual(told.map((one) => one.belief.key), drawn.before.map(belief));
  assert.ok(told.every((one) => drawn.after.includes(one.question.id)));
});

test("what is kept is read as it was written, and nothing else is", () => {
  const round = answer(draw(POOL, []), () => true);
  const kept = { code: "abc234", skipped: true, rounds: [round] };
  assert.deepEqual(sane(JSON.stringify(kept), POOL), kept);
  const empty = { code: "", skipped: false, rounds: [] };
  for (const text of [null, "", "{", "[]", "7", '{"rounds": 3, "code": "=1+1()", "skipped": "yes"}', '{"rounds": [null, {}, {"before": ["x"]}]}']) assert.deepEqual(sane(text, POOL), empty);
  for (const broken of [{ ...round, after: round.before }, { ...round, answers: { [round.before[0]]: 99 } }, { ...round, answers: null }, { ...round, answers: { constructor: 0 } }]) assert.deepEqual(sane(JSON.stringify({ rounds: [broken] }), POOL).rounds, []);
  const many = { ...kept, rounds: Array.from({ length: 50 }, () => round) };
  assert.ok(sane(JSON.stringify(many), POOL).rounds.length <= 6);
});

test("the file has a row for each answer, names nobody, and starts no formula", () => {
  const round = answer(draw(POOL, []), (id) => id.endsWith("-a"));
  const lines = csv(POOL, { code: "abc234", rounds: [round] }).split("\r\n");
  assert.equal(lines.length, 1 + 2 * EACH + 1);
  assert.equal(lines[0], '"code","round","belief","question","when","answer","right"');
  assert.equal(lines.filter((line) => line.endsWith('"yes"')).length, score(POOL, round).before + score(POOL, round).after);
  assert.equal(lines.filter((line) => line.includes('"after"')).length, EACH);
  assert.deepEqual(["=1+1", "+1", "-1", "@x", " =1", "\t=1", 'a "b"', "a,b\nc"].map(cell), ['"\'=1+1"', '"\'+1"', '"\'-1"', '"\'@x"', '"\' =1"', '"\'\t=1"', '"a ""b"""', '"a,b\nc"']);
});

test("a half answered round is told as far as it goes", () => {
  const round = draw(POOL, []);
  round.answers[round.before[0]] = 0;
  assert.equal(csv(POOL, { code: "", rounds: [round] }).split("\r\n").length, 3);
});

test("a browser's code has six letters", () => {
  assert.match(code(crypto.getRandomValues(new Uint8Array(6))), /^[a-z2-7]{6}$/);
});
