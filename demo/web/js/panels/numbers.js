// Stage 2: the prompt as tokens with ids, and what one of them is to the model: a row of numbers, its neighbours, a
// place on the map of the vocabulary. Follows what is typed; no run is needed and none is started.

import { AtlasMap } from "../atlas.js";
import { Part } from "../part.js";
import { paintStrip, under } from "../strip.js";
import { many } from "../text.js";

const PAUSE = 250; // ms without a key before the server is asked
const AGAIN = 1500; // ms until a lost question is asked again
const SIGNS = new Set(["start", "end", "padding"]);

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    this.find = (selector) => root.querySelector(selector);
    this.read = null; // the server's answer for this.prompt
    this.chosen = null; // index of a token
    this.picked = false; // whether the visitor chose it
    this.map = new AtlasMap(this.find(".atlas"));
    this.find(".tokens").addEventListener("click", (event) => this.press(event.target.closest("button")));
    const strip = this.find(".heat-strip");
    strip.addEventListener("pointermove", (event) => this.point(event));
    strip.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.map.paint()).observe(this.find(".atlas"));
    new MutationObserver(() => this.recolour()).observe(document.body, { attributeFilter: ["class"] });
    this.typed(context.values().prompt);
  }

  typed(prompt) {
    clearTimeout(this.waiting);
    this.wanted = prompt;
    this.waiting = setTimeout(() => this.ask(prompt), this.read ? PAUSE : 0);
  }

  wake() {
    if (this.read) this.open();
  }

  /** A run begins: its own tokens are what the stage's subtitle speaks of, whatever was asked for meanwhile. */
  lay(reel) {
    if (!reel.run) return;
    const { prompt, tokens } = reel.asked;
    this.context.subtitle("numbers", tokens ? counted(prompt, tokens) : "words become numbers");
    this.typed(this.context.values().prompt);
  }

  async ask(prompt) {
    if (this.read?.prompt === prompt && !this.read.stale) return;
    const answer = await this.context.ask("numbers", { prompt }).catch((error) => ({ error: error.message, again: error.again }));
    if (prompt !== this.wanted) return; // more was typed meanwhile
    if (answer.error) {
      this.trouble(answer.error);
      clearTimeout(this.waiting);
      if (answer.again) this.waiting = setTimeout(() => this.ask(prompt), AGAIN);
      return;
    }
    const before = this.read?.tokens[this.chosen];
    this.read = { ...answer, prompt };
    const now = this.read.tokens[this.chosen];
    this.picked &&= Boolean(before && now) && now.text === before.text && now.length !== null;
    if (!this.picked) this.chosen = this.telling();
    this.context.subtitle("numbers", counted(prompt, answer.tokens));
    this.row();
    if (this.awake) this.open();
  }

  trouble(sentence) {
    this.find(".tokens-told").textContent = sentence;
  }

  /** The token to show while the visitor has chosen none: the last that says something, which follows the typing. */
  telling() {
    const { tokens } = this.read;
    const picks = [({ kind, typed }) => kind === "word" && typed.length > 3, ({ kind }) => kind === "word", ({ kind }) => kind === "unknown"];
    return picks.map((pick) => tokens.findLastIndex(pick)).find((at) => at >= 0) ?? 0;
  }

  /** The row of tokens; those that pad come as one. */
  row() {
    const { tokens } = this.read;
    const padding = tokens.flatMap(({ kind }, at) => (kind === "padding" ? [at] : []));
    const chips = tokens.flatMap((token, at) => (token.kind === "padding" && at !== padding[0] ? [] : [chip(token, at, padding.length)]));
    const had = this.find(".tokens").contains(document.activeElement);
    this.find(".tokens").replaceChildren(...chips);
    this.mark();
    if (had) this.pressed()?.focus({ preventScroll: true });
    const seats = tokens.filter(({ kind }) => kind !== "cut").length;
    const signs = tokens.filter(({ kind }) => kind === "start" || kind === "end").length;
    this.find(".tokens-told").textContent = seats + " seats, " + taken(seats - padding.length, signs) + ". The small number is the token’s id. Choose one to see what the model gets in its place.";
    const cut = tokens.filter(({ kind }) => kind === "cut");
    line(this.find(".cut-told"), cut.length && "Cut off: " + (cut.length === 1 ? "the last token" : "the last " + cut.length + " tokens") + " did not fit in the " + seats + " seats. The model never gets " + (cut.length === 1 ? "it." : "them."));
    const strange = [...new Set(tokens.filter(({ known }) => !known).map(({ typed }) => "“" + typed + "”"))];
    line(this.find(".unknown-told"), strange.length && "Words it does not know: " + strange.join(", ") + ".");
  }

  press(button) {
    if (!button) return;
    this.chosen = Number(button.dataset.at);
    this.picked = true;
    this.mark();
    this.open();
  }

  pressed() {
    return this.find(".tokens").querySelector("[aria-pressed=true]");
  }

  mark() {
    for (const button of this.find(".tokens").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", Number(button.dataset.at) === this.chosen);
    }
  }

  /** What the chosen token is to the model. */
  async open() {
    const { read, chosen } = this;
    const token = read.tokens[chosen];
    const asked = [this.context.ask("token", { prompt: read.prompt, index: chosen }), this.world ?? this.context.ask("atlas", {})];
    const [told, world] = await Promise.all(asked.map((answer) => Promise.resolve(answer).catch((error) => ({ error: error.message }))));
    if (!world.error) this.world = world;
    if (read !== this.read || chosen !== this.chosen) return;
    if (told.error || world.error) return this.trouble(told.error ?? world.error);
    this.find(".token-shown").hidden = false;
    this.find(".token-name").textContent = name(token);
    this.find(".token-id").textContent = "id " + token.id;
    this.find(".token-told").textContent = about(token, read.width);
    this.vector = told.vector;
    this.find(".length").textContent = told.length.toFixed(2);
    this.strip();
    this.neighbours(told.neighbours, world.kind);
    this.place(told, world);
  }

  strip() {
    const canvas = this.find(".heat-strip");
    const { vector } = this;
    this.scale = paintStrip(canvas, vector);
    this.range = vector.length + " numbers, from " + signed(Math.min(...vector)) + " to " + signed(Math.max(...vector));
    canvas.setAttribute("aria-label", this.range);
    this.find(".least").textContent = signed(-this.scale);
    this.find(".most").textContent = signed(this.scale);
    this.point(null);
  }

  /** The number under the pointer, or all of them in short. */
  point(event) {
    const at = event && this.vector ? under(this.find(".heat-strip"), event, this.vector.length) : null;
    const told = at === null ? this.range : "number " + (at + 1) + " of " + this.vector.length + ": " + signed(this.vector[at], 3);
    this.find(".strip-told").textContent = told ?? "";
  }

  neighbours(list, kind) {
    const of = kind === "words" ? "Among the words it was trained on, each read alone" : "Among the rows of its table of embeddings";
    this.find(".kin-told").textContent = list.length ? of + ". 1 is the same direction, 0 a right angle." : "Nothing to compare: this is no word of its vocabulary, so it has no neighbours and no place on the map.";
    this.find(".neighbours").replaceChildren(
      ...list.map(([word, cosine]) => {
        const row = document.createElement("li");
        const [text, bar, value] = ["span", "i", "b"].map((tag) => document.createElement(tag));
        text.textContent = word;
        value.textContent = cosine.toFixed(2).replace("-", "−");
        bar.style.setProperty("--share", String(Math.max(0, cosine)));
        row.append(text, bar, value);
        return row;
      }),
    );
  }

  /** The map, with the words of the prompt lit: each as it stands in the vocabulary. */
  place(told, world) {
    const lit = new Map(); // a word that comes twice has one place
    this.read.tokens.forEach(({ kind, typed, place }, at) => {
      const text = typed.toLowerCase();
      if (place && !SIGNS.has(kind)) lit.set(text, { text, place, chosen: at === this.chosen || Boolean(lit.get(text)?.chosen) });
    });
    const [first, second] = world.explained.map((share) => (100 * share).toFixed(share < 0.1 ? 1 : 0) + " %");
    this.find(".map-told").textContent =
      world.words.length + " words. Of all the ways in which they differ, across shows " + first + " and up " + second + " (share of the variance). Near on the map can be far in the rest.";
    this.find(".atlas").setAttribute("aria-label", "Map of the vocabulary, " + world.words.length + " words; lit: " + [...lit.keys()].join(", "));
    this.map.show({ words: world.words, map: world.map, lit: [...lit.values()], near: told.neighbours.map(([word]) => word) });
  }

  recolour() {
    if (!this.vector) return;
    this.strip();
    this.map.paint();
  }
}

