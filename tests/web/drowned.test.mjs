// Name it in the noise: what is said of a game, the scores of a visit, and how large a file says that it is.

import assert from "node:assert/strict";
import { test } from "node:test";

const HOME = new URL("../../demo/web/js/", import.meta.url);
const { earlier, scores } = await import(new URL("panels/drowned.js", HOME).href);
const { decibels, mixture } = await import(new URL("bath.js", HOME).href);
const { measured } = await import(new URL("upload.js", HOME).href);
const { patient } = await import(new URL("insist.js", HOME).href);
const { Sentence } = await import(new URL("patience.js", HOME).href);

const levels = [-20, -10, 0, 10].map((snr) => ({ snr }));
const game = (name, shown, first, last = "cat") => ({ name, truth: "fox", prompt: "a fox", shown, first, levels, picks: ["owl", "cat", "fox", last] });

test("who was earlier is said, and by how much", () => {
  assert.equal(earlier(game("fox", 2, 1)), "It was asked for as “a fox”. You named it at level 3 (0\u00a0dB). The model’s choice is right from level 2 (−10\u00a0dB) on, and stays. The model was earlier, by 1 level.");
  assert.match(earlier(game("fox", 0, 2)), /You were earlier, by 2 levels\.$/);
  assert.match(earlier(game("fox", 1, 0)), /from level 1 .* on, and stays; that deep, one in four is right by luck\. The model was earlier/);
  assert.match(earlier(game("fox", 1, 1)), /Both at the same level\.$/);
});

test("a game that does not bear out the claim says so", () => {
  assert.match(earlier(game("cat", 0, 1)), /You took it for cat at level 1 .* The model alone named it\. For you that contradicts the claim/);
  assert.match(earlier(game("fox", 0, null)), /still wrong at the clearest level: it took it for cat\. You alone named it\. For the model that contradicts/);
  assert.match(earlier(game("owl", 3, null)), /Nobody named it\. For both of you that contradicts/);
  assert.match(earlier(game("fox", 3, 3)), /For both of you that contradicts/);
});

test("the scores of a visit are shares of its games", () => {
  const games = [
    { yours: 1, right: [0, 1, 1] },
    { yours: null, right: [0, 0, 1] },
  ];
  assert.deepEqual(scores(games), { you: [0, 0.5, 0.5], model: [0, 0.5, 1] });
});

test("a level says what it is made of", () => {
  assert.equal(mixture({ alpha: 0.079, sigma: 0.997, snr: -22.02 }), "0.08 × picture + 1.00 × noise, −22\u00a0dB");
  assert.equal(decibels(10), "10\u00a0dB");
});

const bytes = (...parts) => {
  const all = parts.flatMap((part) => (typeof part === "string" ? [...part].map((letter) => letter.charCodeAt(0)) : part));
  return new Uint8Array([...all, ...Array(40).fill(0)]);
};

test("a file says its size before anything of it is decoded", () => {
  const [wide, high] = [[0, 0, 0x4e, 0x20], [0, 0, 0x75, 0x30]];
  assert.deepEqual(measured(bytes([0x89], "PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", wide, high)), { width: 20000, height: 30000 });
  assert.deepEqual(measured(bytes("GIF89a", [0x2c, 1, 5, 0])), { width: 300, height: 5 });
  assert.deepEqual(measured(bytes("RIFF", [0, 0, 0, 0], "WEBPVP8X", Array(8).fill(0), [0x1f, 3, 0, 7, 0, 0])), { width: 800, height: 8 });
  assert.deepEqual(measured(bytes("RIFF", [0, 0, 0, 0], "WEBPVP8 ", Array(10).fill(0), [0x20, 3, 8, 0])), { width: 800, height: 8 });
  assert.deepEqual(measured(bytes("RIFF", [0, 0, 0, 0], "WEBPVP8L", [0, 0, 0, 0, 0x2f, 0x1f, 0xc3, 0x01, 0])), { width: 800, height: 8 });
  assert.deepEqual(measured(bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xff, 0xc2, 0, 11, 8, 0, 8, 3, 32])), { width: 800, height: 8 });
});

test("what is no picture has no size", () => {
  for (const other of [bytes("%PDF-1.7"), bytes("RIFF", [0, 0, 0, 0], "WAVEfmt "), bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 7]), new Uint8Array([0x89])]) assert.equal(measured(other), null);
});

test("whoever has to wait is told why, and asks again", async () => {
  const said = [];
  let left = 2;
  const ask = async () => {
    if (left-- > 0) throw new Sentence("One moment.", true);
    return 7;
  };
  assert.equal(await patient(ask, (text) => said.push(text), 1), 7);
  assert.deepEqual(said, ["One moment.", "One moment."]);
  await assert.rejects(patient(() => Promise.reject(new Sentence("Never.")), said.push, 1), /Never/);
});
