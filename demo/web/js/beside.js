// A second run beside the one on the timeline: the same static with other words, or the same again to see that it is the
// same. It has a reel of its own, and gives way when the visitor asks for a run of their own.

import { Reel } from "./reel.js";
import { Run } from "./run.js";

export class Beside {
  /** `values` as the form's; `on`: begin(reel), drawn(frame, reel), waiting(ahead), done(reel), trouble(sentence, reel). */
  constructor(gradio, values, on) {
    this.reel = null;
    this.on = on;
    this.run = new Run(gradio, {
      begin: (message) => {
        this.reel = new Reel(message);
        on.begin?.(this.reel);
      },
      waiting: ({ ahead }) => on.waiting?.(ahead),
      drawn: (message) => this.drawn(message),
      done: (message) => this.done(message),
      trouble: ({ sentence }) => {
        this.reel?.ended({ stopped: true });
        this.run.leave();
        on.trouble?.(sentence, this.reel);
      },
    });
    this.run.ask(values);
  }

  get running() {
    return this.run.running;
  }

  /** Whether it is known which messages are this run's. */
  get known() {
    return this.run.key !== null;
  }

  stop() {
    if (this.running) this.run.stop();
  }

  async drawn(message) {
    const { reel } = this;
    const frame = await reel.add(message);
    this.on.drawn?.(frame, reel);
  }

  async done(message) {
    await this.reel.settled();
    this.reel.ended(message);
    this.run.leave();
    this.on.done?.(this.reel);
  }
}
