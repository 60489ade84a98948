// A second run beside the one on the timeline, on the same scrubber: its pictures where they belong side by side, the
// difference of the two, and one plot of both.

import { aligned, differences } from "./align.js";
import { drawn, paint, size } from "./pictures.js";
import { shown } from "./reel.js";
import { percent } from "./text.js";
import { marked } from "./visit.js";

const SIZE = { width: 300, height: 90, edge: 5 }; // of the plot, in its own units

export class Compare {
  /** `context`: align(by), compare(key), swap(). */
  constructor(page, context) {
    this.part = page.querySelector(".second");
    this.canvases = Object.fromEntries([...this.part.querySelectorAll("canvas")].map((canvas) => [canvas.dataset.beside, canvas]));
    this.captions = Object.fromEntries([...this.part.querySelectorAll("figcaption span")].map((text) => [text.dataset.told, text]));
    this.differs = this.part.querySelector(".differs");
    this.plot = this.part.querySelector("svg.both");
    this.note = this.part.querySelector(".plot-note");
    /** @type {import("./reel.js").Reel | null} the two that were last told apart */
    this.here = null;
    /** @type {import("./reel.js").Reel | null} */
    this.there = null;
    for (const radio of this.part.querySelectorAll("[name=oos-align]")) radio.onchange = () => context.align(radio.value);
    this.part.querySelector(".swap").onclick = () => context.swap();
    this.part.querySelector(".put-away").onclick = () => context.compare(null);
  }

  draw(state) {
    const [here, there] = [shown(state), state.runs[state.other]];
    this.part.hidden = !there || there === here || here.last < 0 || there.last < 0;
    if (this.part.hidden) return;
    const frame = here.frames[state.step];
    const other = aligned(there, frame, state.by);
    for (const radio of this.part.querySelectorAll("[name=oos-align]")) radio.checked = radio.value === state.by;
    if (here !== this.here || there !== this.there) this.differences(here, there);
    [this.here, this.there] = [here, there];
    if (!frame || !other) return;
    this.pictures(frame, other, there);
    this.curves(here, there, frame, other, state.by);
  }

  differences(here, there) {
    const rows = differences(here.asked, there.asked).flatMap(({ field, name, here: mine, there: its }) => {
      const [term, first, second] = ["dt", "dd", "dd"].map((tag) => document.createElement(tag));
      term.textContent = name;
      first.replaceChildren(...(field === "prompt" ? marked(mine, its) : [String(mine) || "nothing"]));
      second.replaceChildren(...(field === "prompt" ? marked(its, mine) : [String(its) || "nothing"]));
      return [term, first, second];
    });
    const head = ["", "on the timeline", "beside it"].map((text, at) => Object.assign(document.createElement(at ? "dd" : "dt"), { textContent: text, className: "column" }));
    this.differs.replaceChildren(...(rows.length ? [...head, ...rows] : [Object.assign(document.createElement("dd"), { className: "whole", textContent: "Asked for in the very same words and numbers." })]));
  }

  pictures(frame, other, there) {
    const where = "step " + other.index + " of " + there.total + ", " + percent(other.noise_left) + " noise left";
    for (const name of ["state", "guess"]) {
      const canvas = this.canvases[name];
      canvas.classList.toggle("on", Boolean(other[name]));
      if (other[name]) paint(canvas, other[name], other.width, other.height);
      canvas.setAttribute("aria-label", "Beside it, the " + name + " at " + where + (other[name] ? "" : ": there is none") + ". It was asked for: " + there.asked.prompt);
    }
    this.captions.where.textContent = where;
    const view = frame.guess && other.guess ? "guess" : "state";
    const both = frame[view] && other[view];
    this.canvases.difference.classList.toggle("on", Boolean(both));
    const tell = (text) => {
      this.captions.difference.textContent = text;
      this.canvases.difference.setAttribute("aria-label", "Difference " + text);
    };
    const levels = (apart) => tell("of the two " + (view === "guess" ? "guesses" : "states") + ": " + apart.toFixed(1) + " levels of 255 on average");
    if (both) difference(this.canvases.difference, frame, other, view, levels);
    else drawn(this.canvases.difference, [], () => tell("there is none here"));
  }

  /** How far each guess was like its own end, the two runs in one plot, by what they are aligned by. */
  curves(here, there, frame, other, by) {
    const at = (reel, index) => (by === "step" ? index / Math.max(here.total, there.total) : 1 - reel.frames[index].noise_left);
    for (const [name, reel, now] of /** @type {const} */ ([["mine", here, frame], ["its", there, other]])) {
      const line = (reel.end?.curves?.layout ?? []).slice(0, reel.frames.length);
      const points = line.map((alike, index) => [at(reel, index), Math.max(0, alike ?? 0)]);
      this.plot.querySelector("path." + name + ":not(.dot)").setAttribute("d", points.map(([x, y], k) => (k ? "L" : "M") + place(x, y)).join(""));
      const point = points[now.index];
      this.plot.querySelector("path.dot." + name).setAttribute("d", point ? "M" + place(...point) + "h0" : ""); // a line of no length is as round as its ends
    }
    const known = [here, there].every((reel) => reel.end?.curves?.layout);
    this.note.textContent = known ? "" : "How settled a guess was is known when its run has ended.";
  }
}

function place(x, y) {
  const { width, height, edge } = SIZE;
  return (edge + x * (width - 2 * edge)).toFixed(1) + " " + (height - edge - y * (height - 2 * edge)).toFixed(1);
}

/**
 * Draw `frame`'s picture minus the other's around mid-grey, as large as `frame` is; half as strong, so that nothing is cut
 * off. Tells the mean absolute difference of their colours, 0..255.
 */
function difference(canvas, frame, other, view, tell) {
  const { width, height } = frame;
  drawn(canvas, [frame[view], other[view]], (...bitmaps) => {
    const board = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    const [first, second] = bitmaps.map((bitmap) => {
      board.drawImage(bitmap, 0, 0, width, height);
      return board.getImageData(0, 0, width, height).data;
    });
    size(canvas, width, height);
    tell(apart(canvas, first, second));
  });
}

function apart(canvas, first, second) {
  const { width, height } = canvas;
  const made = new ImageData(width, height);
  let sum = 0;
  for (let at = 0; at < made.data.length; at++) {
    const gap = first[at] - second[at];
    if (at % 4 === 3) made.data[at] = 255;
    else {
      made.data[at] = 128 + gap / 2;
      sum += Math.abs(gap);
    }
  }
  canvas.getContext("2d").putImageData(made, 0, 0);
  return sum / (3 * width * height);
}
