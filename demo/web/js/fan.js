// Four branches of one state, each with fresh noise over the same guess: how much is still open there, in four pictures
// and one number. They run beside the timeline, one after the other; any of them can be put on it.

import { paint } from "./pictures.js";
import { clearest } from "./reel.js";
import { waitingFor } from "./text.js";

export class Fan {
  /** `beside(values, on)` and `recall(run)` as the controller has them. */
  constructor(page, { beside, recall }) {
    this.beside = beside;
    this.recall = recall;
    this.sheet = page.querySelector(".fan");
    this.title = this.sheet.querySelector("h3");
    this.ways = this.sheet.querySelector(".ways");
    this.told = this.sheet.querySelector(".told");
    this.halt = this.sheet.querySelector(".drop");
    this.from = null; // the name of the run that was left last
    this.found = new Map(); // step -> by how many levels two of its four pictures differ
    this.halt.onclick = () => this.under?.stop();
    this.sheet.querySelector(".close").onclick = () => {
      this.under?.stop();
      this.sheet.hidden = true;
    };
  }

  /** Run `four` branches of `reel` at `step`. */
  open(reel, step, four) {
    if (reel.run !== this.from) this.found.clear();
    this.from = reel.run;
    this.step = step;
    this.title.textContent = "Four ways on from step " + step;
    this.ways.replaceChildren(...four.map((values) => way(values.fresh)));
    this.sheet.hidden = false;
    this.sheet.scrollIntoView({ block: "nearest" });
    this.run(four, 0);
  }

  run(four, at) {
    const button = /** @type {HTMLButtonElement} */ (this.ways.children[at]);
    if (!button) return this.over(this.verdict());
    this.under = this.beside(four[at], {
      begin: (reel) => (button.onclick = () => this.recall(reel.run)),
      waiting: (ahead, seconds) => (this.told.textContent = waitingFor(ahead, seconds)),
      drawn: (frame, reel) => {
        this.told.textContent = "The " + ["first", "second", "third", "last"][at] + " of four: step " + frame.index + " of " + reel.total;
        const picture = clearest(frame);
        if (picture) paint(button.querySelector("canvas"), picture, frame.width, frame.height);
      },
      done: (reel) => {
        if (reel.end.stopped) this.over("Stopped before all four were there.");
        else this.run(four, at + 1);
      },
      trouble: (sentence) => this.over(sentence),
    });
    if (!this.under) return this.over("There is another run under way; try again when it has ended.");
    this.halt.hidden = false;
  }

  over(sentence) {
    this.under = null;
    this.halt.hidden = true;
    this.told.textContent = sentence;
    for (const button of this.ways.querySelectorAll("button")) button.disabled = !button.onclick;
  }

  /** How far apart the four pictures are, here and at the other steps of this run that were tried. */
  verdict() {
    this.found.set(this.step, apart([...this.ways.querySelectorAll("canvas")].map(pixels)));
    const steps = [...this.found].sort(([one], [other]) => one - other);
    const each = steps.map(([step, levels], at) => "by " + levels.toFixed(1) + (at ? "" : " of 255 levels") + " from step " + step);
    const falls = steps.every(([, levels], at) => at === 0 || levels < steps[at - 1][1]);
    const more = steps.length < 2 ? " Now try it from an earlier or a later step." : falls ? " The later the step, the less is still open." : "";
    return "On average, two of the four differ " + each.join(", ") + "." + more + " Press one to put it on the timeline.";
  }
}

/** Mean absolute difference of two pictures' values, in levels, over all pairs of `pictures`. */
export function apart(pictures) {
  const pairs = pictures.flatMap((one, at) => pictures.slice(at + 1).map((other) => [one, other]));
  const levels = pairs.map(([one, other]) => one.reduce((sum, value, at) => sum + Math.abs(value - other[at]), 0) / one.length);
  return levels.reduce((sum, value) => sum + value, 0) / pairs.length;
}

/** A canvas's red, green and blue. */
function pixels(canvas) {
  return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.filter((_, at) => at % 4 !== 3);
}

function way(seed) {
  const button = document.createElement("button");
  button.type = "button";
  button.disabled = true;
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  const name = document.createElement("span");
  name.textContent = "fresh noise " + seed;
  button.append(canvas, name);
  return button;
}
