// The curves of a run under its timeline: noise left and how much each step changed while it runs, how settled each guess
// was once the final picture is known. Its steps stand under those of the film; a press on it goes to a step.

import { Part } from "../part.js";
import { many, percent } from "../text.js";

const HEIGHT = 92; // CSS pixels
const TOP = 12; // room for the label of the mark
const CURVES = ["noise", "coarse", "fine"];
const SVG = "http://www.w3.org/2000/svg";

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    this.plot = root.querySelector(".plot");
    this.note = root.querySelector(".note");
    this.film = context.page.querySelector(".film");
    this.values = Object.fromEntries([...root.querySelectorAll(".legend > div")].map((row) => [row.className, row.querySelector("dd")]));
    this.listen();
    new ResizeObserver(() => this.reel && this.fit()).observe(this.plot);
  }

  lay(reel) {
    this.drawn = -1;
    this.step = 0;
    this.data = { noise: [], change: [], coarse: [], fine: [] };
    this.point = null;
    this.note.textContent = reel.run ? "" : "Once something runs, its curves are drawn here.";
    this.fit();
  }

  show(step, frame, _reel) {
    this.step = step;
    this.grow();
    if (!frame) return;
    this.here();
  }

  ended(reel) {
    const { curves, point } = reel.end;
    const layout = (curves?.layout ?? []).map((alike) => Math.max(0, alike)); // a guess may be the opposite of the end
    if (curves) this.data = { noise: curves.noise_left, change: curves.change, coarse: layout, fine: curves.detail ?? [] };
    this.point = point ?? null;
    if (reel.last >= 0 && !this.data.coarse.length) this.note.textContent = "How much a guess was like the final picture is known at the end, and this run has none.";
    this.drawn = -1;
    this.fit();
  }

  /** Take in the frames that have come since; at the end the server's own numbers replace them. */
  grow() {
    const { frames, end } = this.reel;
    if (!end?.curves) for (const frame of frames.slice(this.data.noise.length)) {
      this.data.noise.push(frame.noise_left);
      this.data.change.push(frame.changed);
    }
    if (this.drawn === this.data.noise.length) return;
    this.drawn = this.data.noise.length;
    this.lines();
  }

  /** Where the film's steps stand, in pixels from the left of the plot. */
  fit() {
    const { width, left } = this.plot.getBoundingClientRect();
    if (!width) return;
    const film = this.film.getBoundingClientRect();
    const tile = parseFloat(this.film.style.getPropertyValue("--tile")) || 0;
    const span = (parseFloat(this.film.style.getPropertyValue("--span")) || film.width) - tile;
    this.from = film.left - left + tile / 2;
    this.by = span / this.reel.total;
    this.plot.setAttribute("viewBox", "0 0 " + width + " " + HEIGHT);
    this.lines();
    this.here();
  }

  x(step) {
    return this.from + this.by * step;
  }

  /** 0 is the floor, 1 the top. */
  y(share) {
    return HEIGHT - 4 - share * (HEIGHT - 8 - TOP);
  }

  lines() {
    if (this.from === undefined) return;
    for (const name of CURVES) this.plot.querySelector("path." + name).setAttribute("d", this.path(this.data[name]));
    this.bars();
    const mark = this.plot.querySelector(".decided");
    const there = this.point !== null && this.data.coarse.length > 0;
    mark.style.display = there ? "" : "none";
    if (there) this.mark(mark);
    this.plot.setAttribute("aria-label", this.summary());
  }

  path(values) {
    return values.map((value, step) => (step ? "L" : "M") + this.x(step).toFixed(1) + " " + this.y(value).toFixed(1)).join("");
  }

  bars() {
    const most = Math.max(...this.data.change.map((levels) => levels ?? 0), 1e-9);
    const wide = Math.max(1.5, Math.min(14, this.by * 0.55));
    const bars = this.data.change.map((levels, step) => {
      const bar = document.createElementNS(SVG, "rect");
      const high = 0.55 * ((levels ?? 0) / most) * (HEIGHT - 8 - TOP);
      bar.setAttribute("x", String(this.x(step) - wide / 2));
      bar.setAttribute("y", String(HEIGHT - 4 - high));
      bar.setAttribute("width", String(wide));
      bar.setAttribute("height", String(high));
      return bar;
    });
    this.plot.querySelector(".bars").replaceChildren(...bars);
  }

  mark(mark) {
    const [x, y] = [this.x(this.point), this.y(this.data.coarse[this.point])];
    const circle = mark.querySelector("circle");
    circle.setAttribute("cx", x);
    circle.setAttribute("cy", y);
    const text = mark.querySelector("text");
    const late = this.point > 0.6 * this.reel.total;
    text.textContent = (this.by * this.reel.total > 420 ? "layout decided at step " : "decided at step ") + this.point;
    text.setAttribute("x", x + (late ? 6 : -4));
    text.setAttribute("y", y + 24);
    text.setAttribute("text-anchor", late ? "end" : "start");
  }

  /** The line of the step on show, the dots on the curves, and the values there. */
  here() {
    const step = this.step ?? 0;
    const shown = this.data.noise.length > step && this.from !== undefined;
    const now = this.plot.querySelector(".now");
    now.style.display = shown ? "" : "none";
    for (const name of CURVES) {
      const value = this.data[name][step];
      const dot = this.plot.querySelector("circle." + name);
      dot.style.display = shown && value !== undefined ? "" : "none";
      if (shown && value !== undefined) {
        dot.setAttribute("cx", this.x(step));
        dot.setAttribute("cy", this.y(value));
      }
      this.values[name].textContent = value === undefined ? (shown && name !== "noise" && !this.reel.end ? "at the end" : "–") : percent(value);
    }
    if (!shown) return;
    for (const [name, value] of Object.entries({ x1: this.x(step), x2: this.x(step), y1: 2, y2: HEIGHT - 2 })) now.setAttribute(name, value);
    const levels = this.data.change[step];
    this.values.change.textContent = levels === null || levels === undefined ? "–" : levels.toFixed(1) + " levels";
  }

  summary() {
    const { noise, coarse } = this.data;
    if (!noise.length) return "Curves of this run: nothing drawn yet";
    const fall = "Noise left falls from " + percent(noise[0]) + " to " + percent(noise.at(-1)) + " in " + many(noise.length - 1, "step") + ".";
    if (!coarse.length) return fall;
    return fall + (this.point === null ? "" : " The layout was decided at step " + this.point + ": from there on a guess is at least 0.90 of 1 like the final picture in it.");
  }

  listen() {
    const go = (event) => {
      if (this.reel.last < 0) return;
      const at = event.clientX - this.plot.getBoundingClientRect().left - this.from;
      this.context.go(Math.max(0, Math.min(this.reel.last, Math.round(at / this.by))));
    };
    this.plot.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      this.plot.setPointerCapture(event.pointerId);
      go(event);
    });
    this.plot.addEventListener("pointermove", (event) => this.plot.hasPointerCapture(event.pointerId) && go(event));
  }

  wake() {
    requestAnimationFrame(() => this.fit());
  }
}
