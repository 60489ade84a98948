// Eight runs of one prompt that nobody typed, from eight seeds, as a sheet; the visitor taps those that are right.

import { paint } from "./pictures.js";
import { clearest } from "./reel.js";
import { anySeed, seeded, Turns } from "./turns.js";

const RUNS = 8;
const STEPS = 20; // at most: eight runs are waited for

export class Eight {
  /** `root` has .draw-eight, .halt-eight, .told-eight, .eight and .counted. */
  constructor(root, context) {
    const find = (selector) => root.querySelector(selector);
    this.context = context;
    this.go = find(".draw-eight");
    this.halt = find(".halt-eight");
    this.told = find(".told-eight");
    this.list = find(".eight");
    this.counted = find(".counted");
    this.number = Math.floor(Math.random() * 1e6);
    this.go.onclick = () => this.ask();
    this.turns = new Turns(context, {
      said: (text) => this.say(this.quoted + text),
      drawn: (at, frame) => this.drawn(at, frame),
      done: (at) => (this.places[at].button.disabled = false),
      over: (sentence) => this.over(sentence),
    });
    this.halt.onclick = () => this.turns.stop();
  }

  async ask() {
    this.go.disabled = true;
    this.number = (this.number + 1) % 1e6;
    const answer = await this.context.ask("held_out", { number: this.number }).catch((error) => ({ error: error.message }));
    this.quoted = "";
    if (answer.error) return this.over(answer.error);
    this.quoted = "“" + answer.prompt + "”. ";
    this.places = Array.from({ length: RUNS }, (_, at) => this.place(at));
    this.list.replaceChildren(...this.places.map(({ item }) => item));
    this.list.hidden = false;
    this.counted.hidden = true;
    this.halt.hidden = false;
    const values = { ...this.context.values(), prompt: answer.prompt };
    this.turns.start(seeded(values, this.context.facts, anySeed(RUNS), RUNS, STEPS));
  }

  place(at) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    button.type = "button";
    button.disabled = true;
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", "Picture " + (at + 1) + " is right");
    button.append(canvas);
    button.onclick = () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") === "false"));
      this.count();
    };
    item.append(button);
    return { item, button, canvas };
  }

  drawn(at, frame) {
    const image = clearest(frame);
    if (image) paint(this.places[at].canvas, image, frame.width, frame.height);
  }

  count() {
    this.counted.textContent = counted(this.list.querySelectorAll("[aria-pressed=true]").length, RUNS);
    this.counted.hidden = false;
  }

  over(sentence) {
    const had = document.activeElement === this.halt;
    this.halt.hidden = true;
    this.go.disabled = false;
    this.go.textContent = "Draw eight of another";
    this.say(this.quoted + (sentence || "No scene of its training shows this. Tap each picture that is right."));
    if (!sentence) this.count();
    if (had) this.go.focus({ preventScroll: true });
  }

  say(text) {
    this.told.textContent = text;
  }
}

/** What the visitor's taps say. */
export function counted(right, all) {
  const said = "By your eye " + right + " of " + all + " are right.";
  return right ? said + " None of them can be a copy: there was nothing to copy." : said + " What it never saw together, it has not put together here.";
}
