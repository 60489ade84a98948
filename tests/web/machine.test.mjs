// What the experiments say of what was measured, and that they say so when it contradicts them.

import assert from "node:assert/strict";
import { test } from "node:test";

const HOME = new URL("../../demo/web/js/panels/", import.meta.url);
const { unfit, verdict } = await import(new URL("copied.js", HOME).href);
const { counted } = await import(new URL("../eight.js", HOME).href);
const { minds } = await import(new URL("fake.js", HOME).href);
const { learned, prompts } = await import(new URL("frozen.js", HOME).href);

const run = (layout, point) => ({ total: 30, end: { curves: { layout }, point } });
const hashes = (...all) => all.map((sha256) => ({ sha256 }));

test("a run that knew its end is said to contradict the claim", () => {
  assert.match(minds(run([0, 0.31, 0.9], 11)), /like its end by 0\.31, and its layout was settled at step 11 of 30\. In the fake/);
  assert.match(minds(run([0, 0.84, 0.9], 2)), /contradicts the claim/);
  assert.match(minds(run([0, 0.2, 0.5], null)), /never settled for good/);
});

test("the made-up word is asked for, explained, and asked for again", () => {
  assert.deepEqual(prompts("blorp", "orange cat"), ["a blorp", "a blorp is an orange cat", "a blorp"]);
});

test("only hashes that are all alike say that nothing was learned", () => {
  const told = prompts("blorp", "purple cat");
  assert.match(learned(hashes("a", "b"), hashes("a", "b"), told), /2 of 2 states are the same, bit for bit\. What you told it was gone/);
  assert.match(learned(hashes("a", "b"), hashes("a", "c"), told), /1 of 2 states.*contradicts/);
  assert.match(learned(hashes("a", "b"), hashes("a"), told), /1 of 2 states.*contradicts/);
  const shared = [{ sha256: "a" }, { sha256: "d", company: 2 }];
  assert.match(learned(hashes("a", "b"), shared, told), /1 of 2 states.*drew for others in the same calls/);
  assert.match(learned(shared, shared, told), /2 of 2 states are the same, bit for bit/);
});

const scene = (pixels) => [{ pixels, latents: 0.5 }];
const measured = { count: 50000, copy: { pixels: 8 }, chance: { of: 48, nearer: 25, least: 0.8 } };
const compared = (mine, theirs) => verdict({ ...measured, copied: mine <= 0.5 * theirs, seen: scene(mine), unseen: scene(theirs) });

test("whether a picture was copied is said from the distances, either way", () => {
  assert.match(compared(40, 38), /50,000 scenes that its training drew from is 40\.0 levels away.*never had 38\.0\. What it had is no nearer: it did not copy\.$/);
  assert.match(compared(36, 40), /10 % nearer, as chance has it \(up to 20 % for 48 new scenes.*\): it did not copy\.$/);
  assert.match(compared(30, 40), /25 % nearer, and chance made it at most 20 %.*more than the claim allows/);
  assert.match(compared(9, 40), /78 % nearer: this looks copied, and contradicts the claim/);
  assert.match(compared(10, 10), /it did not copy\. Both are about as near as a copy/);
});

test("a run that cannot be looked for says why", () => {
  const run = { run: "key", end: {}, complete: true, recorded: false };
  assert.equal(unfit(run), "");
  assert.match(unfit({ ...run, run: null, end: null }), /press Generate/);
  assert.match(unfit({ ...run, complete: false }), /stopped before its last step/);
  assert.match(unfit({ ...run, recorded: true }), /recorded run/);
});

test("what is right of eight is what was tapped", () => {
  assert.match(counted(5, 8), /5 of 8 are right\. None of them can be a copy/);
  assert.match(counted(0, 8), /0 of 8 are right\. What it never saw together, it has not put together/);
});
