// What a visitor is told of their GPU time, and that nothing is said where none is taken.

import assert from "node:assert/strict";
import { test } from "node:test";

const { Cost, said } = await import(new URL("../../demo/web/js/cost.js", import.meta.url).href);

const place = (dataset = {}) => ({ dataset, hidden: true, textContent: "" });
const page = (places) => ({ querySelectorAll: () => places, querySelector: () => ({ addEventListener() {} }) });
const told = () => new Promise((resolve) => setTimeout(resolve));

test("one run and several are told with their seconds", () => {
  assert.equal(said(1, 60), "A run asks for up to 60 s of your GPU time.");
  assert.equal(said(3, 33), "3 runs, each asks for up to 33 s of your GPU time: 99 s in all.");
});

test("each place is told of its own runs and steps; what cannot be run is not told", async () => {
  const places = [place(), place({ runs: "3", steps: "12" })];
  const asked = [];
  const ask = async (_panel, { steps }) => (asked.push(steps), { seconds: 15 + 2 * Number(steps) });
  let steps = "30";
  const cost = new Cost(page(places), { facts: { steps: 30, cost: 75 }, ask, steps: () => steps });
  await told();
  assert.deepEqual(places.map(({ textContent, hidden }) => [textContent, hidden]), [[said(1, 75), false], [said(3, 39), false]]);
  assert.deepEqual(asked, ["12"]);
  steps = "999";
  cost.ask = () => Promise.reject(new Error("Steps must be"));
  await cost.tell();
  assert.deepEqual(places.map(({ hidden }) => hidden), [true, false]);
});

test("where a run costs nothing, nothing is said and nobody is asked", async () => {
  const places = [place()];
  const cost = new Cost(page(places), { facts: { steps: 30, cost: null }, ask: () => assert.fail(), steps: () => "30" });
  cost.draw({ runs: {} });
  await told();
  assert.equal(places[0].hidden, true);
});
