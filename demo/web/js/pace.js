// Slow live: a run is told no faster than a class can follow. The server draws at its own speed; what it is ahead of the
// telling waits here, in the browser, and nothing on the page shows it before its time.

/** @typedef {{now: () => number, later: (ms: number, wake: () => void) => any, never: (timer: any) => void}} Clock */

/** @type {Clock} */
const CLOCK = { now: () => performance.now(), later: (ms, wake) => setTimeout(wake, ms), never: (timer) => clearTimeout(timer) };

export class Pace {
  /** @param {Clock} [clock] */
  constructor(clock = CLOCK) {
    this.clock = clock;
    this.seconds = 0; // between two states; 0 is as fast as they come
    this.held = false; // nothing more is told until it is let go or asked for
    this.waiting = 0; // states that have come and are not told
    this.onchanged = () => {};
    this.rest();
  }

  /** For the next run: nothing told, nothing asked for. */
  rest() {
    this.asked = 0; // steps that were asked for by hand
    this.free = false; // whether all that is left is told at once
    this.told = -Infinity; // when the last state was
    this.waiting = 0;
  }

  set(seconds) {
    this.seconds = seconds;
    this.poke();
  }

  hold(on = !this.held) {
    this.held = on;
    this.poke();
  }

  /** One state more, now. */
  next() {
    this.asked += 1;
    this.poke();
  }

  /** The run is stopped: what has come is told at once. */
  release() {
    this.held = false;
    this.free = true;
    this.poke();
  }

  poke() {
    this.wake?.();
    this.onchanged();
  }

  /** The messages of a run: all are taken in as they come, and each state after the noise is told when its turn is. */
  async *paced(messages) {
    this.rest();
    const come = [];
    const end = { over: false, error: null };
    this.take(messages, come, end);
    for (;;) {
      while (come.length) {
        const message = come.shift();
        const state = message.kind === "frame";
        if (state && message.index > 0) await this.turn();
        if (state) this.told = this.clock.now();
        if (state) this.waiting -= 1;
        yield message;
      }
      if (end.error) throw end.error;
      if (end.over) return;
      await this.sleep(Infinity);
    }
  }

  async take(messages, come, end) {
    try {
      for await (const message of messages) {
        come.push(message);
        if (message.kind === "frame") this.waiting += 1;
        this.poke();
      }
    } catch (error) {
      end.error = error;
    }
    end.over = true;
    this.wake?.();
  }

  async turn() {
    for (;;) {
      const left = this.held ? Infinity : this.told + 1000 * this.seconds - this.clock.now();
      if (this.free || left <= 0) return;
      if (this.asked > 0) return void (this.asked -= 1);
      await this.sleep(left);
    }
  }

  /** Until something changes, or for so many ms. */
  sleep(ms) {
    return new Promise((awake) => {
      const timer = ms < Infinity ? this.clock.later(ms, () => awake()) : null;
      this.wake = () => {
        if (timer !== null) this.clock.never(timer);
        awake();
      };
    });
  }
}
