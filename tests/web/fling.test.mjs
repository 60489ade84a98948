// How fast a strip was let go, and how far it goes on by itself.

import assert from "node:assert/strict";
import { test } from "node:test";

const { gone, thrown } = await import(new URL("../../demo/web/js/fling.js", import.meta.url).href);

test("the speed is that of the last quarter of a second", () => {
  const trail = [{ at: 0, step: 0 }, { at: 500, step: 10 }, { at: 550, step: 15 }];
  assert.equal(thrown(trail, 600), 0.05);
  assert.equal(thrown(trail, 651), 0); // it lay still
  assert.equal(thrown([], 0), 0);
  assert.equal(thrown([{ at: 0, step: 4 }, { at: 50, step: 2 }], 50), -0.04);
});

test("it goes on at the speed that it had, slows down and comes to rest", () => {
  assert.ok(Math.abs(gone(0.05, 1) - 0.05) < 1e-3);
  const way = [0, 100, 200, 400, 800, 1600].map((ms) => gone(0.05, ms));
  assert.deepEqual(way, [...way].sort((a, b) => a - b));
  assert.ok(Math.abs(gone(0.05, 1e5) - 0.05 * 325) < 1e-9);
});
