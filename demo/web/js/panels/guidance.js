// What the prompt adds to one guess: the half without it, the half with it, the mix that was taken, and a mix of the
// visitor's own. The last is made here, from the halves and a linear map to colours; the others are asked of the server
// when one stays at a step and looks, and until then they too are approximate, and say so.

import { latents, mix, paintLatents } from "../halves.js";
import { Part } from "../part.js";
import { drawn, paint, picture } from "../pictures.js";

const AGAIN = 4000; // ms until a question that found the server busy is asked once more
const STAY = 250; // ms at one step before its pictures are asked for

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    this.preview = context.facts.preview;
    this.slide = root.querySelector("#oos-remix");
    this.output = root.querySelector("output");
    this.note = root.querySelector("#oos-remix-note");
    this.figures = Object.fromEntries([...root.querySelectorAll("[data-half]")].map((figure) => [figure.dataset.half, figure]));
    this.slide.addEventListener("input", () => this.remix());
    root.querySelector(".remix button").onclick = () => this.reset();
    this.inSight = false;
    const look = (entries) => {
      this.inSight = entries[0].isIntersecting;
      if (this.inSight) this.soon();
    };
    new IntersectionObserver(look, { threshold: 0.6 }).observe(root.querySelector(".quad"));
  }

  lay(reel) {
    this.exact = new Map(); // step -> {with, without, guided}, decoded by the model's own decoder
    this.halves = null;
    clearTimeout(this.timer);
    this.reset(reel.asked.guidance ?? this.context.facts.guidance);
    this.empty(reel.run ? "" : "This needs a run first.");
  }

  ended() {
    this.soon();
  }

  show(step, frame, _reel) {
    if (!frame) return;
    this.step = step;
    this.halves = frame.conditional && frame.unconditional ? { conditional: latents(frame.conditional), unconditional: latents(frame.unconditional) } : null;
    const missing = this.missing(frame);
    if (missing) return this.empty(missing);
    this.root.classList.remove("empty");
    this.figures.guided.querySelector("small").textContent = "guidance " + this.guidance;
    for (const name of ["unconditional", "conditional", "guided"]) this.half(name);
    this.remix();
    this.soon();
  }

  /** Why there is nothing to see at this step, "" where there is. */
  missing(frame) {
    if (this.guidance <= 1) return "Guidance was 1, which is off: this run made one guess at a step, with your words, and nothing was mixed.";
    if (frame.index === 0) return "Step 0 is pure static: there is no guess yet to take apart.";
    if (!this.halves && !this.exact.has(this.step) && this.reel.recorded) return "This recorded run does not hold the two halves of its guesses.";
    if (!this.halves && !this.exact.has(this.step) && !this.reel.end) return "The halves of this model's guesses are shown when the run has ended.";
    return "";
  }

  /** With which the guess of this step was mixed. */
  get guidance() {
    return this.reel.guidanceAt(this.step);
  }

  half(name) {
    const { figures, halves, preview } = this;
    const canvas = figures[name].querySelector("canvas");
    const exact = this.exact.get(this.step)?.[name];
    const made = name === "guided" ? halves && mix(halves.conditional, halves.unconditional, this.guidance) : halves?.[name];
    canvas.classList.toggle("rough", !exact);
    if (exact) paint(canvas, exact);
    else if (made) drawn(canvas, [], () => paintLatents(canvas, made, preview));
    canvas.setAttribute("aria-label", "The guess of step " + this.step + ", " + figures[name].querySelector("figcaption").firstChild.textContent + (exact ? "" : ", approximate"));
  }

  /** The visitor's own mix of this step's halves; no server, no other step. */
  remix() {
    const weight = Number(this.slide.value);
    this.slide.style.setProperty("--filled", (100 * (weight - this.slide.min)) / (this.slide.max - this.slide.min) + "%");
    this.output.textContent = weight.toFixed(1).replace(".0", "");
    this.slide.setAttribute("aria-valuetext", "guidance " + this.output.textContent);
    this.slide.disabled = !this.halves;
    const figure = this.figures.remix;
    figure.querySelector("small").textContent = "guidance " + this.output.textContent + ", approximate";
    if (this.root.classList.contains("empty")) return;
    this.note.textContent = this.halves ? this.caution() : "A mix of your own is for small models: the halves of this one are too large to send at every step.";
    const canvas = figure.querySelector("canvas");
    if (this.halves) paintLatents(canvas, mix(this.halves.conditional, this.halves.unconditional, weight), this.preview);
    canvas.setAttribute("aria-label", "The guess of step " + this.step + " mixed with guidance " + this.output.textContent + ", approximate");
  }

  /** What the visitor's mix is, and how far it can be trusted. */
  caution() {
    const { h, w } = this.halves.conditional;
    const error = this.preview.error.toFixed(this.preview.error < 10 ? 1 : 0);
    return (
      "Your mix is of this step's guess only; nothing after it is run again. It is drawn by an approximate decoder: one matrix, one colour for each of " +
      h + " × " + w + " places, off by " + error + " levels of 255 there (root mean square, on drawings that it was not fitted to)."
    );
  }

  reset(guidance = this.reel?.asked.guidance ?? this.context.facts.guidance) {
    this.slide.value = guidance;
    this.remix();
  }

  empty(why) {
    this.root.classList.add("empty");
    for (const { firstChild } of Object.values(this.figures)) firstChild.width = firstChild.height = 1;
    this.note.textContent = why;
  }

  soon() {
    clearTimeout(this.timer);
    const open = this.root.offsetParent !== null;
    if (open && this.inSight && this.reel?.end && !this.reel.recorded && !this.root.classList.contains("empty") && !this.exact.has(this.step)) this.timer = setTimeout(() => this.fetch(), STAY);
  }

  async fetch() {
    const { reel, step } = this;
    const told = await this.context.ask("guesses", { run: reel.run, step }).catch((error) => ({ error: error.message, again: error.again }));
    if (reel !== this.reel) return;
    if (told.error) {
      if (told.again && step === this.step) this.timer = setTimeout(() => this.soon(), AGAIN);
      if (step === this.step && this.halves) this.note.textContent = this.caution() + " The exact halves are not here: " + told.error;
      return;
    }
    const names = ["conditional", "unconditional", "guided"];
    const pictures = await Promise.all(names.map((name) => picture(told[name])));
    if (!pictures.every(Boolean)) return; // damaged on the way: what is approximate stays
    this.exact.set(step, Object.fromEntries(names.map((name, at) => [name, pictures[at]])));
    if (step === this.step && reel === this.reel) this.show(step, reel.frames[step], reel);
  }
}
