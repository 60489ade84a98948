// Stage 1: the seed's static, every channel of the state at every step, and the proof that the same seed gives the same.

import { bytes, colours, draw, paintGrey } from "../bytes.js";
import { Part } from "../part.js";
import { paint } from "../pictures.js";
import { waitingFor } from "../text.js";

const BINS = 51; // of five grey levels each
const FIRST = 16; // digits of a hash that are shown

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    this.find = (selector) => root.querySelector(selector);
    this.button = this.find(".same-again");
    this.button.onclick = () => (this.other?.running ? this.other.stop() : this.again());
    this.tiles = [];
    new ResizeObserver(() => this.latest && this.count(this.latest)).observe(this.find(".counts"));
    new MutationObserver(() => this.latest && this.count(this.latest)).observe(document.body, { attributeFilter: ["class"] });
  }

  lay(reel) {
    this.other?.stop();
    this.other = null;
    this.latest = null;
    this.drawnStatic = false;
    this.find(".witness").hidden = true;
    this.find(".again-said").textContent = "";
    if (!reel.run) return;
    this.find(".seed-title").textContent = "Seed " + reel.asked.seed + " makes this static";
    this.find(".seed-told").textContent = "The dice are thrown once, before anything else. Your words have no part in it.";
    this.button.textContent = "Same seed again";
    this.button.disabled = true;
  }

  show(step, frame, reel) {
    if (!frame) return;
    this.first(reel.frames[0], reel);
    if (frame.channels) this.channels(frame, reel);
    this.button.disabled = !reel.end || reel.last < 1 || reel.recorded;
  }

  ended(reel) {
    this.button.disabled = reel.last < 1 || reel.recorded;
    if (reel.recorded) this.find(".again-said").textContent = "A recorded run cannot be run again from here: generate it to compare.";
  }

  /** Step 0 as the model's decoder shows it. */
  first(noise, reel) {
    if (this.drawnStatic || !noise?.state) return;
    paint(this.find(".dice-static"), noise.state);
    this.find(".dice-static").setAttribute("aria-label", "The static of seed " + reel.asked.seed + ", as the decoder shows it");
    this.drawnStatic = true;
  }

  channels(frame, reel) {
    const { data, c, h, w, span } = frame.channels;
    const grey = bytes(data);
    const box = this.find(".channels");
    if (this.tiles.length !== c) {
      this.tiles = Array.from({ length: c }, () => Object.assign(document.createElement("canvas"), { className: "pixels" }));
      box.replaceChildren(...this.tiles);
      box.style.setProperty("--across", c % 6 === 0 ? 6 : c % 8 === 0 ? 8 : Math.min(c, 6));
    }
    this.find(".seen").hidden = false;
    this.tiles.forEach((tile, at) => paintGrey(tile, grey.subarray(at * h * w, (at + 1) * h * w), w, h));
    const where = "at step " + frame.index + " of " + reel.total;
    this.find(".channels-step").textContent = where;
    const size = c + " channels of " + h + " × " + w + " numbers";
    box.setAttribute("aria-label", size + " " + where + ", drawn in grey");
    this.latest = { grey, span, index: frame.index };
    this.count(this.latest);
  }

  /** How often each value occurs in all channels together, against the normal distribution. */
  count({ grey, span, index }) {
    const bins = new Array(BINS).fill(0);
    let sum = 0;
    let squares = 0;
    for (const level of grey) {
      const value = ((level - 128) * span) / 127;
      bins[Math.max(0, Math.ceil(level / 5) - 1)] += 1;
      sum += value;
      squares += value * value;
    }
    const mean = sum / grey.length;
    const spread = Math.sqrt(squares / grey.length - mean * mean);
    const canvas = this.find(".counts");
    canvas.setAttribute("aria-label", "The numbers of step " + index + ": mean " + mean.toFixed(2) + ", spread " + spread.toFixed(2));
    draw(canvas, (pen, width, height) => bell(pen, width, height, bins.map((count) => count / grey.length), span, canvas));
  }

  /** The same request once more, beside the run on the timeline; the hashes of its states decide. */
  again() {
    const { reel } = this;
    const said = this.find(".again-said");
    const compare = (frame, other) => this.compare(frame, other, reel);
    this.other = this.context.beside(
      reel.again(this.context.facts),
      {
        waiting: (ahead, seconds) => (said.textContent = waitingFor(ahead, seconds) + "."),
        drawn: compare,
        done: (other) => this.verdict(other, reel),
        trouble: (sentence) => this.over(reel, sentence),
      },
    );
    if (!this.other) {
      said.textContent = "One run at a time: try again when this one has ended.";
      return;
    }
    this.button.textContent = "Stop";
    this.same = 0;
    said.textContent = "Throwing the same dice again…";
    const marks = Array.from({ length: reel.last + 1 }, () => document.createElement("i"));
    this.find(".states").replaceChildren(...marks);
    this.find(".hashes").hidden = true;
    if (reel.frames[0].state) paint(this.find(".first-twin"), reel.frames[0].state);
    this.find(".witness").hidden = false;
  }

  compare(frame, other, reel) {
    const mine = reel.frames[frame.index];
    if (reel !== this.reel || !mine) return;
    const same = mine.sha256 === frame.sha256;
    this.same += Number(same);
    this.find(".states").children[frame.index].className = same ? "same" : "differs";
    this.find(".again-said").textContent = "State " + frame.index + " of " + reel.last + (same ? ": the same." : ": not the same!");
    if (mine.state) paint(this.find(".first-twin"), mine.state);
    if (frame.state) paint(this.find(".second-twin"), frame.state);
    this.find(".hashes").hidden = false;
    this.find(".hash-of").textContent = frame.index ? "state " + frame.index : "the static";
    this.find(".hash-first").textContent = mine.sha256.slice(0, FIRST) + "…";
    this.find(".hash-second").textContent = frame.sha256.slice(0, FIRST) + "…";
    if (frame.index === reel.last && !reel.complete) this.other?.stop();
  }

  verdict(other, reel) {
    if (reel !== this.reel) return;
    const states = reel.last + 1;
    const whole = other.last >= reel.last;
    if (!whole) return this.over(reel, "Stopped at state " + Math.max(0, other.last) + "; so far " + this.same + " were the same.");
    const all = this.same === states;
    const told = all
      ? "All " + states + " states are the same, static and picture included, pixel for pixel."
      : this.same + " of " + states + " states are the same. Another thread count or device can round differently.";
    this.over(reel, told);
    this.context.say(told);
  }

  over(reel, told) {
    if (reel !== this.reel) return;
    this.find(".again-said").textContent = told;
    this.button.textContent = "Same seed again";
  }
}

