// The frames of one run, kept in the browser: the only place where they are scrubbed.

import { picture } from "./pictures.js";

const KEPT = 8; // runs of a visit that can be gone back to
const VIEWS = ["state", "guess", "change"];
const EMPTY = { run: null, total: 30 };

/** What a step shows without its noise: the guess, and in the end the picture; before there is a guess, the static. */
export function clearest(frame) {
  return frame.index === frame.total ? frame.state : (frame.guess ?? frame.state);
}

/** @typedef {import("./types.js").FrameMessage & {state: any, guess: any, change: any, ms: number | null, torn: boolean,
 *   exact?: boolean, trouble?: string}} Frame */

export class Reel {
  /** A run that was asked for; without a key, the empty reel that stands there before the first one. */
  constructor(key = null, { beside = false, recorded = false, restored = false } = {}) {
    this.key = key;
    this.beside = beside; // asked for by a panel, not for the timeline
    this.recorded = recorded;
    this.series = false; // one of a comparison that ran by itself
    this.lent = false; // put there for a visitor who has asked for nothing yet
    /** @type {number | null} */
    this.wanted = null; // the step to stay at while it is put there
    this.restored = restored; // looked for after a reload: until it is found, nothing is under way
    this.live = key !== null; // under way: until its last message, or until it is given up
    /** @type {any} the `begin` message */
    this.asked = EMPTY;
    /** @type {Frame[]} */
    this.frames = [];
    /** @type {any} the `done` message */
    this.end = null;
    this.messages = []; // as they came, until they are kept for the next time the page is opened
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

  /** How many states are those of the run that this one leaves. */
  get shared() {
    const { branch } = this.asked;
    return branch ? branch.at + (branch.fresh === null ? 1 : 0) : 0;
  }

  /** The guidance with which the guess on the way to a state was mixed. */
  guidanceAt(step) {
    let made = this.asked;
    while (made.branch && step <= made.branch.at) made = made.branch;
    return made.guidance;
  }

  /**
   * What to ask for to see the same once more, or with another prompt; a size only where the model draws in more than one.
   * @param {{size: number[] | null}} facts
   */
  again(facts, prompt = this.asked.prompt) {
    const { seed, guidance, scheduler, negative_prompt, branch } = this.asked;
    const { width, height } = (facts.size && this.frames[0]) || {};
    const kept = { seed, scheduler, width, height, steps: this.total };
    if (!branch) return { prompt, guidance, negative_prompt, ...kept };
    const then = { branch_at: branch.at, then: prompt, then_guidance: guidance, then_negative_prompt: negative_prompt, fresh: branch.fresh };
    if (branch.branch) return { parent: branch.run, ...then };
    return { prompt: branch.prompt, guidance: branch.guidance, negative_prompt: branch.negative_prompt, ...kept, ...then };
  }

  /** Why no run can leave this one at a step, "" where one can. */
  stays(step, facts) {
    if (this.last < 0) return "There is no run to go on from yet.";
    if (step >= this.total) return "This is the last step: nothing comes after it. Go back to an earlier one.";
    if (this.recorded && (this.asked.branch || this.asked.model !== facts.model)) return "This recorded run cannot be gone on from here; generate one.";
    return "";
  }

  /** What to ask for to leave this run at `step`, with `then` and its like from there on. */
  leaving(step, then, facts) {
    return { ...(this.recorded ? this.again(facts) : { parent: this.run }), branch_at: step, ...then };
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
    const drawn = message.index >= Math.max(1, this.shared) && this.frames[message.index - 1]; // the rest came at once
    frame.ms = drawn ? 1000 * (message.seconds - this.frames[message.index - 1].seconds) : null;
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

/** Whether this is one of the runs of the visit, which can be gone back to: asked for on the timeline, and something drawn. */
export function seen(reel) {
  return reel.run !== null && !reel.beside && !reel.lent && reel.last >= 0;
}

/** The runs that somebody can still see: on the timeline, beside it, under way, the newest of this visit, and the last by hand. */
export function kept({ runs, shown: on, other }) {
  const ended = Object.values(runs).filter(seen);
  const newest = [...ended.slice(-KEPT), ended.findLast((reel) => !reel.series)];
  return Object.fromEntries(Object.entries(runs).filter(([key, reel]) => key === on || key === other || reel.live || newest.includes(reel)));
}

/** The run that is being drawn and was asked for on the timeline, not beside it; null where there is none. */
export function running(state) {
  return Object.values(state.runs).find((reel) => reel.live && !reel.beside && !reel.recorded && (reel.run !== null || !reel.restored)) ?? null;
}

const NOTHING = new Reel();
