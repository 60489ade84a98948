// Which places looked at which word, per step of one run: the words of a prompt out of its tokens, and their maps out of
// the frames. A word's map is the sum of its tokens' maps, the share of its attention that each place gave to the word.

import { bytes } from "./bytes.js";

const WORD = /[\p{L}\p{N}_]+(?:['’][\p{L}\p{N}_]+)?|\p{So}/gu; // as the engine cuts words
const kept = new WeakMap(); // reel -> Looks

/** The looks of a reel, shared by all who show them. */
export function looks(reel) {
  if (!kept.has(reel)) kept.set(reel, new Looks(reel));
  return kept.get(reel);
}

class Looks {
  constructor(reel) {
    this.reel = reel;
    this.words = wordsOf(reel.asked.prompt ?? "", reel.asked.tokens ?? []);
    this.maps = []; // per step: per word a Float32Array, or null where nothing was recorded
    this.grid = null; // {h, w} of every map
    /** @type {[number, number][]} */
    this.ranges = this.words.map(() => [Infinity, 0]); // the least and the most that a place of any step gave
    this.sums = this.words.map(() => null);
    this.count = 0; // steps in the sums
  }

  /** Take in the frames that have come since. */
  grow() {
    while (this.maps.length < this.reel.frames.length) this.take(this.reel.frames[this.maps.length].word_maps);
  }

  /** The map of a word at a step, or its mean over all steps so far; null where there is none. */
  at(word, step) {
    this.grow();
    return this.maps[step]?.[word] ?? null;
  }

  mean(word) {
    this.grow();
    return this.count ? this.sums[word].map((sum) => sum / this.count) : null;
  }

  /** Whether any place of any step was heard looking. */
  get any() {
    this.grow();
    return this.count > 0;
  }

  take(packed) {
    if (!packed) return void this.maps.push(null);
    this.grid = { h: packed.h, w: packed.w };
    const grey = bytes(packed.data);
    this.maps.push(this.words.map((word) => sum(word.tokens, packed, grey)));
    this.count += 1;
    this.maps.at(-1).forEach((map, word) => {
      this.ranges[word] = range(map, this.ranges[word]);
      this.sums[word] = this.sums[word] ? this.sums[word].map((old, at) => old + map[at]) : map.slice();
    });
  }
}

/**
 * The words of `prompt`, each {text, span, tokens, known, cut}: tokens are the indices of its pieces, span its letters in
 * code points, cut says that the model never got it. Signs between words are no words.
 */
export function wordsOf(prompt, tokens) {
  return [...prompt.matchAll(WORD)].map((met) => {
    const start = [...prompt.slice(0, met.index)].length;
    const end = start + [...met[0]].length;
    const pieces = [...tokens.entries()].filter(([, { span }]) => span && span[0] < end && span[1] > start);
    const heard = pieces.filter(([, { kind }]) => kind === "word" || kind === "unknown");
    return {
      text: met[0],
      span: [start, end],
      tokens: heard.map(([at]) => at),
      known: pieces.every(([, { known }]) => known),
      cut: pieces.length > 0 && heard.length === 0,
    };
  }).filter(({ tokens: own, cut }) => own.length || cut);
}

/**
 * [least, most] of a map, and of a range before it.
 * @returns {[number, number]}
 */
export function range(map, [least, most] = [Infinity, -Infinity]) {
  for (const value of map) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

function sum(tokens, { t, h, w, scale }, grey) {
  const places = h * w;
  const map = new Float32Array(places);
  for (const token of tokens) {
    if (token >= t) continue;
    for (let at = 0; at < places; at += 1) map[at] += (grey[token * places + at] / 255) * scale[token];
  }
  return map;
}
