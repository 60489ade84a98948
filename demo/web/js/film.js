// The filmstrip and its scrubber. The strip is the track: tiles of steps spread evenly, and a head that rides over them
// carrying the step on show. The scrubber itself is a range input as large as the strip, so touch and keys come with it.

import { Fling } from "./fling.js";
import { paint } from "./pictures.js";
import { shown } from "./reel.js";

export class Film {
  /** `onmove(step)` when the visitor drags or taps. */
  constructor(element, onmove) {
    this.element = element;
    this.tiles = element.querySelector(".tiles");
    this.scrub = element.querySelector(".scrub");
    this.head = element.querySelector(".head");
    this.scrub.addEventListener("input", () => onmove(Number(this.scrub.value)));
    new Fling(this.scrub, onmove);
    new ResizeObserver(() => this.reel && this.fit()).observe(element);
  }

  /** A new, empty strip for `reel`. */
  lay(reel) {
    this.reel = reel;
    this.step = 0;
    this.scrub.max = reel.total;
    this.scrub.value = 0;
    this.scrub.disabled = true;
    this.head.hidden = true;
    this.count = 0;
    this.drawn = new Set();
    this.fit();
  }

  /** As many tiles as fit, at most one for each state; the first is the noise, the last the picture. */
  fit() {
    const { width, height } = this.tiles.getBoundingClientRect();
    if (!width) return;
    const gap = 6;
    const count = Math.max(2, Math.min(this.reel.total + 1, Math.floor((width + gap) / (height + gap))));
    this.tile = height;
    this.span = count === this.reel.total + 1 && count * (height + gap) < width * 0.8 ? (count - 1) * (height + gap) : width - height;
    this.element.style.setProperty("--tile", height + "px");
    this.element.style.setProperty("--span", this.span + height + "px");
    if (count !== this.count) {
      this.count = count;
      this.tiles.replaceChildren(...Array.from({ length: count }, () => document.createElement("canvas")));
      this.drawn = new Set();
    }
    [...this.tiles.children].forEach((tile, at) => (tile.style.left = (at * this.span) / (count - 1) + "px"));
    this.reached(this.reel);
    this.place();
  }

  /** Fill the tiles whose step has been drawn. */
  reached(reel) {
    [...this.tiles.children].forEach((tile, at) => {
      const step = Math.round((at * reel.total) / (this.count - 1));
      const frame = reel.frames[step];
      if (!frame?.state || this.drawn.has(at)) return;
      paint(tile, frame.state);
      tile.classList.toggle("past", step < reel.shared);
      tile.classList.add("on");
      this.drawn.add(at);
    });
  }

  draw(state) {
    const reel = shown(state);
    if (reel !== this.reel || reel.asked !== this.begun) {
      this.begun = reel.asked;
      this.lay(reel);
    }
    this.reached(reel);
    this.show(state.step, reel.frames[state.step], reel);
  }

  show(step, frame, reel) {
    if (!frame) return;
    this.step = step;
    this.scrub.disabled = false;
    this.scrub.value = step;
    this.scrub.setAttribute("aria-valuetext", "step " + step + " of " + reel.total);
    this.head.hidden = false;
    if (frame.state) paint(this.head, frame.state);
    this.place();
  }

  place() {
    this.head.style.transform = "translateX(" + (this.span * this.step) / this.reel.total + "px)";
  }
}
