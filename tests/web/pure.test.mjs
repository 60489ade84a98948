// What the browser's modules compute, in node: no page, no server.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const HOME = new URL("../../demo/web/js/", import.meta.url);
const from = (name) => import(new URL(name, HOME).href);

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
});

test("a hostile address is text, clamped, or nothing", () => {
  assert.equal(reads("#prompt=" + encodeURIComponent("<img src=x onerror=alert(1)>")).prompt, "<img src=x onerror=alert(1)>");
  assert.equal(lengthOf(reads("#prompt=" + encodeURIComponent("🦊".repeat(9000))).prompt), 500);
  assert.equal(reads("#prompt=a%00b%0Ac%ED%A0%80").prompt.includes("\0"), false);
  assert.deepEqual(reads("#seed=99999999999&steps=0&guidance=99&step=500"), { seed: "4294967295", steps: "1", guidance: "20", step: 100 });
  assert.deepEqual(reads("#seed=-1&steps=NaN&guidance=1e9&scheduler=__proto__&step=1.5&open=constructor&seed=8"), {});
  assert.deepEqual(reads("#" + "%".repeat(50)), {});
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
  assert.deepEqual(Object.keys(store.get()).sort(), ["chosen", "open", "runs", "shown", "step"]);
});

test("numbers and their words agree", () => {
  assert.deepEqual([many(1, "step"), many("1", "step"), many(0, "step"), many(3, "word")], ["1 step", "1 step", "0 steps", "3 words"]);
  assert.deepEqual([0, 0.004, 0.604, 0.996, 1].map(percent), ["0 %", "< 1 %", "60 %", "> 99 %", "100 %"]);
  assert.equal(waitingFor(1), "Waiting for another visitor’s run to finish");
  assert.equal(waitingFor(3), "Waiting for 3 other runs to finish");
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
