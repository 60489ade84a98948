// The frames of one run, kept in the browser: the only place where they are scrubbed.

const VIEWS = ["state", "guess", "change"];

export class Reel {
  /** From a run's `begin` message; without one, the empty reel that stands there before the first run. */
  constructor(begin = {}) {
    this.run = begin.run ?? null;
    this.total = begin.total ?? 30;
    this.asked = begin;
    this.frames = [];
    this.end = null; // the `done` message
    this.decoding = Promise.resolve();
  }

  /** Index of the newest frame, -1 where there is none. */
  get last() {
    return this.frames.length - 1;
  }

  get complete() {
    return this.last === this.total;
  }

  /** Decode a frame's pictures and append it; frames are appended in the order in which they are added. */
  add(message) {
    const pictures = Promise.all(VIEWS.map((view) => picture(message[view])));
    this.decoding = this.decoding.then(async () => {
      const frame = { ...message, reel: this };
      (await pictures).forEach((image, at) => (frame[VIEWS[at]] = image));
      frame.ms = message.index ? 1000 * (message.seconds - this.frames[message.index - 1].seconds) : null;
      this.frames.push(frame);
      return frame;
    });
    return this.decoding;
  }

  settled() {
    return this.decoding;
  }

  ended(message) {
    this.end = message;
  }
}

function picture(source) {
  if (!source) return Promise.resolve(null);
  return new Promise((loaded, failed) => {
    const image = new Image();
    image.onload = () => loaded(image);
    image.onerror = () => failed(new Error("a picture of this run could not be read"));
    image.src = source;
  });
}
