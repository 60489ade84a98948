// A run from a file, `run.json`: it plays with whatever panels it has data for, and asks nobody.

import { Sentence } from "../patience.js";

const KEPT = "This is a recorded run, and its file holds nothing more on this. Generate it here to see it.";

/** @typedef {import("../types.js").Source} Source */

/** @implements {Source} */
export class RecordedSource {
  /** @param {{messages: import("../types.js").Message[], answers: Record<string, any>}} recording as checked */
  constructor({ messages, answers }) {
    this.messages = messages;
    this.answers = answers;
    this.halted = false;
  }

  async *start() {
    for (const message of this.messages) {
      if (this.halted) return;
      yield message;
    }
  }

  stop() {
    this.halted = true;
  }

  /** What the file holds: the numbers of its own prompt, all together and of each token, and the map of the vocabulary. */
  async ask(panel, question) {
    const { prompt } = /** @type {import("../types.js").Begin} */ (this.messages[0]);
    const { numbers = null, tokens = [], atlas = null } = this.answers;
    const about = { numbers, token: (Number.isInteger(question.index) && tokens[question.index]) || null, atlas };
    const answer = panel === "atlas" || question.prompt === prompt ? about[panel] : null;
    if (!answer) throw new Sentence(KEPT);
    return answer;
  }
}
