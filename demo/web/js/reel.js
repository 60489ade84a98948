// The frames of one run, kept in the browser: the only place where they are scrubbed.

const VIEWS = ["state", "guess", "change"];
const EMPTY = { run: null, total: 30 };

/** @typedef {import("./types.js").FrameMessage & {state: any, guess: any, change: any, ms: number | null, torn: boolean,
 *   exact?: boolean, trouble?: string}} Frame */

export class Reel {
  /** A run that was asked for; without a key, the empty reel that stands there before the first one. */
  constructor(key = null, { beside = false, recorded = false, restored = false } = {}) {
    this.key = key;
    this.beside = beside; // asked for by a panel, not for the timeline
    this.recorded = recorded;
    this.restored = restored; // looked for after a reload: until it is found, nothing is under way
    this.live = key !== null; // under way: until its last message, or until it is given up
    /** @type {any} the `begin` message */
    this.asked = EMPTY;
    /** @type {Frame[]} */
    this.frames = [];
    /** @type {any} the `done` message */
    this.end = null;
    this.messages = []; // as they came, for the next time the page is opened
  }

  /** The run's key once it has begun. */
  get run() {
    return this.asked.run;
  }

  get total() {
    return this.asked.total;
  }

  /** Index of the newest frame, -1 where there is none. */
  get last() {
    return this.frames.length - 1;
  }

  get complete() {
    return this.last === this.total;
  }

  /**
   * What to ask for to see the same once more; a size only where the model draws in more than one.
   * @param {{size: number[] | null}} facts
   */
  again(facts) {
    const { prompt, seed, guidance, scheduler, negative_prompt } = this.asked;
    const { width, height } = (facts.size && this.frames[0]) || {};
    return { prompt, seed, guidance, scheduler, negative_prompt, width, height, steps: this.total };
  }

  /** Take in the `begin` message. */
  begin(message) {
    this.asked = message;
  }

  /** Decode a frame's pictures and append it. One that cannot be decoded is left dark, and the frame says so. */
  async add(message) {
    const pictures = await Promise.all(VIEWS.map((view) => picture(message[view])));
    const frame = { ...message, torn: pictures.some((image, at) => message[VIEWS[at]] && !image) };
    pictures.forEach((image, at) => (frame[VIEWS[at]] = image));
    frame.ms = message.index && this.frames[message.index - 1] ? 1000 * (message.seconds - this.frames[message.index - 1].seconds) : null;
    this.frames.push(frame);
    return frame;
  }

  /** The run is over; `message` is its last, or what stands for it. */
  ended(message) {
    this.end = message;
    this.live = false;
  }
}

/** The run on the timeline. */
export function shown(state) {
  return state.runs[state.shown] ?? NOTHING;
}

/** The run under way that was asked for on the timeline, not beside it; null where there is none. */
export function running(state) {
  return Object.values(state.runs).find((reel) => reel.live && !reel.beside && (reel.run !== null || !reel.restored)) ?? null;
}

const NOTHING = new Reel();

/** A picture from its data URI, null where it is none. */
export function picture(source) {
  if (!source) return Promise.resolve(null);
  return new Promise((loaded) => {
    const image = new Image();
    image.onload = () => loaded(image);
    image.onerror = () => loaded(null);
    image.src = source;
  });
}
