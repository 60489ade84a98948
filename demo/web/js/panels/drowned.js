// Name it in the noise: a hidden picture, four names, and who names it in deeper noise. The server keeps the true name, and
// every clearer state, until the visitor has chosen; what the model names is measured after that.

import { Bath, decibels, mixture } from "../bath.js";
import { Drowning } from "../drowning.js";
import { patient } from "../insist.js";
import { Part } from "../part.js";
import { asSentence } from "../patience.js";
import { paint, picture } from "../pictures.js";
import { shown } from "../reel.js";
import { keepTab, tab } from "../remember.js";
import { many } from "../text.js";

const PLOT = { width: 300, height: 90, edge: 5 };
const CHANCE = 1 / 4;

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.start = find(".hide-one");
    this.told = find(".state");
    this.game = find(".game");
    this.hidden = find(".hidden-one");
    this.canvas = find(".hidden-one canvas");
    this.more = find(".more");
    this.level = find(".level-told");
    this.names = find(".names");
    this.revealed = find(".revealed");
    this.verdict = find(".verdict");
    this.plot = find(".scores");
    this.bath = new Bath(find(".revealed .bath"), find("template"));
    this.drowning = new Drowning(root, context.ask, () => finished(shown(context.store.get())));
    this.busy = false;
    this.start.onclick = find(".another").onclick = () => this.hide();
    this.more.onclick = () => this.clearer();
  }

  lay() {
    this.ready();
  }

  ended() {
    this.ready();
  }

  ready() {
    this.drowning.ofRun.disabled = !finished(this.reel);
  }

  async hide() {
    await this.ask("A picture is being drawn where you cannot see it", "hide", {}, async (answer) => {
      this.key = answer.game;
      this.count = answer.levels;
      this.start.hidden = true;
      this.revealed.hidden = true;
      this.game.hidden = this.hidden.hidden = false;
      this.names.replaceChildren(...answer.names.map((name) => this.offer(name)));
      await this.see(answer.level);
      this.say("What is it? One choice, whenever you dare.");
      this.more.focus({ preventScroll: true });
    });
  }

  offer(name) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "plain", textContent: name, onclick: () => this.name(name) });
    button.setAttribute("aria-pressed", "false");
    return button;
  }

  async clearer() {
    if (this.at + 1 >= this.count) return this.say("This is as clear as it gets: name it.");
    await this.ask("", "clearer", { game: this.key, level: this.at + 1 }, ({ level }) => this.see(level));
  }

  async see(level) {
    this.at = level.index;
    paint(this.canvas, await picture(level.state));
    this.level.textContent = "Level " + (this.at + 1) + " of " + this.count + ": " + mixture(level);
    this.canvas.setAttribute("aria-label", "The hidden picture in noise. " + this.level.textContent);
    this.more.setAttribute("aria-disabled", String(this.at + 1 >= this.count));
    this.context.say(this.level.textContent);
  }

  async name(name) {
    for (const button of this.names.children) button.setAttribute("aria-pressed", String(button.textContent === name));
    await this.ask("Now the model: at each level, which of the four explains the static best?", "name", { game: this.key, name }, async (answer) => {
      const games = record(answer);
      this.verdict.textContent = earlier(answer);
      this.curves(games);
      await this.bath.fill(answer, answer.shown);
      this.hidden.hidden = true;
      this.revealed.hidden = false;
      this.say("");
      this.verdict.focus({ preventScroll: true });
    });
  }

  /** One question at a time; `take` gets its answer. */
  async ask(waiting, what, question, take) {
    if (this.busy) return;
    this.busy = true;
    this.game.setAttribute("aria-busy", "true");
    if (waiting) this.say(waiting);
    try {
      await take(await patient(() => this.context.ask(what, question), (text) => this.say(text)));
    } catch (error) {
      this.say(asSentence(error).message);
    } finally {
      this.busy = false;
      this.game.removeAttribute("aria-busy");
    }
  }

  say(text) {
    this.told.textContent = text;
  }

  curves(games) {
    const { you, model } = scores(games);
    const paths = { mine: you, its: model, chance: you.map(() => CHANCE) };
    for (const [name, shares] of Object.entries(paths)) this.plot.querySelector("." + name).setAttribute("d", shares.map((share, at) => (at ? "L" : "M") + place(at / (shares.length - 1), share)).join(""));
    const said = (shares) => Math.round(shares[Math.floor(shares.length / 2)] * games.length) + " halfway and " + Math.round(shares.at(-1) * games.length) + " at the clearest level";
    this.plot.setAttribute("aria-label", "Of " + many(games.length, "game") + ", named right: by you " + said(you) + ", by the model " + said(model) + ".");
  }
}

/** The finished picture of a run, null where there is none. */
function finished(reel) {
  return (reel?.complete && reel.frames.at(-1)?.state?.blob) || null;
}

/** The games of this visit, with this one; those of a model with other levels are forgotten. */
function record({ name, truth, shown: at, picks }) {
  const mine = { yours: name === truth ? at : null, right: picks.map((pick) => Number(pick === truth)) };
  const before = tab()?.games;
  const games = [...(Array.isArray(before) ? before : []).filter((game) => game?.right?.length === picks.length), mine];
  keepTab({ games });
  return games;
}

/** Share of the games named right, level by level: by the visitor there or deeper in the noise, by the model there. */
export function scores(games) {
  const levels = games[0].right.map((_, level) => level);
  const share = (right) => games.filter(right).length / games.length;
  return {
    you: levels.map((level) => share(({ yours }) => yours !== null && yours <= level)),
    model: levels.map((level) => share(({ right }) => right[level])),
  };
}

/** Who was earlier, and whether that bears out the claim. */
export function earlier({ name, truth, prompt, shown: at, picks, first, levels }) {
  const where = (level) => "at level " + (level + 1) + " (" + decibels(levels[level].snr) + ")";
  const right = name === truth;
  const you = right ? "You named it " + where(at) + ". " : "You took it for " + name + " " + where(at) + ". ";
  const model = first === null ? "The model was still wrong at the clearest level: it took it for " + picks.at(-1) + ". " : "The model’s choice is right from " + where(first).slice(3) + " on, and stays" + (first ? ". " : "; that deep, one in four is right by luck. ");
  return "It was asked for as “" + prompt + "”. " + you + model + race(right ? at : null, first) + contradicted(right ? at : null, first, levels);
}

function race(yours, its) {
  if (yours === null && its === null) return "Nobody named it.";
  if (yours === null || its === null) return (its === null ? "You" : "The model") + " alone named it.";
  if (yours === its) return "Both at the same level.";
  return (yours < its ? "You were" : "The model was") + " earlier, by " + many(Math.abs(yours - its), "level") + ".";
}

/** Who needed more picture than noise, or never got there, did not predict it. */
function contradicted(yours, its, levels) {
  const late = (level) => level === null || levels[level].snr > 0;
  if (!late(yours) && !late(its)) return "";
  const who = late(yours) && late(its) ? "For both of you" : late(yours) ? "For you" : "For the model";
  return " " + who + " that contradicts the claim: it was not named while there was more noise than picture.";
}

function place(x, y) {
  const { width, height, edge } = PLOT;
  return (edge + x * (width - 2 * edge)).toFixed(1) + " " + (height - edge - y * (height - 2 * edge)).toFixed(1);
}
