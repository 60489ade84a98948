// The style sheets stand on scales: a few type sizes, spaces and radii, and colours with names.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const HOME = new URL("../../demo/web/css/", import.meta.url);
const sheets = Object.fromEntries(readdirSync(HOME, { recursive: true }).filter((name) => name.endsWith(".css")).map((name) => [name, readFileSync(new URL(name, HOME), "utf8").replace(/\/\*[\s\S]*?\*\//g, "")]));
const base = sheets["base.css"];
const scale = (name) => new Set([...base.matchAll(new RegExp("--" + name + "-[a-z0-9]+(?=:)", "g"))].map(([found]) => found));
const declared = (pattern) => Object.entries(sheets).flatMap(([name, text]) => [...text.matchAll(pattern)].map(([, prop, value]) => [name, prop, value]));

test("there are at most six type sizes, six spaces and four radii", () => {
  assert.ok(scale("type").size <= 6 && scale("space").size <= 6 && scale("round").size <= 4);
  assert.ok(scale("type").size && scale("space").size && scale("round").size);
});

test("sizes of type, spaces and radii come from their scale", () => {
  const off = declared(/(?<![-\w])(font-size|font|(?:row-|column-)?gap|padding[a-z-]*|margin[a-z-]*|border-radius): ([^;]+);/g).filter(([, , value]) => /(?<![\w-])-?\d*\.?\d+px/.test(value.replaceAll("0px", "0")));
  assert.deepEqual(off, []);
});

test("a colour is named where it is used", () => {
  const colour = /#[0-9a-f]{3,8}\b|rgba?\(/i;
  const off = declared(/(?:^|[\s;{])([a-z][a-z-]*|--[a-z-]+): ([^;]+);/g).filter(([name, prop, value]) => colour.test(value) && !(name === "base.css" && prop.startsWith("--")));
  assert.deepEqual(off, []);
});

test("every name that is used is given", () => {
  const given = new Set(Object.values(sheets).flatMap((text) => [...text.matchAll(/(--[a-z0-9-]+):/g)].map(([, name]) => name)));
  const fromScripts = ["--bleed", "--full", "--span", "--tile", "--filled", "--share", "--wipe", "--across", "--ask-left", "--ask-width", "--ask-height"];
  for (const [name, text] of Object.entries(sheets)) for (const [, used] of text.matchAll(/var\((--[a-z0-9-]+)/g)) assert.ok(given.has(used) || fromScripts.includes(used), name + ": " + used);
});
