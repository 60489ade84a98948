// What a reel says of a branch: which states it shares, which guidance made a guess, and what to ask for.

import assert from "node:assert/strict";
import { test } from "node:test";

import { apart } from "../../demo/web/js/fan.js";
import { Reel } from "../../demo/web/js/reel.js";

const FACTS = { size: null, model: "m" };
const begin = { run: "k", total: 8, prompt: "a cat", negative_prompt: "", seed: 7, guidance: 3, scheduler: "ddim", model: "m" };
const left = { run: "p", at: 5, fresh: null, prompt: "a dog", negative_prompt: "a hat", guidance: 4 };

function reel(asked = {}, options = {}, frames = 9) {
  const one = new Reel("k", options);
  one.begin({ ...begin, ...asked });
  one.frames = Array.from({ length: frames }, (_, index) => /** @type {any} */ ({ index, width: 64, height: 64 }));
  return one;
}

test("a state whose noise was drawn anew is the branch's own", () => {
  assert.equal(reel().shared, 0);
  assert.equal(reel({ branch: left }).shared, 6);
  assert.equal(reel({ branch: { ...left, fresh: 0 } }).shared, 5);
});

test("a guess was mixed with the guidance of the run that made it", () => {
  const branch = { ...left, branch: { ...left, at: 2, guidance: 9 } };
  assert.deepEqual([0, 2, 3, 5, 6, 8].map((step) => reel({ branch }).guidanceAt(step)), [9, 9, 4, 4, 3, 3]);
  assert.equal(reel().guidanceAt(2), 3);
});

test("a branch is asked for again from where it began", () => {
  const again = reel({ branch: { ...left, fresh: 1 } }).again(FACTS, "a cow");
  const then = { branch_at: 5, then: "a cow", then_guidance: 3, then_negative_prompt: "", fresh: 1 };
  const kept = { seed: 7, scheduler: "ddim", width: undefined, height: undefined, steps: 8 };
  assert.deepEqual(again, { prompt: "a dog", guidance: 4, negative_prompt: "a hat", ...kept, ...then });
  assert.deepEqual(reel({ branch: { ...left, fresh: 1, branch: left } }).again(FACTS, "a cow"), { parent: "p", ...then });
  assert.equal(reel().again(FACTS, "a cow").prompt, "a cow");
});

test("a run is left by its name, a recorded one by what it asked for", () => {
  const then = { then: "a cow", then_guidance: "2", then_negative_prompt: null, fresh: null };
  assert.deepEqual(reel().leaving(3, then, FACTS), { parent: "k", branch_at: 3, ...then });
  const recorded = reel({}, { recorded: true });
  assert.equal(recorded.leaving(3, then, FACTS).prompt, "a cat");
  assert.equal(recorded.stays(3, FACTS), "");
  assert.match(recorded.stays(3, { ...FACTS, model: "another" }), /generate one/);
  assert.match(reel().stays(8, FACTS), /last step/);
  assert.match(reel({}, {}, 0).stays(0, FACTS), /no run/);
});

test("how far pictures are apart is the mean over their pairs", () => {
  assert.equal(apart([[0, 10], [0, 10], [0, 10]]), 0);
  assert.equal(apart([[0, 10], [4, 10]]), 2);
  assert.equal(apart([[0], [3], [6]]), 4);
});
