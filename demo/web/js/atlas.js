// The map of the vocabulary: every word a dot, the prompt's words lit and named, and the name of the dot one points at.

import { colours, draw } from "./bytes.js";

const EDGE = 26; // pixels kept free around the dots
const REACH = 18; // pixels between the pointer and the dot it means
const FONT = "13px ui-sans-serif, system-ui, sans-serif";

export class AtlasMap {
  constructor(canvas) {
    this.canvas = canvas;
    this.shown = null; // {words, map, lit: [{text, place, chosen}], near: [word]}
    /** @type {number | null} */
    this.pointed = null;
    /** @type {[number, number][]} */
    this.spots = [];
    canvas.addEventListener("pointermove", (event) => this.point(event.offsetX, event.offsetY));
    canvas.addEventListener("pointerleave", () => this.point(-1e6, -1e6));
  }

  show(shown) {
    this.shown = shown;
    this.rows = new Map(shown.words.map((word, at) => [word, at]));
    this.paint();
  }

  paint() {
    if (this.shown) draw(this.canvas, (pen, width, height) => this.pen(pen, width, height));
  }

  point(x, y) {
    if (!this.spots) return;
    let best = null;
    let least = REACH;
    this.spots.forEach(([left, top], at) => {
      const far = Math.hypot(left - x, top - y);
      if (far < least) [best, least] = [at, far];
    });
    if (best === this.pointed) return;
    this.pointed = best;
    this.paint();
  }

  pen(pen, width, height) {
    const { words, map, lit, near } = this.shown;
    const [ink, soft, strong, amber, ground] = colours(this.canvas, "ink", "soft", "line-strong", "amber-ink", "card");
    const at = frame([...map, ...lit.map(({ place }) => place)], width, height);
    this.spots = map.map(at);
    const taken = [];
    const dot = (spot, size, colour) => {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.arc(...spot, size, 0, 2 * Math.PI);
      pen.fill();
    };
    pen.globalAlpha = 0.5;
    for (const spot of this.spots) dot(spot, 2, strong);
    pen.globalAlpha = 1;
    pen.font = FONT;
    const named = [...lit].sort((a, b) => b.chosen - a.chosen);
    for (const { place } of named) taken.push(around(at(place), 5));
    const label = (text, spot, colour, weight = "") => {
      pen.font = weight + FONT;
      const box = room(spot, pen.measureText(text).width, taken, width, height);
      if (!box) return;
      taken.push(box);
      pen.lineWidth = 3;
      pen.strokeStyle = ground;
      pen.lineJoin = "round";
      pen.strokeText(text, box.left, box.bottom - 4);
      pen.fillStyle = colour;
      pen.fillText(text, box.left, box.bottom - 4);
    };
    for (const { place, chosen } of named) dot(at(place), chosen ? 6 : 4, amber);
    for (const { text, place, chosen } of named) label(text, at(place), chosen ? amber : ink, chosen ? "bold " : "");
    for (const word of near) {
      if (!this.rows.has(word)) continue;
      const spot = this.spots[this.rows.get(word)];
      dot(spot, 2.5, soft);
      label(word, spot, soft);
    }
    if (this.pointed === null) return;
    dot(this.spots[this.pointed], 4, ink);
    taken.length = 0;
    label(words[this.pointed], this.spots[this.pointed], ink, "bold ");
  }
}

/** A function from a place on the map to pixels; both axes at one scale of their own, so that the map fills its canvas. */
function frame(places, width, height) {
  const axis = (which, low, high) => {
    const values = places.map((place) => place[which]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return (value) => low + ((value - least) / (most - least || 1)) * (high - low);
  };
  const x = axis(0, EDGE, width - EDGE);
  const y = axis(1, height - EDGE, EDGE);
  return (place) => [x(place[0]), y(place[1])];
}

/**
 * Where a text fits beside a spot without lying on another; null where it does not.
 * @param {number[]} spot
 */
function room([x, y], wide, taken, width, height) {
  const tall = 16;
  const beside = [[x + 8, y - 8], [x - 8 - wide, y - 8], [x - wide / 2, y - 24], [x - wide / 2, y + 8], [x + 6, y - 22], [x + 6, y + 6], [x - 6 - wide, y - 22], [x - 6 - wide, y + 6]];
  const boxes = beside.map(([left, top]) => ({ left, top, right: left + wide, bottom: top + tall }));
  const free = (box) => taken.every((other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom);
  return boxes.find((box) => box.left >= 2 && box.right <= width - 2 && box.top >= 0 && box.bottom <= height && free(box)) ?? null;
}

/** @param {number[]} spot */
function around([x, y], by) {
  return { left: x - by, right: x + by, top: y - by, bottom: y + by };
}
