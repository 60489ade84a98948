// Runs beside the timeline, one after the other, for an experiment that needs many: which of them is under way, and its end.

import { waitingFor } from "./text.js";

export class Turns {
  /**
   * `on`: drawn(at, frame, reel), done(at, reel), over(sentence), said(text). over("") is the end of all of them.
   * @param {{beside: (values: any, on: any) => {stop: () => void} | null}} context
   */
  constructor(context, on) {
    this.context = context;
    this.on = on;
    /** @type {{stop: () => void} | null} the run that is under way */
    this.under = null;
    this.busy = false;
    this.halted = false;
  }

  /** Ask for each of `list`, a form's values, in order. */
  start(list) {
    if (this.busy) return;
    this.list = list;
    this.busy = true;
    this.halted = false;
    this.run(0);
  }

  /** End the run that is under way, and begin no other. */
  stop() {
    this.halted = true; // between two runs there is none to stop
    this.under?.stop();
  }

  run(at) {
    const { on, list } = this;
    const told = "Run " + (at + 1) + " of " + list.length;
    this.under = this.context.beside(list[at], {
      waiting: (ahead, seconds) => on.said(told + ". " + waitingFor(ahead, seconds) + "."),
      drawn: (frame, reel) => {
        on.said(told + ": step " + frame.index + " of " + reel.total);
        on.drawn(at, frame, reel);
      },
      done: (reel) => {
        if (reel.end.stopped || this.halted) return this.over("Stopped at run " + (at + 1) + " of " + list.length + ".");
        on.done(at, reel);
        if (at + 1 < list.length) this.run(at + 1);
        else this.over("");
      },
      trouble: (sentence) => this.over(sentence),
    });
    if (!this.under) this.over("There is another run under way; try again when it has ended.");
  }

  over(sentence) {
    this.under = null;
    this.busy = false;
    this.on.over(sentence);
  }
}

/** `values` of the form for `count` runs from seeds that follow each other, each of `steps` at most, and nothing else changed. */
export function seeded(values, facts, first, count, steps) {
  const plain = { ...values, steps: String(Math.min(Number(values.steps) || facts.steps, steps)), negative_prompt: null, then: null, branch_at: null };
  return Array.from({ length: count }, (_, at) => ({ ...plain, seed: String(first + at) }));
}

/** A seed behind which `count` others come. */
export function anySeed(count) {
  return Math.min(crypto.getRandomValues(new Uint32Array(1))[0], 2 ** 32 - count);
}
