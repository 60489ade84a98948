// What the browser's modules compute, in node: no page, no server.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const HOME = new URL("../../demo/web/js/", import.meta.url);
const from = (name) => import(new URL(name, HOME).href);

const { aligned, compared, differences } = await from("align.js");
const { grown, series } = await from("series.js");
const { Inbox } = await from("inbox.js");
const { mint } = await from("key.js");
const { read, write } = await from("address.js");
const { makeStore } = await from("store.js");
const { lengthOf, many, percent, size, waitingFor } = await from("text.js");
const { patiently, within } = await from("patience.js");
const { advice } = await from("form.js");
const { distance, nearest } = await from("words.js");
const { counted, taken } = await from("panels/numbers.js");
const { telling } = await from("panels/without.js");

const said = (number, run = "k", kind = "frame") => JSON.stringify({ schema: 1, kind, run, number });

test("messages leave in order, once, whatever order and how often they came", () => {
  const inbox = new Inbox("k");
  for (const text of [said(0), said(2), said(2), said(0), said(0, "other"), "{half", null, "[]"]) inbox.hear(text);
  assert.equal(inbox.take().number, 0);
  assert.equal(inbox.take(), null);
  assert.ok(inbox.gap && !inbox.ready);
  assert.ok(inbox.hear(said(1)));
  assert.deepEqual([inbox.take().number, inbox.take().number, inbox.take()], [1, 2, null]);
  assert.ok(!inbox.hear(said(1)) && !inbox.gap);
});

test("every order of four messages comes out the same", () => {
  const orders = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].flatMap((b) => [0, 1, 2, 3].map((c) => [a, b, c, 6 - a - b - c])));
  for (const order of orders.filter((numbers) => new Set(numbers).size === 4)) {
    const inbox = new Inbox("k");
    const out = [];
    for (const number of order) {
      inbox.hear(said(number));
      for (let message = inbox.take(); message; message = inbox.take()) out.push(message.number);
    }
    assert.deepEqual(out, [0, 1, 2, 3]);
  }
});

test("waiting ends when something is heard, or after its time", async () => {
  const inbox = new Inbox("k");
  const began = performance.now();
  setTimeout(() => inbox.hear(said(0)), 20);
  await inbox.heard(5000);
  assert.ok(performance.now() - began < 2000 && inbox.ready);
  await inbox.heard(10);
});

test("a key has 24 letters that an address can hold, and no two are the same", () => {
  const keys = Array.from({ length: 500 }, () => mint());
  assert.ok(keys.every((key) => /^[A-Za-z0-9_-]{24}$/.test(key)));
  assert.equal(new Set(keys).size, 500);
  assert.equal(mint(new Uint8Array(18).fill(255)), "_".repeat(24));
});

const LIMITS = { prompt: 500, steps: [1, 100], guidance: [1, 20], seed: 4294967295 };
const SCHEDULERS = { ddim: "DDIM", euler: "Euler" };
const reads = (hash) => read(hash, LIMITS, SCHEDULERS);

test("what is written into the address is read from it", () => {
  const here = { prompt: "a blue cat & 50 % #1 “ü” 🦊", seed: "7", steps: "30", guidance: "3.5", scheduler: "euler", step: 12, open: "guess" };
  assert.deepEqual(reads(write(here)), here);
  assert.deepEqual(reads(write({ prompt: "", step: undefined })), {});
  assert.deepEqual(reads("#noise"), { open: "noise" });
  const branch = { prompt: "a cat", seed: "7", steps: "30", then: "a dog", branch_at: "12" };
  assert.deepEqual(reads(write(branch)), branch);
  assert.deepEqual(reads("#then=a+dog&branch_at=100"), { then: "a dog", branch_at: "99", strange: true });
});

test("a hostile address is text, clamped, or nothing", () => {
  assert.equal(reads("#prompt=" + encodeURIComponent("<img src=x onerror=alert(1)>")).prompt, "<img src=x onerror=alert(1)>");
  assert.equal(lengthOf(reads("#prompt=" + encodeURIComponent("🦊".repeat(9000))).prompt), 500);
  assert.equal(reads("#prompt=a%00b%0Ac%ED%A0%80").prompt.includes("\0"), false);
  assert.deepEqual(reads("#seed=99999999999&steps=0&guidance=99&step=500"), { seed: "4294967295", steps: "1", guidance: "20", step: 100, strange: true });
  assert.deepEqual(reads("#seed=-1&steps=NaN&guidance=1e9&scheduler=__proto__&step=1.5&open=constructor&seed=8"), { strange: true });
  assert.deepEqual(reads("#" + "%".repeat(50)), {});
  assert.equal(reads("#seed=007&steps=30&guidance=3.0&step=2&prompt=a+cat+").strange, undefined);
  assert.equal(reads("#prompt=" + "a".repeat(501)).strange, true);
});