/** Bars of `shares` and the curve exp(-x²/2)/√2π over them, from -span to span. */
function bell(pen, width, height, shares, span, element) {
  const [ink, amber, line] = colours(element, "line-strong", "amber-ink", "line");
  const floor = height - 18;
  const bin = (2 * span) / shares.length;
  const density = (x) => (Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI)) * bin;
  const most = Math.max(density(0), ...shares) * 1.08;
  pen.fillStyle = ink;
  pen.globalAlpha = 0.6;
  shares.forEach((share, at) => {
    const tall = (floor * share) / most;
    pen.fillRect((at * width) / shares.length + 0.5, floor - tall, width / shares.length - 1, tall);
  });
  pen.globalAlpha = 1;
  pen.strokeStyle = line;
  pen.strokeRect(0, floor, width, 0);
  pen.strokeStyle = amber;
  pen.lineWidth = 2;
  pen.beginPath();
  for (let at = 0; at <= width; at += 2) pen.lineTo(at, floor - (floor * density((2 * at * span) / width - span)) / most);
  pen.stroke();
  pen.fillStyle = colours(element, "soft")[0];
  pen.font = "12px ui-sans-serif, system-ui, sans-serif";
  for (const value of [-span, 0, span]) {
    pen.textAlign = value < 0 ? "left" : value ? "right" : "center";
    pen.fillText(value < 0 ? "−" + -value : value, ((value + span) / (2 * span)) * width, height - 4);
  }
}
