// The tour says nothing before it has happened or was measured, whatever the run and however the model decides.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const { WHENS, filled, told } = await import(new URL("../../demo/web/js/stops.js", import.meta.url).href);
const TEXT = readFileSync(new URL("../../demo/run/content/tour.md", import.meta.url), "utf8");

/** {anchor: {when or "": title and text}}, as the content has them. */
const SAID = {};
for (const [, anchor, when = "", text] of TEXT.matchAll(/^## ([a-z]+)(?:, ([a-z]+))?: ([^]*?)(?=\n## |$(?![^]))/gm)) (SAID[anchor] ??= {})[when] = text;

const frames = (count) => Array.from({ length: count }, (_, index) => ({ index, guess: index ? {} : null }));
const reel = ({ total = 30, last = total, layout = null, point = null, live = false, recorded = false, stopped = false }) => ({
  run: last < 0 ? null : "r",
  asked: last < 0 ? {} : { prompt: "a red fox", seed: 7 },
  total,
  last,
  frames: frames(last + 1),
  recorded,
  end: live || last < 0 ? null : { curves: { layout: layout ?? [] }, point, stopped },
});
const now = (on, more = {}) => ({ reel: on, live: on.end || on.last < 0 ? null : on, taken: null, word: "fox", prompt: "a cat", ...more });
const NONE = reel({ last: -1 });
const ended = (guesses, point) => reel({ total: guesses.length, layout: [0, ...guesses], point });

test("what the tour can say is what its content has, and the other way round", () => {
  assert.deepEqual(Object.fromEntries(Object.entries(SAID).map(([anchor, texts]) => [anchor, Object.keys(texts).filter(Boolean).sort()])), Object.fromEntries(Object.entries(WHENS).map(([anchor, whens]) => [anchor, [...whens].sort()])));
  assert.ok(Object.values(SAID).every((texts) => texts[""]));
});

test("whatever the run, every number that a text needs is there, and the step that it is about is drawn", () => {
  const seen = new Set();
  for (let lot = 0; lot < 20000; lot += 1) {
    const any = (list) => list[Math.floor(Math.random() * list.length)];
    const total = any([1, 2, 5, 30]);
    const live = Math.random() < 0.3;
    const last = live ? Math.floor(Math.random() * (total + 1)) : any([-1, 0, Math.ceil(total / 2), total]);
    const whole = last === total && !live;
    const layout = whole && any([true, true, false]) ? [0, ...Array.from({ length: total }, (_, at) => (at + 1 === total ? 1 : Math.random() * 2 - 1))] : null;
    const on = reel({ total, last, layout, point: layout ? Math.max(1, Math.ceil(Math.random() * total)) : null, live, recorded: Math.random() < 0.2 && !live, stopped: !whole });
    const taken = any([null, { run: "r", word: "fox", under: true, told: null }, { run: "r", word: "fox", under: false, told: { final: any([0, 3.14]), levels: [0, any([0, 2])] } }, { run: "other", word: "fox", under: true, told: null }]);
    const given = now(on, { taken, live: live ? on : any([null, null, reel({ last: -1, live: true })]) });
    for (const [anchor, texts] of Object.entries(SAID)) {
      const { when, values, at, offer } = told(anchor, given);
      assert.ok(when === null || WHENS[anchor].includes(when), anchor + ", " + when);
      seen.add(anchor + when);
      for (const [, name] of texts[when ?? ""].matchAll(/\{(\w+)\}/g)) assert.ok(values[name]?.length, anchor + ", " + when + " needs " + name);
      if (at !== null && at !== Infinity) assert.ok(at >= 0 && at <= on.last, anchor + ", " + when + " is about step " + at + " of " + on.last);
      if (given.live) assert.equal(offer, null, "no second run is offered while one is under way");
    }
  }
  for (const [anchor, whens] of Object.entries(WHENS)) for (const when of [...whens, null]) assert.ok(seen.has(anchor + when), anchor + ", " + when + " is never said");
});

test("a change of mind is told where it was measured, and not where the layout stood at once", () => {
  const changed = told("curves", now(ended([0.31, 0.2, 0.85, 0.93, 1], 4)));
  assert.deepEqual(changed, { when: "changed", at: 4, offer: null, values: { point: "4", total: "5", lowest: "0.20" } });
  assert.equal(told("curves", now(ended([0.96, 0.97, 1], 1))).when, "steady");
  assert.equal(told("curves", now(ended([0.899, 0.97, 1], 2))).values.lowest, "0.89");
  assert.equal(told("curves", now(ended([0.1, 0.2, 1], 3))).when, "late");
  assert.equal(told("curves", now(ended([1], 1))).when, "leap");
  assert.equal(told("curves", now(reel({ total: 30, last: 12, stopped: true }))).when, "unknown");
});

test("during a run nothing is said of its end", () => {
  const on = reel({ last: 12, live: true });
  assert.deepEqual(told("curves", now(on)), { when: null, at: Infinity, offer: null, values: {} });
  assert.equal(told("without", now(on)).when, "waiting");
  assert.deepEqual(told("guess", now(on)), { when: null, at: 1, offer: null, values: {} });
  assert.equal(told("guess", now(reel({ last: 0, live: true }))).when, "waiting");
});

test("a word is offered once the run has ended, and its effect told by what was measured", () => {
  const on = ended([0.9, 1], 1);
  assert.deepEqual(told("without", now(on)), { when: null, at: null, offer: "take", values: { word: "fox" } });
  const taken = (measured) => told("without", now(on, { taken: { run: "r", word: "red", under: false, told: measured } }));
  assert.deepEqual(taken({ final: 12.34, levels: [0, 5] }), { when: "changed", at: 2, offer: null, values: { word: "red", levels: "12.3" } });
  assert.equal(taken({ final: 0, levels: [0, 0] }).when, "same");
  assert.equal(told("without", now({ ...on, recorded: true })).offer, "run");
  assert.equal(told("without", now(NONE)).offer, "run");
});

test("values stand where their names are, as text", () => {
  assert.deepEqual(filled([[{ kind: "text", text: "a {word}, {nothing}" }, { kind: "term", text: "x", to: "y" }]], { word: "<b>" }), [[{ kind: "text", text: "a <b>, " }, { kind: "term", text: "x", to: "y" }]]);
});