test("the store tells everybody, and one that fails costs the others nothing", () => {
  const store = makeStore();
  const seen = [];
  const loud = console.error;
  console.error = () => {};
  store.subscribe(() => {
    throw new Error("cannot draw");
  });
  const leave = store.subscribe((state) => seen.push(state.step));
  store.update({ step: 3 });
  leave();
  store.update({ step: 4 });
  console.error = loud;
  assert.deepEqual(seen, [3]);
  assert.deepEqual(Object.keys(store.get()).sort(), ["by", "chosen", "open", "other", "runs", "shown", "step"]);
});

test("numbers and their words agree", () => {
  assert.deepEqual([many(1, "step"), many("1", "step"), many(0, "step"), many(3, "word")], ["1 step", "1 step", "0 steps", "3 words"]);
  assert.deepEqual([0, 0.004, 0.604, 0.996, 1].map(percent), ["0 %", "< 1 %", "60 %", "> 99 %", "100 %"]);
  assert.equal(waitingFor(1), "Waiting for another visitor’s run to finish");
  assert.equal(waitingFor(3), "Waiting for 3 other runs to finish");
  assert.equal(waitingFor(1, 0.2), "Waiting for another visitor’s run to finish, about 1 second");
  assert.equal(waitingFor(3, 17.4), "Waiting for 3 other runs to finish, about 17 seconds");
  assert.equal(waitingFor(30, 118), "Waiting for 30 other runs to finish, about 2 minutes");
  assert.deepEqual([size(10), size(999000), size(2.34e6)], ["1 KB", "999 KB", "2.3 MB"]);
});

test("the line under the prompt counts as the server does, and names what is unknown", () => {
  const facts = { limit: 500, known: 348, model: "x" };
  assert.equal(advice("🦊".repeat(450), [], facts), "450 of 500 characters");
  assert.ok(advice("🦊".repeat(300), [], facts).startsWith("A tiny model"));
  assert.ok(advice("a dinosaur", [{ at: 2, word: "Dinosaur" }], facts).includes("“dinosaur”"));
});

test("the nearest words are those that are called or spelled so", () => {
  const names = ["cup", "glass", "fox", "rocket", "top hat"];
  const related = { mug: ["cup", "glass"], ship: ["rocket"] };
  assert.deepEqual(nearest("Mug", related, names), ["cup", "glass"]);
  assert.deepEqual(nearest("ships", related, names), ["rocket"]);
  assert.deepEqual(nearest("rokcet", related, names), ["rocket"]);
  assert.deepEqual(nearest("fix", related, names), ["fox"]);
  for (const odd of ["constructor", "__proto__", "😀", "x".repeat(400), "zebra"]) assert.deepEqual(nearest(odd, related, names), []);
});

test("letters apart", () => {
  const pairs = [["", "abc", 3], ["kitten", "sitting", 3], ["ab", "ba", 1], ["ca", "abc", 3], ["same", "same", 0]];
  for (const [one, other, off] of pairs) assert.deepEqual([distance(one, other), distance(other, one)], [off, off]);
});

test("tokens are counted the same in the subtitle and over the row", () => {
  const tokens = ["start", "word", "word", "unknown", "end", "padding", "cut"].map((kind) => ({ kind }));
  assert.equal(counted("a blue dinosaur cat", tokens), "4 words became 4 tokens, 1 cut off");
  assert.equal(counted("", tokens), "words become numbers");
  assert.equal(counted("cat", [{ kind: "word" }]), "1 word became 1 token");
  assert.equal(taken(11, 2), "11 taken: 9 by your words, 2 signs for start and end");
});

test("the word that is offered first says something", () => {
  assert.equal(telling(["a", "blue", "cat"]), 1);
  assert.equal(telling(["a", "the"]), 0);
  assert.equal(telling([]), -1);
});

test("a call that fails is made again where it may be, and ends in a sentence", async () => {
  const quick = { ms: 30, rest: 1 };
  let calls = 0;
  assert.deepEqual(await patiently(async () => (calls++ ? { well: 1 } : Promise.reject(new Error("500"))), quick), { well: 1 });
  await assert.rejects(patiently(() => new Promise(() => {}), quick), /out of reach/);
  await assert.rejects(patiently(async () => ({ error: "No such run." }), quick), { message: "No such run.", again: false });
  calls = 0;
  assert.deepEqual(await patiently(async () => (calls++ < 2 ? { error: "Busy.", again: true } : { well: 2 }), quick), { well: 2 });
  calls = 0;
  await assert.rejects(patiently(async () => (calls++, { error: "Busy.", again: true }), { ...quick, busy: 2 }), { message: "Busy.", again: true });
  assert.equal(calls, 3);
  await assert.rejects(within(10, () => new Promise(() => {})), /no answer/);
});

