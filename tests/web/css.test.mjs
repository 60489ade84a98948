// The style sheets stand on scales: a few type sizes, spaces and radii, and colours with names in both themes.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const HOME = new URL("../../demo/web/css/", import.meta.url);
const names = readdirSync(HOME, { recursive: true }).map(String).filter((name) => name.endsWith(".css"));
const bare = (name) => readFileSync(new URL(name, HOME), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
const sheets = Object.fromEntries(names.map((name) => [name, bare(name)]));

/** Each "property: value;" of every sheet: {name, prop, value}. */
const declared = names.flatMap((name) =>
  [...sheets[name].matchAll(/(?:^|[\s;{])(-{0,2}[a-z][a-z0-9-]*):\s([^;{}]+);/g)].map(([, prop, value]) => ({ name, prop, value })),
);
const defines = ({ name, prop }) => name === "base.css" && prop.startsWith("--");
const scale = (kind) => new Set(declared.filter((one) => defines(one) && one.prop.startsWith(`--${kind}-`)).map(({ prop }) => prop));
const listed = (off) => off.map(({ name, prop, value }) => `${name}: ${prop}: ${value}`);

// What may stand beside the scales, and why.
const ALLOWED = [
  [/^inherit$/, "takes the size around it, which stands on the scale"],
  [/^0$|^auto$|^0 auto$/, "nothing, or what is left over"],
  [/env\(safe-area-inset-bottom\)/, "a telephone says itself how much its bar takes"],
  [/var\(--bleed, 0px\)/, "measured: how far the frame around the page keeps it from the window's edge"],
  [/calc\(var\(--wipe\) - var\(--space-1\)\)/, "where the visitor has the divide"],
  [/^34vh$/, "the third of the window that the docked timeline may cover"],
];
const onScale = (value, kind) =>
  ALLOWED.some(([pattern]) => pattern.test(value)) ||
  !/(?<![\w-])-?\d*\.?\d+(?:px|r?em|ch|ex|pt|vh|vw|%)/.test(value.replaceAll(new RegExp(`var\\(--${kind}-[a-z0-9]+\\)`, "g"), ""));

test("there are at most six type sizes, six spaces and four radii", () => {
  const counts = Object.fromEntries(["type", "space", "round"].map((kind) => [kind, scale(kind).size]));
  assert.ok(counts.type && counts.type <= 6 && counts.space && counts.space <= 6 && counts.round && counts.round <= 4, JSON.stringify(counts));
});

test("sizes of type come from their scale", () => {
  assert.deepEqual(listed(declared.filter(({ prop, value }) => /^font(-size)?$/.test(prop) && !onScale(value, "type"))), []);
});

test("spaces come from their scale", () => {
  const spaces = declared.filter(({ prop }) => /^((row-|column-)?gap|padding(-[a-z]+)*|margin(-[a-z]+)*)$/.test(prop));
  assert.ok(spaces.length > 100);
  assert.deepEqual(listed(spaces.filter(({ value }) => !onScale(value, "space"))), []);
});

test("radii come from their scale", () => {
  assert.deepEqual(listed(declared.filter(({ prop, value }) => prop === "border-radius" && !onScale(value, "round"))), []);
});

test("a colour is named where it is used", () => {
  const colour = /#[0-9a-f]{3,8}\b|\b(rgba?|hsla?|hwb|lab|lch|oklab|oklch|color)\(|(?<![-\w])(white|black|red|orange|yellow|green|blue|gr[ae]y)(?![-\w])/i;
  assert.deepEqual(listed(declared.filter((one) => !defines(one) && colour.test(one.value))), []);
});

test("both themes name the same ground, ink and accents", () => {
  const block = (start) => sheets["base.css"].split(start)[1].split("}")[0];
  const given = (text) => new Set([...text.matchAll(/(--[a-z0-9-]+):/g)].map(([, name]) => name));
  const light = given(block("\n.oos {") || block(".oos {"));
  const dark = given(block("body.dark .oos {"));
  assert.deepEqual([...dark].filter((name) => !light.has(name)), []);
  for (const name of ["ground", "card", "raised", "well", "line", "line-strong", "ink", "soft", "amber-ink", "wash", "bad"])
    assert.ok(dark.has("--" + name), "dark has no --" + name);
});

test("every name that is used is given", () => {
  const given = new Set(Object.values(sheets).flatMap((text) => [...text.matchAll(/(--[a-z0-9-]+):/g)].map(([, name]) => name)));
  const scripts = ["bleed", "full", "span", "tile", "filled", "share", "wipe", "across", "ask-left", "ask-width", "ask-height"];
  const known = new Set([...given, ...scripts.map((name) => "--" + name)]);
  for (const [name, text] of Object.entries(sheets))
    for (const [, used] of text.matchAll(/var\((--[a-z0-9-]+)/g)) assert.ok(known.has(used), name + ": " + used);
});