function chip(token, at, padding) {
  const gone = token.kind === "cut";
  const box = document.createElement(gone ? "span" : "button");
  if (!gone) {
    box.setAttribute("type", "button");
    box.dataset.at = at;
  }
  box.className = "token " + token.kind + (token.known ? "" : " strange");
  const [text, id] = ["b", "small"].map((tag) => document.createElement(tag));
  text.textContent = token.kind === "padding" ? "padding × " + padding : name(token);
  id.textContent = token.id;
  box.append(text, id);
  const kind = { cut: "cut off", unknown: "unknown" }[token.kind] ?? (token.known ? "" : "not one of its words");
  if (kind) box.append(Object.assign(document.createElement("span"), { className: "unseen", textContent: ", " + kind }));
  return box;
}

function name({ kind, typed, text }) {
  return SIGNS.has(kind) ? kind : typed || text;
}

function about({ kind, typed, known }, width) {
  const told = {
    start: "A sign that nobody typed: here it starts. The words come after it, so it never knows them.",
    end: "A sign that nobody typed: here it ends. It comes last, so it has met every word before it.",
    padding: "It fills an empty seat. The model gets it all the same, " + width + " numbers for nobody.",
    unknown: "The model has no id for “" + typed + "”. It gets the stand-in that stands for every word it never met.",
  };
  if (told[kind]) return told[kind];
  return (known ? "" : "Training never showed it this word. ") + "In place of “" + typed + "” the model gets these " + width + " numbers, which depend on the words before it as well.";
}

function line(element, text) {
  element.hidden = !text;
  element.textContent = text || "";
}

/** "3 words became 4 tokens", or what the stage is about where there are no words. */
export function counted(prompt, tokens) {
  const words = prompt.split(/\s+/).filter(Boolean).length;
  const typed = tokens.filter(({ kind }) => !SIGNS.has(kind));
  const cut = typed.filter(({ kind }) => kind === "cut").length;
  const told = many(words, "word") + " became " + many(typed.length, "token") + (cut ? ", " + cut + " cut off" : "");
  return words ? told : "words become numbers";
}

/** How many seats are taken, and by what: "11 taken: 9 by your words, 2 by the signs for start and end" */
export function taken(count, signs) {
  return count + " taken: " + (count - signs) + " by your words, " + many(signs, "sign") + " for start and end";
}

function signed(value, digits = 2) {
  return value.toFixed(digits).replace("-", "−");
}
