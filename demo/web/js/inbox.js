// The messages of one run as they arrive, twice, late or out of order, and as they leave: each once, in order, no gap.

export class Inbox {
  /** @param {string} key whose messages are meant; others are not for us */
  constructor(key) {
    this.key = key;
    this.next = 0; // number of the first message that has not left
    /** @type {Map<number, import("./types.js").Message>} */
    this.early = new Map();
    this.wake = () => {};
  }

  /** Take in one message, as text; whether it was new and ours. */
  hear(text) {
    const message = parsed(text);
    if (!message || message.run !== this.key || !Number.isInteger(message.number)) return false;
    if (message.number < this.next || this.early.has(message.number)) return false;
    this.early.set(message.number, message);
    this.wake();
    return true;
  }

  /** The next message in order, null while it is not there. */
  take() {
    const message = this.early.get(this.next) ?? null;
    if (message) {
      this.early.delete(this.next);
      this.next += 1;
    }
    return message;
  }

  get ready() {
    return this.early.has(this.next);
  }

  /** Whether something after the next one is there already, so that the next one was lost or is late. */
  get gap() {
    return !this.ready && this.early.size > 0;
  }

  /** Until something was heard, or `ms` have passed. */
  heard(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
  }
}

function parsed(text) {
  if (typeof text !== "string" || !text) return null;
  try {
    const message = JSON.parse(text);
    return message && typeof message === "object" ? message : null;
  } catch {
    return null; // half a message is none: it counts as lost, and is asked for again
  }
}

/** Whether a message is a run's last. */
export function ends(message) {
  return message.kind === "done" || message.kind === "trouble";
}
