// The runs of this visit as a sheet: each shows what it guessed where the timeline stands, and goes there on a tap. Below
// it, what can be compared at once.

import { aligned, compared } from "./align.js";
import { paint } from "./pictures.js";
import { running, seen, shown } from "./reel.js";
import { series } from "./series.js";
import { many } from "./text.js";

export class Visit {
  /** `context`: facts, values(), show(key), compare(key), series(list, by), otherWords(). */
  constructor(page, context) {
    this.context = context;
    this.section = page.querySelector(".visit");
    this.list = this.section.querySelector(".runs");
    this.offered = this.section.querySelector(".questions");
    this.words = this.section.querySelector(".other-words");
    this.words.onclick = () => context.otherWords();
    this.cells = new Map();
    this.busy = false;
  }

  draw(state) {
    const reels = Object.values(state.runs).filter(seen);
    this.section.hidden = !reels.length;
    if (!reels.length) return;
    const busy = Boolean(running(state));
    for (const key of [...this.cells.keys()]) if (!reels.some((reel) => reel.key === key)) this.drop(key);
    for (const reel of reels) this.fill(this.cells.get(reel.key) ?? this.cell(reel), reel, state, busy);
    this.words.disabled = busy;
    this.changed(busy);
  }

  drop(key) {
    this.cells.get(key).item.remove();
    this.cells.delete(key);
  }

  cell(reel) {
    const item = document.createElement("li");
    const [show, beside] = ["show", "plain beside"].map((name) => Object.assign(document.createElement("button"), { type: "button", className: name }));
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    const [what, how] = ["what", "how"].map((className) => Object.assign(document.createElement("span"), { className }));
    how.textContent = settings(reel, this.context.facts);
    show.append(canvas, what, how);
    show.onclick = () => this.context.show(reel.key);
    beside.onclick = () => this.context.compare(reel.key);
    item.append(show, beside);
    this.list.append(item);
    const made = { item, show, beside, canvas, what, against: null };
    this.cells.set(reel.key, made);
    return made;
  }

  /** Drawn with every step that is scrubbed: what does not change with the step is left as it is. */
  fill(cell, reel, state, busy) {
    const { show, beside, canvas } = cell;
    const own = shown(state);
    const here = own === reel;
    if (cell.against !== own) {
      cell.against = own;
      cell.what.replaceChildren(...marked(reel.asked.prompt, own.asked.prompt ?? ""));
    }
    show.setAttribute("aria-pressed", String(here));
    show.disabled = busy;
    beside.hidden = here;
    beside.textContent = state.other === reel.key ? "Put away" : "Compare";
    beside.setAttribute("aria-pressed", String(state.other === reel.key));
    beside.setAttribute("aria-label", beside.textContent + ": " + reel.asked.prompt + ", " + settings(reel, this.context.facts));
    const frame = here ? reel.frames[state.step] : aligned(reel, own.frames[state.step], state.by) ?? reel.frames.at(-1);
    const image = frame?.guess ?? frame?.state;
    if (image) paint(canvas, image);
  }

  /** The comparisons that the form's request allows, now: a run may be under way, or something was typed. */
  changed(busy = this.busy) {
    this.busy = busy;
    if (this.section.hidden) return;
    const values = this.context.values();
    const told = JSON.stringify(values);
    if (told !== this.told) {
      this.told = told;
      const { limits, examples } = this.context.facts;
      const seeds = [...crypto.getRandomValues(new Uint32Array(4))];
      this.offered.replaceChildren(...series(values, { limits, examples, seeds }).map((one) => this.question(one)));
    }
    for (const button of this.offered.querySelectorAll("button")) button.disabled = busy;
  }

  question({ name, question, by, runs }) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "question" });
    const [bold, small] = [document.createElement("b"), document.createElement("span")];
    bold.textContent = question;
    small.textContent = name + " · " + many(runs.length, "run");
    button.append(bold, small);
    button.onclick = () => this.context.series(runs, by);
    return button;
  }
}

/** A prompt whose words are marked where another has not the same. */
export function marked(text, other) {
  return compared(text, other).flatMap(({ word, alike }, at) => {
    const one = document.createElement(alike ? "span" : "mark");
    one.textContent = word;
    return at ? [" ", one] : [one];
  });
}

function settings({ asked, recorded }, { schedulers }) {
  const named = (schedulers[asked.scheduler] ?? asked.scheduler).replace(/ \(.*\)$/, "");
  const parts = ["seed " + asked.seed, many(asked.total, "step"), "guidance " + asked.guidance, named];
  if (asked.branch) parts.unshift("a branch from step " + asked.branch.at);
  return (recorded ? ["recorded", ...parts] : parts).join(" · ");
}