test("no module but the source knows Gradio, and none is longer than 300 lines", () => {
  for (const name of readdirSync(HOME, { recursive: true }).filter((file) => file.endsWith(".js"))) {
    const text = readFileSync(new URL(name, HOME), "utf8");
    const code = text.replace(/\/\/.*/g, ""); // a comment may say its name
    assert.ok(text.split("\n").length <= 300, name);
    if (!["sources/gradio.js", "main.js", "types.js"].includes(name)) assert.ok(!/gradio/i.test(code), name + " speaks of Gradio");
  }
});

const frames = (...left) => left.map((noise_left, index) => ({ index, noise_left }));
const reelOf = (...left) => ({ frames: frames(...left), last: left.length - 1 });

test("two runs stand side by side by step or by the noise that is left", () => {
  const [long, short] = [reelOf(1, 0.9, 0.6, 0.3, 0), reelOf(1, 0.5, 0)];
  const beside = (frame, by, other = short) => aligned(other, frame, by)?.index;
  assert.deepEqual(long.frames.map((frame) => beside(frame, "step")), [0, 1, 2, 2, 2]);
  assert.deepEqual(long.frames.map((frame) => beside(frame, "noise")), [0, 0, 1, 1, 2]);
  assert.deepEqual(short.frames.map((frame) => beside(frame, "noise", long)), [0, 2, 4]);
  assert.equal(beside(undefined, "step"), undefined);
  assert.equal(aligned(reelOf(), long.frames[0], "noise"), null);
});

test("only what differs in two requests is told, a missing field as an empty one", () => {
  const one = { prompt: "a cat", seed: 1, total: 30, guidance: 3, scheduler: "ddim", model: "tiny" };
  assert.deepEqual(differences(one, { ...one, negative_prompt: "" }), []);
  assert.deepEqual(differences(one, { ...one, seed: 2, total: 20 }), [
    { field: "seed", name: "seed", here: 1, there: 2 },
    { field: "total", name: "steps", here: 30, there: 20 },
  ]);
  const [told] = differences({ ...one, branch: { prompt: "a dog", at: 4, fresh: null } }, one);
  assert.deepEqual(told, { field: "branch", name: "way", here: "left “a dog” at step 4", there: "" });
});

test("a word is alike as often as the other prompt has it", () => {
  const told = (text, other) => compared(text, other).map(({ word, alike }) => (alike ? word : word.toUpperCase())).join(" ");
  assert.equal(told("a red fox and a cat", "A blue fox"), "a RED fox AND A CAT");
  assert.equal(told("", "a fox"), "");
});

test("a comparison changes one thing of the request, within the form's limits, and is left out where nothing is left", () => {
  const values = { prompt: "a red fox", steps: "30", guidance: "3", seed: null, scheduler: "ddim" };
  const known = { limits: { steps: [1, 20], guidance: [1, 20] }, examples: ["a cat", "a red fox", "a dog", "a pig"], seeds: [5, 6, 7, 8] };
  const asked = series(values, known);
  for (const { name, runs } of asked) {
    const changed = new Set(runs.flatMap((run) => Object.keys(run).filter((field) => run[field] !== runs[0][field])));
    assert.equal(changed.size, 1, name);
    assert.ok(runs.every(({ seed }) => seed === "5") || name === "Four seeds", name);
  }
  const runs = Object.fromEntries(asked.map((one) => [one.question, one.runs]));
  assert.deepEqual(runs["What does the static decide?"].map(({ seed }) => seed), ["5", "6", "7", "8"]);
  assert.deepEqual(runs["What do the words decide?"].map(({ prompt }) => prompt), ["a red fox", "a cat", "a dog"]);
  assert.deepEqual(runs["Why not in one leap?"].map(({ steps }) => steps), ["1", "2", "4", "8", "16"]);
  assert.ok(!("Is half a run half as good?" in runs)); // 40 steps are more than it has
  assert.equal(asked.find(({ question }) => question.startsWith("Why")).name, "1, 2, 4, 8 and 16 steps");
  assert.ok(!("Is pushing harder better?" in Object.fromEntries(series({ ...values, guidance: null }, known).map((one) => [one.question, one]))));
});

test("a prompt grows to itself, a word or a few at a time", () => {
  assert.deepEqual(grown("a  red fox"), ["a", "a red", "a red fox"]);
  const long = Array.from({ length: 14 }, (_, at) => "w" + at).join(" ");
  assert.ok(grown(long).length === 6 && grown(long).at(-1) === long);
  assert.deepEqual(grown(" "), []);
});
