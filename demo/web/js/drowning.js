// Drown a picture yourself: the run's, one from a file, or one that is drawn here. It goes to the server as text, and what
// comes back is every level of noise with the model's guess.

import { Bath } from "./bath.js";
import { Board } from "./board.js";
import { patient } from "./insist.js";
import { asSentence } from "./patience.js";
import { packed, small } from "./upload.js";

const LEVEL = 7; // at first: drowned, but not out of sight

export class Drowning {
  /** `picture()` is the finished picture of the run on show, as a blob, or null. */
  constructor(root, ask, picture) {
    const find = (selector) => root.querySelector(selector);
    this.ask = ask;
    this.picture = picture;
    this.told = find(".told");
    this.ofRun = find(".of-run");
    this.file = find("[type=file]");
    this.asked = 0;
    const paper = find(".board");
    this.bath = new Bath(find(":scope > .bath"), find("template"));
    this.board = new Board(paper, (text) => this.say(text));
    this.ofRun.onclick = () => this.drown(() => small(this.picture()));
    find(".of-file").onclick = () => this.file.click();
    this.file.onchange = () => this.chosen();
    find(".of-board").onclick = ({ currentTarget }) => {
      paper.hidden = !paper.hidden;
      currentTarget.setAttribute("aria-expanded", String(!paper.hidden));
    };
    find(".drown-it").onclick = () => this.drown(() => packed(this.board.canvas));
    find(".wipe-it").onclick = () => this.board.wipe();
  }

  chosen() {
    const [file] = this.file.files;
    this.file.value = ""; // so that the same one can be chosen again
    if (file) this.drown(() => small(file));
  }

  /** @param {() => Promise<string> | string} make */
  async drown(make) {
    const turn = ++this.asked; // whatever was asked for before is no longer wanted
    this.say("It is being drowned, and at every level the model guesses what it was.");
    try {
      const uri = await make();
      const answer = await patient(() => this.ask("drown", { picture: uri }), (text) => turn === this.asked && this.say(text));
      if (turn !== this.asked) return;
      await this.bath.fill(answer, LEVEL);
      this.say("Move the slider: left is static, right is the picture.");
    } catch (error) {
      if (turn === this.asked) this.say(asSentence(error).message);
    }
  }

  say(text) {
    this.told.textContent = text;
  }
}
