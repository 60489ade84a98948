// A recorded run is a stranger's file: what may pass, what may not, and what is left of it.

import assert from "node:assert/strict";
import { test } from "node:test";

const HOME = new URL("../../demo/web/js/", import.meta.url);
const { recording } = await import(new URL("recording.js", HOME).href);
const { RecordedSource } = await import(new URL("sources/recorded.js", HOME).href);

const PIXEL = "data:image/png;base64,iVBORw0KGgo=";
const begin = { schema: 1, kind: "begin", run: "k", number: 0, total: 1, prompt: "a cat", seed: 7, guidance: 3, scheduler: "ddim", model: "m", unknown: null, tokens: [{ text: "cat", id: 4, kind: "word", span: [2, 5], known: true, typed: "cat" }] };
const frame = (index, more = {}) => ({ kind: "frame", run: "k", index, total: 1, timestep: null, alpha: 1, sigma: 0, noise_left: 0, seconds: 0, sha256: "0", height: 8, width: 8, gain: 1, state: PIXEL, guess: null, change: null, changed: null, sentence: "Step.", channels: null, word_maps: null, conditional: null, unconditional: null, ...more });
const done = { kind: "done", run: "k", gif: "/etc/passwd", gif_bytes: 3, stopped: false, count: 2, note: "<b>", curves: { noise: [1, 0], change: [null, 3], coarse: [0, 1], fine: [0, 1] }, point: 1, sentences: ["a", "b"] };
const left = { run: "p", at: 0, fresh: 5, prompt: "a dog", negative_prompt: "", guidance: 2 };
const file = (changes = {}, messages = [begin, frame(0), { kind: "drawn" }, frame(1), done]) => JSON.stringify({ schema: 1, recorded: true, messages, answers: {}, ...changes });

test("a good file plays: numbered anew, whole, and without a file of the server", () => {
  const { messages, answers } = recording(file());
  assert.deepEqual(messages.map(({ kind, number }) => kind + number), ["begin0", "frame1", "frame2", "done3"]);
  assert.equal(messages.at(-1).gif, null);
  assert.equal(messages.at(-1).stopped, false);
  assert.deepEqual(answers, {});
});

test("a file that ends early is a stopped run", () => {
  const { messages } = recording(file({}, [begin, frame(0)]));
  assert.deepEqual([messages.at(-1).kind, messages.at(-1).stopped, messages.at(-1).count], ["done", true, 1]);
});

const BAD = {
  "no JSON": "{",
  "another thing": "[]",
  "not recorded": file({ recorded: false }),
  "another version": file({ schema: 2 }),
  "no messages": file({ messages: [] }),
  "a gap": file({}, [begin, frame(0), frame(2), done]),
  "too many states": file({}, [begin, frame(0), frame(1), frame(2), done]),
  "a picture from elsewhere": file({}, [begin, frame(0, { state: "https://example.org/x.png" }), done]),
  "a picture that runs": file({}, [begin, frame(0, { state: "data:image/svg+xml;base64,PHN2Zz4=" }), done]),
  "a page for a picture": file({}, [begin, frame(0, { guess: "data:text/html;base64,PGI+" }), done]),
  "markup for a picture": file({}, [begin, frame(0, { state: PIXEL + '" onerror="alert(1)' }), done]),
  "a number that is none": file({}, [{ ...begin, seed: "7" }, frame(0), done]),
  "a branch from nothing": file({}, [{ ...begin, branch: "x" }, frame(0), done]),
  "a branch from no step": file({}, [{ ...begin, branch: { ...left, at: -1 } }, frame(0), done]),
  "a branch without end": file({}, [{ ...begin, branch: Array.from({ length: 40 }).reduce((branch) => ({ ...left, branch }), left) }, frame(0), done]),
  "a prompt without end": file({}, [{ ...begin, prompt: "a".repeat(2001) }, frame(0), done]),
  "a size that is none": file({}, [begin, frame(0, { width: 1e9 }), done]),
  "packed numbers of another size": file({}, [begin, frame(0, { channels: { data: "AAAA", c: 4, h: 32, w: 32, span: 3 } }), done]),
};
for (const [name, text] of Object.entries(BAD)) {
  test("refused in a sentence: " + name, () => {
    assert.throws(() => recording(text), (error) => error.constructor.name === "Sentence" && error.message.endsWith("."));
  });
}

test("what nobody asked for is left behind", () => {
  const { messages } = recording(file({}, [{ ...begin, evil: "x", __proto__: { a: 1 } }, frame(0, { html: "<script>" }), frame(1), done]));
  assert.ok(!("evil" in messages[0]) && !("html" in messages[1]));
});

test("answers are kept where they are whole, and dropped where not", () => {
  const numbers = { tokens: begin.tokens, width: 12, atlas: "words", note: null };
  const atlas = { kind: "words", words: ["a", "b"], map: [[0, 1], [1, 0]], explained: [0.2, 0.1] };
  assert.deepEqual(Object.keys(recording(file({ answers: { numbers, atlas, evil: {} } })).answers), ["numbers", "atlas"]);
  assert.deepEqual(recording(file({ answers: { numbers: { tokens: 3 }, atlas: { ...atlas, map: [] } } })).answers, {});
});

test("a recorded source answers about its own prompt, token by token", async () => {
  const one = (word) => ({ vector: [0.5, -1], length: 1.118, word, neighbours: [["dog", 0.9]], place: [0, 1] });
  const numbers = { tokens: begin.tokens, width: 2, atlas: "words", note: null };
  const source = new RecordedSource(recording(file({ answers: { numbers, tokens: [one(null), one("cat")] } })));
  assert.deepEqual(await source.ask("token", { prompt: "a cat", index: 1 }), one("cat"));
  for (const question of [{ prompt: "a dog", index: 1 }, { prompt: "a cat", index: 2 }, { prompt: "a cat", index: "at" }]) {
    await assert.rejects(source.ask("token", question), /recorded run/);
  }
  assert.deepEqual(recording(file({ answers: { tokens: [one("cat"), { ...one("dog"), vector: ["x"] }] } })).answers, {});
});

test("a recorded source plays in order, stops, and says what it does not hold", async () => {
  const source = new RecordedSource(recording(file()));
  const heard = [];
  for await (const message of source.start()) heard.push(message.number);
  assert.deepEqual(heard, [0, 1, 2, 3]);
  await assert.rejects(source.ask("guesses", { run: "k", step: 1 }), /recorded run/);
  source.stop();
  assert.deepEqual(await source.start().next(), { value: undefined, done: true });
});

test("what a branch has left is kept, and nothing else of it", () => {
  const branch = { ...left, branch: { ...left, run: null, fresh: null } };
  const { messages } = recording(file({}, [{ ...begin, branch: { ...branch, more: "<b>" } }, frame(0)]));
  assert.deepEqual(messages[0].branch, branch);
  assert.ok(!("branch" in recording(file()).messages[0]));
});
