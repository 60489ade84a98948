// Says what the pictures on show were made with, where that is not the model's own decoder, and brings its pictures on
// request: those of the step on show, as soon as the run has ended. Says, too, whether other visitors' runs were computed
// with this one.

import { picture } from "./pictures.js";
import { shown } from "./reel.js";
import { many } from "./text.js";

const MADE = {
  linear: ["Quick preview: a colour map", "One matrix turns the model's numbers into colours, one for each place. The model's own decoder makes the last picture."],
  tiny: ["Quick preview: a small decoder", "A small stand-in for the model's own decoder, which makes the last picture."],
};
const RESULT = "Exact picture, quick guess";
const EXACT = "Exact, but for the change";
const COMPANY =
  "Visitors who wait at the same moment share one call of the model. Each gets the run of its own prompt and seed; only the last digits are rounded " +
  "otherwise than alone, which no eye sees.";
const LATER = "Exact ones follow at the end";

export class Preview {
  /** `ask(panel, question)` as the controller's; `redraw()` after a frame has got its exact pictures. */
  constructor(page, { ask, redraw }) {
    this.ask = ask;
    this.redraw = redraw;
    this.label = page.querySelector(".preview");
    this.button = page.querySelector(".exact");
    this.button.addEventListener("click", () => this.want(!this.wanted));
    this.want(false);
  }

  want(wanted) {
    this.wanted = wanted;
    this.button.setAttribute("aria-pressed", String(wanted));
    this.redraw();
  }

  draw(state) {
    const reel = shown(state);
    const frame = reel.frames[state.step];
    const made = frame ? MADE[frame.decoder] : undefined;
    const others = (frame?.company ?? 1) - 1;
    this.label.hidden = !made && !others;
    this.button.hidden = !made || reel.recorded || Boolean(frame.exact);
    const company = others ? "Drawn with " + many(others, "other run") : "";
    this.label.textContent = company;
    this.label.title = company && COMPANY;
    if (!made) return;
    const waits = this.wanted && !reel.end && !reel.recorded;
    const by = frame.exact ? EXACT : frame.trouble || (waits ? LATER : frame.index === reel.total ? RESULT : made[0]);
    this.label.textContent = [by, company].filter(Boolean).join(". ");
    this.label.title = [made[1], company && COMPANY].filter(Boolean).join(" ");
    if (this.wanted && reel.end && !reel.recorded && !frame.exact && !frame.trouble) this.fetch(reel, frame);
  }

  /** The exact pictures of a frame take the place of the quick ones; the change stays what it is. */
  async fetch(reel, frame) {
    if (this.asking) return; // one at a time: the next is asked for when this one is there
    this.asking = true;
    const told = await this.ask("exact", { run: reel.run, step: frame.index }).catch((error) => ({ error: error.message }));
    const names = ["state", "guess"].filter((name) => told[name]);
    const pictures = await Promise.all(names.map((name) => picture(told[name])));
    if (told.error || !pictures.every(Boolean)) frame.trouble = told.error ?? "The exact picture arrived damaged.";
    else {
      names.forEach((name, at) => (frame[name] = pictures[at]));
      frame.exact = true;
    }
    this.asking = false;
    this.redraw();
  }
}
