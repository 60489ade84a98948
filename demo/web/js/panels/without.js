// Did that word cause it? The same static again without one word: both runs side by side at the step on show, what really
// changed, and by how much the word's map points at the same places. The numbers are the server's, from exact pictures.

import { bytes } from "../bytes.js";
import { looks } from "../looks.js";
import { Part } from "../part.js";
import { paint } from "../pictures.js";
import { clearest } from "../reel.js";
import { waitingFor } from "../text.js";
import { veiled } from "../veil.js";

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.select = find("#oos-without");
    this.go = find("[type=submit]");
    this.halt = find(".halt-second");
    this.state = find(".state");
    this.view = find(".pair-view");
    this.verdict = find(".verdict");
    this.sides = Object.fromEntries([...root.querySelectorAll("[data-side]")].map((figure) => [figure.dataset.side, figure]));
    find(".take-out").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask();
    });
    this.halt.onclick = () => this.second?.stop();
  }

  lay(reel) {
    this.second?.stop();
    this.looks = looks(reel);
    this.other = null; // the reel of the run without the word
    this.told = null; // what the server measured
    this.word = null; // the word that was taken out
    this.second = null;
    this.view.hidden = true;
    this.halt.hidden = true;
    const words = [...this.looks.words.entries()].filter(([, { cut }]) => !cut);
    this.select.replaceChildren(...words.map(([at, { text }]) => new Option(text, String(at))));
    this.offered = null;
    const first = telling(words.map(([, { text }]) => text));
    if (first >= 0) this.select.selectedIndex = first;
    this.say(reel.run ? "" : "This needs a run first.");
    this.ready();
  }

  ended(reel) {
    this.ready();
    if (reel.recorded) this.say("This is a recorded run: generate it here to take a word out of it.");
    else if (reel.last < reel.total) this.say("");
  }

  show(step, _frame, _reel) {
    this.follow();
    this.ready();
    if (this.other) this.compare(step);
  }

  /** One may ask when the run has ended and no other is under way. */
  ready() {
    const can = Boolean(this.reel.end) && this.reel.last > 0 && this.select.options.length > 0 && !this.second && !this.reel.recorded;
    this.go.disabled = this.select.disabled = !can;
  }

  /** The word chosen for the pictures is the one that is offered here. */
  follow() {
    const { chosen } = this.given;
    if (chosen !== null && chosen !== this.offered && !this.second) this.select.value = String(chosen);
    this.offered = chosen;
  }

  async ask() {
    if (this.go.disabled) return;
    const { reel } = this;
    const word = this.looks.words[Number(this.select.value)];
    const rest = await this.context.ask("without", { prompt: reel.asked.prompt, start: word.span[0], end: word.span[1] }).catch((error) => ({ error: error.message }));
    if (reel !== this.reel) return;
    if (rest.error || !rest.prompt) return this.say(rest.error ?? "That was the only word. Without it there is nothing to ask for.");
    const second = this.context.beside(reel.again(this.context.facts, rest.prompt), this.on(word, rest.prompt));
    if (!second) return this.say("There is another run under way; try again when it has ended.");
    this.second = second;
    this.word = word;
    this.told = this.other = null;
    this.halt.hidden = false;
    this.say("Asking for “" + rest.prompt + "” from the same static");
    this.ready();
    this.announce();
  }

  on(word, prompt) {
    const mine = this.reel;
    const still = (act) => (...given) => mine === this.reel && act(...given);
    return {
      begin: still((other) => this.begin(other, word)),
      waiting: still((ahead) => this.say(waitingFor(ahead))),
      drawn: still((frame, other) => this.drawn(frame, other, prompt)),
      done: still((other) => this.done(other, word)),
      trouble: still((sentence) => this.over(sentence)),
    };
  }

  begin(other, word) {
    this.other = other;
    this.view.hidden = false;
    const names = { mine: "with “" + word.text + "”", theirs: "without it", changed: "what changed", looked: "where it looked" };
    for (const [side, name] of Object.entries(names)) this.sides[side].querySelector("figcaption").textContent = name;
    this.compare(this.context.store.get().step);
  }

  drawn(frame, other, prompt) {
    this.say("Running “" + prompt + "”: step " + frame.index + " of " + other.total);
    this.compare(this.context.store.get().step);
  }

  async done(other, word) {
    if (other.last < other.total || this.reel.last < this.reel.total) return this.over("It was stopped before its end, so only the steps that both runs have can be compared.");
    const told = await this.context.ask("overlap", { run: this.reel.run, other: other.run, tokens: word.tokens }).catch((error) => ({ error: error.message + " So there are no numbers; the pictures stay." }));
    if (other !== this.other) return;
    if (told.error) return this.over(told.error);
    told.changes = bytes(told.maps.data);
    this.told = told;
    this.over("");
    this.compare(this.context.store.get().step);
    this.context.say(this.verdict.textContent);
  }

  /** Say to whoever listens what happens here: of which run, which word, whether it is under way, what was measured. */
  announce() {
    const detail = { run: this.reel.run, word: this.word.text, under: Boolean(this.second), told: this.told };
    this.root.dispatchEvent(new CustomEvent("out-of-static:without", { bubbles: true, detail }));
  }

  over(sentence) {
    const had = this.root.contains(document.activeElement);
    this.second = null;
    this.halt.hidden = true;
    this.say(sentence);
    this.ready();
    if (this.word) this.announce();
    if (had && !this.go.disabled) this.go.focus({ preventScroll: true });
  }

  say(text) {
    this.state.textContent = text;
  }

  /** Both runs at one step; a pure function of the step and of what has come so far. */
  compare(step) {
    const [mine, theirs] = [this.reel.frames[step], this.other.frames[step]];
    const word = this.looks.words.indexOf(this.word);
    const looked = this.looks.at(word, step);
    this.picture("mine", mine);
    this.picture("theirs", theirs);
    this.map("looked", mine, looked, this.looks.grid, this.looks.ranges[word]);
    const { maps, changes } = this.told ?? {};
    const places = maps ? maps.h * maps.w : 0;
    const change = maps ? Float32Array.from(changes.subarray(step * places, (step + 1) * places), (grey) => (grey / 255) * maps.scale[step]) : null;
    this.map("changed", mine, change, maps, maps && [0, Math.max(...maps.scale)]);
    this.verdict.textContent = this.told ? this.sentence(step) : "";
    for (const [side, { lastChild, firstChild }] of Object.entries(this.sides)) firstChild.setAttribute("aria-label", lastChild.textContent + ", step " + step + (side === "changed" ? ". " + this.verdict.textContent : ""));
  }

  picture(side, frame) {
    const canvas = this.sides[side].querySelector("canvas");
    const image = frame && clearest(frame);
    canvas.classList.toggle("on", Boolean(image));
    if (image) paint(canvas, image);
  }

  map(side, frame, values, grid, range) {
    const canvas = this.sides[side].querySelector("canvas");
    canvas.classList.toggle("on", Boolean(frame && values));
    if (frame && values) veiled(canvas, clearest(frame), values, grid, range);
  }

  sentence(step) {
    const { levels, overlap, whole, final, chance } = this.told;
    const word = "“" + this.word.text + "”";
    if (!final && !Math.max(...levels)) return "Nothing changed, at any step: the picture is the same without " + word + ".";
    const here = step === 0 ? "Both begin with the same static." : "At this step the two guesses differ by " + levels[step].toFixed(1) + " levels of 255 on average" + (overlap[step] === null ? "." : ", and the map and the change overlap by " + overlap[step].toFixed(2) + ".");
    const all = whole === null ? "" : " The mean map of all steps and the change of the finished picture overlap by " + whole.toFixed(2) + ".";
    return here + all + " (1 is the very same places; two maps that know nothing of each other share " + chance.toFixed(2) + ".)";
  }
}

const LITTLE = new Set("a an the of in on at with and or to under over by from is are it its some".split(" "));

/** Which of `words` is offered first: the first that says something, -1 where there is none. */
export function telling(words) {
  const full = words.findIndex((word) => !LITTLE.has(word.toLowerCase()) && word.length > 2);
  return full >= 0 ? full : words.length ? 0 : -1;
}
