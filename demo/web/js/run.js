// One run as the server tells it: asks, stops, puts messages in order and fetches the ones that went missing.

const SILENCE = 5; // seconds without a word after which the server is asked whether the run is still alive

export class Run {
  /** `on` has a function for each kind of message; `drawn` gets the frames, in order, without a gap. */
  constructor(gradio, on) {
    this.gradio = gradio;
    this.on = on;
    this.running = false;
    this.key = null;
    this.gone = new AbortController();
    window.addEventListener("out-of-static:message", (event) => this.hear(event.detail), this.gone);
    window.addEventListener("out-of-static:failed", () => this.lost(), this.gone);
  }

  /** Hear nothing any more. */
  leave() {
    this.finish();
    this.gone.abort();
  }

  ask(values) {
    this.running = true;
    this.key = null;
    this.next = 0;
    this.stopping = false;
    this.chain = Promise.resolve();
    this.listen();
    this.gradio.trigger("submit", values);
  }

  stop() {
    this.stopping = true;
    if (this.key) this.gradio.server.stop_run(this.key).catch(() => this.lost());
  }

  hear(text) {
    if (!this.running || typeof text !== "string" || !text) return;
    const message = JSON.parse(text);
    if (message.kind === "begin" && this.key === null) this.key = message.run;
    else if (message.run !== this.key) return;
    this.listen();
    this.chain = this.chain.then(() => this.handle(message));
  }

  async handle(message) {
    if (!this.running) return;
    if (message.kind === "begin") {
      this.on.begin(message);
      if (this.stopping) this.stop();
    } else if (message.kind === "frame") {
      await this.repair(message.index);
      if (message.index === this.next) this.pass(message);
    } else if (message.kind === "done" || message.kind === "trouble") {
      await this.repair(message.count);
      this.finish();
      await this.on[message.kind](message);
    } else {
      this.on[message.kind]?.(message);
    }
  }

  pass(message) {
    this.next += 1;
    this.on.drawn(message);
  }

  /** Ask again for the frames before `index` that never arrived. */
  async repair(index) {
    while (this.next < index) {
      const { frames } = await this.fetch();
      if (!frames.length) return;
    }
  }

  /** Ask for the frames from the next one on, and pass on those that are there. */
  async fetch() {
    const answer = await this.gradio.server.missing_frames({ run: this.key, first: this.next });
    answer.frames.map((text) => JSON.parse(text)).forEach((message) => message.index === this.next && this.pass(message));
    return answer;
  }

  finish() {
    this.running = false;
    clearTimeout(this.watch);
  }

  listen() {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => (this.chain = this.chain.then(() => this.probe())), 1000 * SILENCE);
  }

  /** A long silence: a slow step, a line of visitors, or a broken connection? */
  async probe() {
    const { key, next } = this;
    const answer = await this.fetch().catch(() => null);
    if (!this.running || this.key !== key) return;
    const over = answer && key && !answer.alive && this.next === next;
    if (answer === null || over) this.lost();
    else this.listen();
  }

  lost() {
    if (!this.running) return;
    this.finish();
    this.on.trouble({
      run: this.key,
      sentence: this.key
        ? "The connection broke during the run. What was drawn is on the timeline; generate again for the rest."
        : "The server is busy or out of reach. Nothing you typed is lost: try again in a moment.",
    });
  }
}
