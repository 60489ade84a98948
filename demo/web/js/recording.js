// What a recorded run may hold: a file is from a stranger, so every field is checked, and only what was checked is kept.
// Everything of it reaches the page as text, as numbers or as pictures of three kinds.

import { Sentence } from "./patience.js";

export const LARGEST = 24e6; // bytes of a file
const FRAMES = 101;
const PICTURE = /^data:image\/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$/;
const BASE64 = /^[A-Za-z0-9+/]*=*$/;
const WRONG = "This file is no recorded run of this page";

/** The text of a file -> {messages, answers}. Throws a Sentence that says what is wrong with it. */
export function recording(text) {
  if (text.length > LARGEST) throw new Sentence("This file is too large for a recorded run.");
  let read;
  try {
    read = JSON.parse(text);
  } catch {
    throw new Sentence(WRONG + ": it is not JSON.");
  }
  if (!isRecord(read) || read.recorded !== true || !Array.isArray(read.messages)) throw new Sentence(WRONG + ".");
  if (read.schema !== 1) throw new Sentence("This file was recorded by another version of this page.");
  try {
    return { messages: messages(read.messages), answers: answers(read.answers) };
  } catch (error) {
    throw new Sentence(WRONG + ": " + (error instanceof Error ? error.message : error) + ".");
  }
}

function messages(list) {
  const [first, ...rest] = list.filter((message) => isRecord(message) && message.kind !== "waiting" && message.kind !== "drawn");
  const begun = begin(record(first, "it has no beginning"));
  const last = rest.at(-1);
  const frames = (last && last.kind === "done" ? rest.slice(0, -1) : rest).map((message, at) => frame(message, at, begun));
  if (!frames.length || frames.length > Math.min(FRAMES, begun.total + 1)) fail("it has " + frames.length + " states");
  const end = done(last && last.kind === "done" ? last : {}, frames.length, begun.total);
  return [begun, ...frames, end].map((message, number) => ({ ...message, schema: 1, run: begun.run, number }));
}

function begin(message) {
  if (message.kind !== "begin") fail("it does not begin with what was asked");
  return {
    kind: "begin",
    run: text(message.run, 64),
    total: whole(message.total, 1, FRAMES - 1),
    prompt: text(message.prompt, 2000),
    negative_prompt: text(message.negative_prompt ?? "", 2000),
    seed: whole(message.seed, 0, 2 ** 32 - 1),
    guidance: number(message.guidance),
    scheduler: text(message.scheduler, 40),
    model: text(message.model, 400),
    unknown: Array.isArray(message.unknown) ? message.unknown.slice(0, 500).map((word) => text(word, 500)) : null,
    tokens: Array.isArray(message.tokens) ? message.tokens.slice(0, 1000).map(token) : null,
    ...(message.branch ? { branch: left(message.branch, 16) } : {}),
  };
}

/** What a branch leaves; `most` of them may lie one behind the other. */
function left(given, most) {
  const one = record(given, "what it branches from is missing");
  if (!most) fail("it has too many branches behind it");
  return {
    run: maybe(one.run, (run) => text(run, 64)),
    at: whole(one.at, 0, FRAMES - 1),
    fresh: maybe(one.fresh, (seed) => whole(seed, 0, 2 ** 32 - 1)),
    prompt: text(one.prompt, 2000),
    negative_prompt: text(one.negative_prompt ?? "", 2000),
    guidance: number(one.guidance),
    ...(one.branch ? { branch: left(one.branch, most - 1) } : {}),
  };
}

function token(given) {
  const one = record(given, "a token is none");
  const span = Array.isArray(one.span) && one.span.length === 2 ? one.span.map((at) => whole(at, 0, 4000)) : null;
  const place = Array.isArray(one.place) && one.place.length === 2 ? one.place.map(number) : null;
  return { text: text(one.text, 500), id: whole(one.id, 0, 1e9), kind: text(one.kind, 20), span, known: one.known === true, typed: text(one.typed ?? "", 500), length: maybe(one.length, number), place };
}

