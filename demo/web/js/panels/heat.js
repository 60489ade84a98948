// The words of the prompt as chips, each with a small map of the places that looked at it; the chosen one's map lies over
// the three pictures too, at the step on show. Looking only: whether the word caused anything is another part's question.

import { looks, range } from "../looks.js";
import { Part } from "../part.js";
import { veil, veiled } from "../veil.js";

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    this.chips = root.querySelector(".chips");
    this.note = root.querySelector(".note");
    this.mean = false;
    this.veils = [...context.page.querySelectorAll(".stage .veil")];
    this.tag = context.page.querySelector(".veil-word");
    for (const button of root.querySelectorAll("[data-span]")) button.onclick = () => this.span(button);
  }

  lay(reel) {
    this.looks = looks(reel);
    this.step = 0;
    this.chips.replaceChildren(...this.looks.words.map((word, at) => chip(word, () => this.choose(at))));
    this.chips.hidden = !this.looks.words.length;
    this.uncover();
    this.told = "";
    this.tell(null);
  }

  show(step, frame, _reel) {
    this.step = step;
    this.looks.grow();
    this.looks.words.forEach((word, at) => this.fill(this.chips.children[at], at, frame));
    this.cover(frame);
    this.tell(frame);
  }

  shut() {
    this.uncover();
  }

  /** Index of the word whose map lies over the pictures, null where there is none. */
  get chosen() {
    const { chosen } = this.context.store.get();
    return chosen !== null && chosen < this.looks.words.length ? chosen : null;
  }

  /** The map of a word that is on show now: of this step, or the mean over those that there are. */
  map(word) {
    if (this.looks.words[word].cut) return null;
    return this.mean ? this.looks.mean(word) : this.looks.at(word, this.step);
  }

  /** The values of full dark and full light: the same for all steps of a word, so that they compare. */
  range(word) {
    return this.mean ? range(this.looks.mean(word)) : this.looks.ranges[word];
  }

  fill(button, word, frame) {
    const map = this.map(word);
    const picture = frame?.guess ?? frame?.state;
    const canvas = button.querySelector("canvas");
    canvas.classList.toggle("on", Boolean(picture));
    if (picture) veiled(canvas, picture, map, this.looks.grid, map && this.range(word));
    button.setAttribute("aria-pressed", String(this.chosen === word));
  }

  choose(word) {
    this.context.choose(this.chosen === word ? null : word);
    const chosen = this.looks.words[this.chosen];
    this.context.say(chosen ? "The pictures show which places looked at “" + chosen.text + "”. " + this.note.textContent : "The pictures are bare again.");
  }

  span(button) {
    this.mean = button.dataset.span === "mean";
    for (const one of this.root.querySelectorAll("[data-span]")) one.setAttribute("aria-pressed", one === button);
    this.refresh();
  }

  refresh() {
    this.draw(this.context.store.get());
  }

  cover(frame) {
    const word = this.chosen;
    const map = word === null || !frame ? null : this.map(word);
    if (!map) return this.uncover();
    for (const canvas of this.veils) {
      canvas.hidden = !frame[canvas.closest(".view").dataset.view];
      veil(canvas, map, this.looks.grid, this.range(word));
    }
    this.tag.hidden = false;
    this.tag.textContent = "“" + this.looks.words[word].text + "”" + (this.mean ? ", all steps" : "");
  }

  uncover() {
    for (const sheet of [...this.veils, this.tag]) sheet.hidden = true;
  }

  tell(frame) {
    const text = this.sentence(frame);
    if (text !== this.told) this.note.textContent = text;
    this.told = text;
  }

  sentence(frame) {
    const { words, any, grid } = this.looks;
    const { chosen } = this;
    if (!this.reel.run) return "Once something runs, each of its words stands here with the places that looked at it.";
    if (!words.length) return "No word of this prompt can be followed: there are no tokens for it.";
    if (!frame) return "";
    const { branch, prompt } = this.reel.asked;
    const before = branch && !this.mean && frame.index && frame.index <= branch.at && prompt !== branch.prompt;
    if (before) return "At this step the words were still “" + branch.prompt + "”: nothing looked at these yet.";
    if (!any) return frame.index ? "Nothing was recorded here: the maps of this model are too large to send." : "Pure static: nothing has looked at anything yet.";
    if (chosen === null) return "Bright places looked at the word. Choose one to lay it over the three pictures.";
    const { text, cut } = words[chosen];
    if (cut) return "“" + text + "” did not fit: the model never got it, so nothing looked at it.";
    const map = this.map(chosen);
    if (!map) return "Step 0 is pure static: nothing has looked at “" + text + "” yet.";
    const mean = map.reduce((sum, value) => sum + value, 0) / map.length;
    const [, most] = range(map);
    const [dark, light] = this.range(chosen).map(fine);
    const when = this.mean ? "Over all steps" : "At this step";
    return when + " “" + text + "” got " + fine(mean) + " of the attention on average, and " + fine(most) + " where it got most. " + grid.h + " × " + grid.w + " places, drawn smooth, from " + dark + " (dark) to " + light + " (light).";
  }
}

/** 0.0312 -> "3.1 %" */
function fine(share) {
  return (100 * share).toFixed(share < 0.0995 ? 1 : 0) + " %";
}

function chip(word, onclick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "look" + (word.known ? "" : " unknown") + (word.cut ? " cut" : "");
  button.setAttribute("aria-pressed", "false");
  const name = document.createElement("span");
  name.textContent = word.text;
  const map = document.createElement("canvas");
  map.setAttribute("aria-hidden", "true");
  button.append(map, name);
  button.onclick = onclick;
  return button;
}
