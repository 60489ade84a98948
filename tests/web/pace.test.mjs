// Slow live, against a clock that is turned by hand.

import assert from "node:assert/strict";
import { test } from "node:test";

const { Pace } = await import(new URL("../../demo/web/js/pace.js", import.meta.url).href);

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A clock: `turn(ms)` lets time go by and wakes whoever waited for it. */
function clock() {
  let now = 0;
  let due = [];
  return {
    now: () => now,
    later: (ms, wake) => {
      const one = { at: now + ms, wake };
      due.push(one);
      return one;
    },
    never: (one) => (due = due.filter((other) => other !== one)),
    async turn(ms) {
      now += ms;
      const woken = due.filter(({ at }) => at <= now);
      due = due.filter(({ at }) => at > now);
      for (const { wake } of woken) wake();
      await settle();
    },
  };
}

const run = [{ kind: "begin" }, ...[0, 1, 2, 3].map((index) => ({ kind: "frame", index })), { kind: "done" }];

async function* quick(messages = run) {
  yield* messages;
}

/** A paced run that is listened to: {pace, time, heard}, heard as kinds and indices. */
function listen(set = () => {}, messages = quick()) {
  const time = clock();
  const pace = new Pace(time);
  set(pace);
  const heard = [];
  const ended = (async () => {
    for await (const { kind, index } of pace.paced(messages)) heard.push(kind === "frame" ? index : kind);
  })();
  return { pace, time, heard, ended };
}

test("without a pace everything is told as it comes", async () => {
  const { heard, ended } = listen();
  await ended;
  assert.deepEqual(heard, ["begin", 0, 1, 2, 3, "done"]);
});

test("each state after the noise waits its time, and the end follows the last", async () => {
  const { pace, time, heard, ended } = listen((one) => one.set(2));
  await settle();
  assert.deepEqual(heard, ["begin", 0]);
  assert.equal(pace.waiting, 3);
  await time.turn(1999);
  assert.deepEqual(heard, ["begin", 0]);
  await time.turn(1);
  assert.deepEqual(heard, ["begin", 0, 1]);
  pace.set(0.5); // at once, for the step that is waited for
  await time.turn(500);
  await time.turn(500);
  await ended;
  assert.deepEqual(heard, ["begin", 0, 1, 2, 3, "done"]);
  assert.equal(pace.waiting, 0);
});

test("held, it goes on by hand, one state for each time it is asked, or when it is let go", async () => {
  const { pace, time, heard, ended } = listen((one) => one.hold(true));
  await time.turn(60000);
  assert.deepEqual(heard, ["begin", 0]);
  pace.next();
  await settle();
  assert.deepEqual(heard, ["begin", 0, 1]);
  await time.turn(60000);
  assert.deepEqual(heard, ["begin", 0, 1]);
  pace.hold();
  await ended;
  assert.equal(heard.at(-1), "done");
});

test("a run that is stopped tells at once what has come, and the next one waits again", async () => {
  const { pace, heard, ended } = listen((one) => one.hold(true));
  await settle();
  pace.release();
  await ended;
  assert.deepEqual(heard, ["begin", 0, 1, 2, 3, "done"]);
  assert.equal(pace.held, false);
  pace.set(1);
  const again = pace.paced(quick());
  for (let told = 0; told < 2; told += 1) await again.next();
  const late = again.next();
  assert.equal(await Promise.race([late, settle().then(() => "waits")]), "waits");
  pace.release();
  await late;
});

test("what goes wrong comes after what was told before it", async () => {
  async function* broken() {
    yield* run.slice(0, 3);
    throw new Error("cut");
  }
  const { heard, ended } = listen(() => {}, broken());
  await assert.rejects(ended, /cut/);
  assert.deepEqual(heard, ["begin", 0, 1]);
});

test("a run is asked about at three steps, where it has them, and never at its end", async () => {
  const { questions } = await import(new URL("../../demo/web/js/predict.js", import.meta.url).href);
  assert.deepEqual(questions(30), [5, 11, 18]);
  assert.deepEqual([1, 2, 3, 4].map(questions), [[], [1], [1, 2], [1, 2]]);
  for (let total = 1; total <= 100; total += 1) assert.ok(questions(total).every((step) => step > 0 && step < total));
});
