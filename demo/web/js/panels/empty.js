// Nobody asks: sixteen runs without a prompt, and their mean beside that of the scenes of its training. The last picture of a
// run comes exactly, so both means are compared here; how far sixteen scenes taken at random would be was measured before.

import { apart, meanOf, pixels } from "../means.js";
import { Part } from "../part.js";
import { paint } from "../pictures.js";
import { clearest } from "../reel.js";
import { anySeed, seeded, Turns } from "../turns.js";

const STEPS = 12; // at most: sixteen runs are waited for
const EACH = 16; // pictures, where no mean says how many

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.mean = context.facts.lab.mean;
    this.go = find(".ask-nothing");
    this.halt = find(".halt");
    this.told = find(".state");
    this.shown = find(".unasked");
    this.list = find("ol");
    this.means = find(".means");
    this.mine = find(".mine");
    this.all = find(".all");
    this.verdict = find(".verdict");
    this.turns = new Turns(context, {
      said: (text) => this.say(text),
      drawn: (at, frame, reel) => this.drawn(at, frame, reel),
      done: () => {},
      over: (sentence) => this.over(sentence),
    });
    this.go.onclick = () => this.start();
    this.halt.onclick = () => this.turns.stop();
  }

  start() {
    if (this.turns.busy) return;
    const { context } = this;
    const count = this.mean?.group ?? EACH;
    this.seed = anySeed(count);
    this.list.replaceChildren(...Array.from({ length: count }, place));
    this.mine.getContext("2d").clearRect(0, 0, this.mine.width, this.mine.height);
    this.verdict.textContent = "";
    this.shown.hidden = false;
    this.means.hidden = !this.mean;
    if (this.mean) this.usual();
    const focused = document.activeElement === this.go;
    this.go.disabled = true;
    this.halt.hidden = false;
    if (focused) this.halt.focus({ preventScroll: true });
    const values = { ...context.values(), prompt: "", unasked: true };
    this.turns.start(seeded(values, context.facts, this.seed, count, STEPS));
  }

  usual() {
    const { file, count } = this.mean;
    if (!this.all.src) this.all.src = new URL("out-of-static/lab/" + file, document.baseURI).href;
    const name = "the mean of " + count.toLocaleString("en") + " scenes of its training";
    this.all.alt = name + ": all of them at once, so hardly more than sky above and ground below";
    this.means.lastElementChild.querySelector("figcaption").textContent = name;
  }

  drawn(at, frame, reel) {
    const canvas = this.list.children[at].querySelector("canvas");
    const picture = clearest(frame);
    if (picture) paint(canvas, picture, frame.width, frame.height);
    canvas.setAttribute("aria-label", "Nothing was asked, seed " + reel.asked.seed + ", step " + frame.index + " of " + reel.total);
  }

  over(sentence) {
    const focused = this.root.contains(document.activeElement);
    this.halt.hidden = true;
    this.go.disabled = false;
    this.say(sentence || "Seeds " + this.seed + " to " + (this.seed + this.list.children.length - 1) + ", each asked for nothing.");
    if (sentence && focused) this.go.focus({ preventScroll: true });
    if (sentence || !this.mean) return;
    this.compare();
    if (focused) this.verdict.focus({ preventScroll: true });
  }

  compare() {
    const drawn = [...this.list.querySelectorAll("canvas")];
    const { width, height } = drawn[0];
    const mean = meanOf(drawn.map(pixels));
    Object.assign(this.mine, { width, height });
    this.mine.getContext("2d").putImageData(new ImageData(Uint8ClampedArray.from(mean, Math.round), width, height), 0, 0);
    this.mine.setAttribute("aria-label", "The mean of these " + drawn.length + " pictures");
    if (!this.all.complete || this.all.naturalWidth !== width || this.all.naturalHeight !== height) return this.say("The mean of its training did not load, or is of another size, so there is nothing to compare with.");
    const usual = new OffscreenCanvas(width, height);
    usual.getContext("2d").drawImage(this.all, 0, 0);
    this.verdict.textContent = told(apart(mean, pixels(usual), width, height), this.mean);
  }

  say(text) {
    this.told.textContent = text;
  }
}

/** How far the mean of what nobody asked for is from that of the training, and what that says of the claim. */
export function told(levels, { typical, most }) {
  const far = "The mean of these sixteen is " + levels.toFixed(1) + " of 255 levels from that of its training. Sixteen scenes taken from there at random are usually " + typical.toFixed(1) + " away, and nineteen times in twenty at most " + most.toFixed(1) + ". ";
  if (levels <= most) return far + "So by their mean they could be sixteen of the scenes it saw: the claim stands.";
  return far + "So it does not draw quite what was usual in what it saw: that contradicts the claim.";
}

function place() {
  const item = document.createElement("li");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Not drawn yet");
  item.append(canvas);
  return item;
}
