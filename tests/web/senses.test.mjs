// Whether a sense was obeyed is counted, and said either way; what nobody asked for is compared with what was usual.

import assert from "node:assert/strict";
import { test } from "node:test";

const HOME = new URL("../../demo/web/js/", import.meta.url);
const { byChance, count, mark, next, score, verdict } = await import(new URL("senses.js", HOME).href);
const { told } = await import(new URL("panels/empty.js", HOME).href);
const { anySeed, seeded, Turns } = await import(new URL("turns.js", HOME).href);
const { apart, meanOf } = await import(new URL("means.js", HOME).href);
const { after } = await import(new URL("training.js", HOME).href);

const eight = (own, other = 0) => [...Array(own).fill("own"), ...Array(other).fill("other"), ...Array(8 - own - other).fill("neither")];

test("what a judge says of both senses becomes a mark", () => {
  assert.equal(mark([true, false], 0), "own");
  assert.equal(mark([true, false], 1), "other");
  assert.equal(mark([false, true], 1), "own");
  assert.equal(mark([false, false], 0), "neither");
  assert.equal(mark([true], 1), "own");
  assert.equal(mark([false], 1), "neither");
});

test("a visitor goes through the marks that there are", () => {
  assert.deepEqual(["", "own", "other", "neither"].map((now) => next(now, 2)), ["own", "other", "neither", "own"]);
  assert.deepEqual(["", "own", "neither"].map((now) => next(now, 1)), ["own", "neither", "own"]);
});

test("chance is that of a coin", () => {
  assert.equal(byChance(0, 0), 1);
  assert.equal(byChance(5, 0), 1 / 32);
  assert.equal(byChance(1, 1), 3 / 4);
  assert.ok(Math.abs(byChance(8, 2) - 56 / 1024) < 1e-12);
});

test("with one sense it is counted from which seeds only one of the prompts has it", () => {
  const marks = [["own", "own", "neither"], ["own", "neither", "own"]];
  assert.deepEqual(count(marks, 1), { own: [2, 2], other: [0, 0], wins: 1, losses: 1 });
});

test("the score is one line, and the verdict goes either way", () => {
  assert.match(score([eight(6, 1), eight(7)], 2), /obeyed in 6 of 8 and in 7 of 8\. What the other prompt asks for would have fitted 1 and 0/);
  assert.match(score([eight(6), eight(3)], 1), /6 of 8 in order, and in 3 of 8 shuffled/);
  assert.match(verdict([eight(6, 1), eight(7)], 2), /heed the sense: 13 to 1.*contradicts the claim/);
  assert.match(verdict([eight(0, 8), eight(8)], 2), /made no difference.*8 to 8\. Here the claim stands/);
  assert.match(verdict([eight(0, 8), eight(1, 7)], 2), /rather the other thing: 15 to 1.*contradicts/);
  assert.match(verdict([eight(1), eight(1)], 2), /Too few/);
  assert.match(verdict([eight(8), eight(0)], 1), /8 to 0.*contradicts the claim/);
});

test("only what lies farther off than nineteen of twenty contradicts what was usual", () => {
  assert.match(told(12, { typical: 10, most: 20 }), /12\.0 of 255 levels.*the claim stands/);
  assert.match(told(20.1, { typical: 10, most: 20 }), /contradicts the claim/);
});

test("means are taken value by value, and are apart by their cells", () => {
  const flat = (size, ...rgb) => Array.from({ length: size * size }, () => [...rgb, 255]).flat();
  const mean = meanOf([flat(4, 0, 10, 20), flat(4, 10, 30, 20)]);
  assert.deepEqual([...mean.slice(0, 4)], [5, 20, 20, 255]);
  assert.equal(apart(mean, flat(4, 5, 20, 20), 4, 4, 2), 0);
  assert.equal(apart(mean, flat(4, 8, 20, 14), 4, 4, 2), 3);
  const chequered = Array.from({ length: 16 }, (_, at) => [...Array(3).fill((at + Math.floor(at / 4)) % 2 ? 255 : 0), 255]).flat();
  assert.equal(apart(chequered, flat(4, 127.5, 127.5, 127.5), 4, 4, 2), 0); // what is finer than a cell does not count
});

test("runs from seeds that follow each other change nothing else of the form", () => {
  const values = { prompt: "a fox", steps: "30", guidance: "3", seed: "", negative_prompt: "x", then: "y", branch_at: 2, scheduler: "own" };
  const list = seeded(values, { steps: 30 }, 41, 2, 12);
  assert.deepEqual(list.map(({ seed, steps }) => [seed, steps]), [["41", "12"], ["42", "12"]]);
  assert.ok(list.every((one) => one.prompt === "a fox" && one.guidance === "3" && one.then === null && one.branch_at === null && one.negative_prompt === null));
  assert.equal(seeded({ ...values, steps: "4" }, { steps: 30 }, 1, 1, 12)[0].steps, "4");
  assert.ok(anySeed(16) + 15 < 2 ** 32);
});

/** A context whose runs end when they are told to. */
function stage() {
  const begun = [];
  const context = { beside: (values, on) => (begun.push({ values, on }), { stop: () => on.done({ end: { stopped: true } }) }) };
  const said = { done: [], over: [] };
  const turns = new Turns(context, { said: () => {}, drawn: () => {}, done: (at) => said.done.push(at), over: (text) => said.over.push(text) });
  return { begun, said, turns };
}

test("turns are taken one after the other", () => {
  const { begun, said, turns } = stage();
  turns.start(["a", "b"]);
  turns.start(["c"]);
  assert.deepEqual(begun.map(({ values }) => values), ["a"]);
  begun[0].on.done({ end: { stopped: false } });
  begun[1].on.done({ end: { stopped: false } });
  assert.deepEqual([said.done, said.over, turns.busy], [[0, 1], [""], false]);
});

test("a stop or a trouble ends all of them, once, with a sentence", () => {
  const { begun, said, turns } = stage();
  turns.start(["a", "b"]);
  turns.stop();
  assert.deepEqual([said.over, begun.length], [["Stopped at run 1 of 2."], 1]);
  turns.start(["a", "b"]);
  begun[1].on.trouble("The server is busy.");
  assert.deepEqual([said.over[1], turns.busy], ["The server is busy.", false]);
});

test("where another run is under way it says so", () => {
  const over = [];
  const turns = new Turns({ beside: () => null }, { said: () => {}, drawn: () => {}, done: () => {}, over: (text) => over.push(text) });
  turns.start(["a"]);
  assert.deepEqual([over.length, turns.busy], [1, false]);
  assert.match(over[0], /another run under way/);
});

test("a checkpoint is named by its batches", () => {
  assert.equal(after(4500), "after 4,500 batches");
});

test("both experiments have a link", async () => {
  const { read, write } = await import(new URL("address.js", HOME).href);
  const limits = { prompt: 500, steps: [1, 100], guidance: [1, 20], seed: 2 ** 32 - 1 };
  for (const name of ["meaning", "empty"]) assert.equal(read(write({ try: name }), limits, {}).try, name);
});
