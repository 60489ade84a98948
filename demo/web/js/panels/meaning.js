// Does it mean anything? Two prompts of nearly the same words, eight seeds each. The judge's verdict stands under every
// picture, where the model has one; a visitor who sees it otherwise presses the picture, and the score is theirs, too.

import { Part } from "../part.js";
import { paint } from "../pictures.js";
import { clearest } from "../reel.js";
import { mark, next, score, verdict } from "../senses.js";
import { many, percent } from "../text.js";
import { anySeed, seeded, Turns } from "../turns.js";

const EACH = 8; // seeds
const STEPS = 12; // at most: sixteen runs are waited for
const SIGNS = { own: "✓", other: "✗", neither: "✗", "": "?" };
const NAMES = { own: "as asked", other: "the other way", neither: "neither", "": "your verdict?" };

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.trials = context.facts.lab.trials;
    this.select = find("select");
    this.go = find("[type=submit]");
    this.halt = find(".halt");
    this.told = find(".state");
    this.shown = find(".judged");
    this.verdict = find(".verdict");
    this.control = find(".control");
    this.sections = [...root.querySelectorAll("section")];
    this.select.replaceChildren(...this.trials.map(({ name, title }) => new Option(title, name)));
    this.turns = new Turns(context, {
      said: (text) => this.say(text),
      drawn: (at, frame, reel) => this.drawn(at, frame, reel),
      done: (at, reel) => this.asked.push(this.judge(this.places[at], reel.run)),
      over: (sentence) => this.over(sentence),
    });
    find("form").onsubmit = (event) => {
      event.preventDefault();
      this.start();
    };
    this.halt.onclick = () => this.turns.stop();
    find(".judge").textContent = this.judged();
  }

  /** Both prompts from the same seeds, all of the first before all of the second. */
  start() {
    if (this.turns.busy) return;
    this.trial = this.trials.find(({ name }) => name === this.select.value);
    this.seed = anySeed(EACH);
    /** @type {Promise<void>[]} what the judge was asked */
    this.asked = [];
    const { context, trial } = this;
    const asked = trial.prompts.map((prompt) => seeded({ ...context.values(), prompt }, context.facts, this.seed, EACH, STEPS));
    this.places = trial.prompts.flatMap((prompt, which) => asked[which].map(({ seed }) => new Place(which, prompt, seed, trial.senses, () => this.tell())));
    this.sections.forEach((section, which) => {
      section.querySelector("h4").textContent = "“" + trial.prompts[which] + "”";
      section.querySelector("ol").replaceChildren(...this.places.filter((place) => place.which === which).map(({ item }) => item));
    });
    this.control.textContent = trial.control;
    this.shown.hidden = false;
    const focused = document.activeElement === this.go;
    this.go.disabled = true;
    this.halt.hidden = false;
    if (focused) this.halt.focus({ preventScroll: true });
    this.tell();
    this.turns.start(asked.flat());
  }

  drawn(at, frame, reel) {
    const picture = clearest(frame);
    this.places[at].draw(picture, frame, frame.index === reel.total);
  }

  async judge(place, run) {
    if ("judge" in this.context.facts.cannot) return this.tell();
    const { trial } = this;
    const told = await this.context.ask("judge", { run, trial: trial.name }).catch((error) => ({ error: error.message }));
    if (!told.error) place.judged(mark(told.fits, place.which), told.saw);
    else this.say(told.error);
    if (trial === this.trial) this.tell();
  }

  async over(sentence) {
    const focused = this.root.contains(document.activeElement);
    this.halt.hidden = true;
    this.go.disabled = false;
    const now = this.context.facts.cannot.judge ? "Now you: press each picture until it says what you see." : "Press a picture where you see it otherwise.";
    this.say(sentence || "Seeds " + this.seed + " to " + (this.seed + EACH - 1) + ". " + now);
    await Promise.all(this.asked);
    this.tell();
    if (focused) (sentence ? this.go : this.verdict).focus({ preventScroll: true });
  }

  /** The score and the verdict once every picture has a mark, and until then how many have. */
  tell() {
    const [line, says] = [this.verdict.querySelector("b"), this.verdict.querySelector("span")];
    const marked = this.places.filter(({ mark: one }) => one);
    const mine = this.places.filter(({ byHand }) => byHand).length;
    const all = marked.length === this.places.length;
    const marks = [0, 1].map((which) => this.places.filter((place) => place.which === which).map((place) => place.mark));
    line.textContent = all ? score(marks, this.trial.senses) : "";
    says.textContent = all ? verdict(marks, this.trial.senses) + (mine ? " " + many(mine, "picture") + " as you judged." : "") : marked.length + " of " + this.places.length + " judged.";
  }

  say(text) {
    this.told.textContent = text;
  }

  /** Who judges, and how often that one is wrong. */
  judged() {
    const { cannot, lab } = this.context.facts;
    if (cannot.judge) return cannot.judge;
    const rates = this.trials.filter(({ name }) => name in lab.rates).map(({ name, title }) => title + " " + percent(lab.rates[name]));
    const known = rates.length ? "Of true pictures it gets right: " + rates.join(", ") + "." : "How often it is wrong was not measured for this model.";
    return "The judge is a small detector that knows true scenes and nothing of how models fail. " + known;
  }
}

/** One picture: what was asked, what the judge saw, and the mark that it has. */
class Place {
  constructor(which, prompt, seed, senses, pressed) {
    this.which = which;
    this.asked = "“" + prompt + "”, seed " + seed;
    this.senses = senses;
    this.mark = "";
    this.saw = "";
    this.byHand = false;
    this.item = document.createElement("li");
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.disabled = true;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.sign = document.createElement("b");
    this.words = document.createElement("span");
    this.name = document.createElement("i");
    this.name.className = "unseen";
    this.button.append(this.canvas, this.name, this.sign, this.words);
    this.button.onclick = () => {
      this.mark = next(this.mark, this.senses);
      this.byHand = true;
      this.tell();
      pressed();
    };
    this.item.append(this.button);
    this.name.textContent = this.asked + ": not drawn yet";
  }

  draw(picture, { width, height }, last) {
    if (picture) paint(this.canvas, picture, width, height);
    if (!last) return;
    this.button.disabled = false;
    this.tell();
  }

  judged(found, saw) {
    this.saw = saw;
    if (!this.byHand) this.mark = found;
    this.tell();
  }

  tell() {
    const name = this.senses === 1 && this.mark === "neither" ? "not so" : NAMES[this.mark];
    this.item.className = this.mark;
    this.sign.textContent = SIGNS[this.mark] + " " + name + (this.byHand ? ", you say" : "");
    this.words.textContent = this.saw && "seen: " + this.saw;
    this.name.textContent = this.asked + ": ";
  }
}