function frame(message, at, { total }) {
  if (message.kind !== "frame" || message.index !== at) fail("state " + at + " is missing");
  return {
    kind: "frame",
    index: at,
    total,
    timestep: maybe(message.timestep, number),
    alpha: number(message.alpha),
    sigma: number(message.sigma),
    noise_left: Math.max(0, Math.min(1, number(message.noise_left))),
    seconds: number(message.seconds),
    sha256: text(message.sha256 ?? "", 64),
    height: whole(message.height, 1, 4096),
    width: whole(message.width, 1, 4096),
    gain: number(message.gain ?? 1),
    state: picture(message.state),
    guess: maybe(message.guess, picture),
    change: maybe(message.change, picture),
    changed: maybe(message.changed, number),
    sentence: text(message.sentence, 1000),
    channels: maybe(message.channels, (given) => ({ ...packed(given, "c", 1), span: number(given.span) })),
    word_maps: maybe(message.word_maps, (given) => ({ ...packed(given, "t", 1), scale: numbers(given.scale, 2000) })),
    conditional: maybe(message.conditional, (given) => packed(given, "c", 2)),
    unconditional: maybe(message.unconditional, (given) => packed(given, "c", 2)),
  };
}

function done(message, count, total) {
  const curves = maybe(message.curves, (given) => {
    const of = (name) => (Array.isArray(given[name]) ? given[name].slice(0, FRAMES).map((value) => maybe(value, number)) : []);
    return { noise_left: of("noise_left"), change: of("change"), layout: of("layout"), detail: of("detail") };
  });
  return {
    kind: "done",
    gif: null,
    gif_bytes: 0,
    stopped: count <= total,
    count,
    note: null,
    curves,
    point: maybe(message.point, (value) => whole(value, 0, total)),
    sentences: Array.isArray(message.sentences) ? message.sentences.slice(0, FRAMES).map((told) => text(told, 1000)) : [],
  };
}

/** The answers that a panel can show without a server; what is not as it should be is left out. */
function answers(given) {
  const kept = {};
  if (!isRecord(given)) return kept;
  const keep = (name, check) => {
    try {
      if (given[name]) kept[name] = check(given[name]);
    } catch {
      // a panel without its data says so
    }
  };
  keep("numbers", (told) => ({ tokens: told.tokens.slice(0, 1000).map(token), width: whole(told.width, 1, 1e6), atlas: text(told.atlas ?? "words", 20), note: maybe(told.note, (note) => text(note, 1000)) }));
  keep("tokens", (told) => told.slice(0, 1000).map(one));
  keep("atlas", (told) => {
    const words = told.words.slice(0, 5000).map((word) => text(word, 200));
    const map = told.map.slice(0, words.length).map((place) => numbers(place, 2));
    if (map.length !== words.length) fail("its map has another length than its words");
    return { kind: text(told.kind, 20), words, map, explained: numbers(told.explained, 8) };
  });
  return kept;
}

/** What one token is to the model. */
function one(given) {
  const told = record(given, "a token is none");
  return {
    vector: numbers(told.vector, 1e5),
    length: number(told.length),
    word: maybe(told.word, (word) => text(word, 200)),
    neighbours: told.neighbours.slice(0, 100).map(([word, near]) => [text(word, 200), number(near)]),
    place: maybe(told.place, (place) => numbers(place, 2)),
  };
}

function packed(given, first, each) {
  const one = record(given, "packed numbers are none");
  const [n, h, w] = [whole(one[first], 1, 2000), whole(one.h, 1, 512), whole(one.w, 1, 512)];
  const data = text(one.data, 8e6);
  if (!BASE64.test(data) || atob(data).length !== n * h * w * each) fail("packed numbers have another size than they say");
  return { data, [first]: n, h, w };
}

function picture(given) {
  if (typeof given !== "string" || given.length > 8e6 || !PICTURE.test(given)) fail("a picture is none");
  return given;
}

function text(given, most) {
  if (typeof given !== "string" || given.length > most) fail("a text is missing or too long");
  return given;
}

function number(given) {
  if (typeof given !== "number" || !Number.isFinite(given)) fail("a number is none");
  return given;
}

function numbers(given, most) {
  if (!Array.isArray(given) || given.length > most) fail("a list of numbers is none");
  return given.map(number);
}

function whole(given, least, most) {
  if (!Number.isInteger(given) || given < least || given > most) fail("a number is out of its range");
  return given;
}

function maybe(given, check) {
  return given === null || given === undefined ? null : check(given);
}

function record(given, why) {
  return isRecord(given) ? given : fail(why);
}

function isRecord(given) {
  return typeof given === "object" && given !== null && !Array.isArray(given);
}

/** @returns {never} */
function fail(why) {
  throw new Error(why);
}
