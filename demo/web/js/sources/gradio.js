// Runs from our own server, over Gradio: the only module that knows it. Messages come on Gradio's event stream; what it
// loses, or all where it is cut, is asked for with plain requests, so a run is followed for as long as those get through.

import { ends, Inbox } from "../inbox.js";
import { mint } from "../key.js";
import { patiently, pause, Sentence, UNREACHED, within } from "../patience.js";

const QUIET = 2500; // ms without a word until we ask; then longer and longer
const QUIETER = 6000;
const GAP = 300; // ms that a message may come after the one behind it
const DEAF = 350; // ms between two questions once the stream has proved dead
const ANSWER = 8000; // ms for one answer
const UNKNOWN = 20000; // ms until a run that the server does not know is given up
const LOST = 30000; // ms without any word from the server until the run is given up
const HALTED = 20000; // ms until a stop that nothing came of is believed all the same
const INSIST = 4000; // ms between two stops of a run that goes on
const SLOW = { touch: 120000, guesses: 60000, exact: 120000, overlap: 60000, nearest: 180000, drown: 120000, hide: 120000, name: 180000 }; // ms for answers that are computed first
const BUSY = "The server is busy or out of reach. Nothing you typed is lost: try again in a moment.";
const BROKE = "The connection broke during the run. What was drawn is on the timeline; generate again for the rest.";
const GONE = "The server no longer keeps this run. What was drawn is on the timeline.";

/** @typedef {import("../types.js").Source} Source */

/** @implements {Source} */
export class GradioSource {
  /** @param {import("../types.js").Gradio} gradio */
  constructor(gradio, key = mint()) {
    this.gradio = gradio;
    this.key = key;
    this.halted = 0; // when it was asked to stop
    this.over = false;
  }

  /** @param {import("../types.js").Request | import("../types.js").Branch} request */
  async *start(request) {
    yield* this.listen(() => this.gradio.trigger("submit", { run: this.key, ...request }), QUIET);
  }

  /** A run that was asked for before, by this page or the one that stood here: its messages from the first on. */
  async *resume() {
    yield* this.listen(() => {}, 0, true);
  }

  stop() {
    if (this.over) return;
    this.halted ||= performance.now();
    this.insisted = performance.now();
    this.inbox?.wake();
    this.ask("stop", { run: this.key }).catch(() => {}); // the loop below asks again
  }

  /** Ask the server about a run, or for what a panel shows. */
  ask(panel, question) {
    if (panel === "file") return file(question.path);
    const call = this.gradio.server[panel];
    if (!call) return Promise.reject(new Sentence("The server does not offer this."));
    return patiently(() => call(question), { ms: SLOW[panel] ?? ANSWER });
  }

  async *listen(begin, first, failed = false) {
    const inbox = (this.inbox = new Inbox(this.key));
    const line = new Line(first, failed);
    const hear = (event) => inbox.hear(event.detail) && line.heard();
    const broke = () => {
      line.failed = true;
      inbox.wake();
    };
    window.addEventListener("out-of-static:message", hear);
    window.addEventListener("out-of-static:failed", broke);
    try {
      begin();
      yield* this.messages(inbox, line);
    } finally {
      this.over = true;
      window.removeEventListener("out-of-static:message", hear);
      window.removeEventListener("out-of-static:failed", broke);
    }
  }

  async *messages(inbox, line) {
    let due = performance.now() + line.patience; // when to ask
    for (;;) {
      for (let message = inbox.take(); message; message = inbox.take()) {
        yield message;
        if (ends(message)) return;
        due = performance.now() + line.patience;
      }
      if (inbox.gap) due = Math.min(due, performance.now() + GAP);
      await inbox.heard(due - performance.now());
      if (inbox.ready || (performance.now() < due && !line.failed && !this.halted)) continue;
      const answer = await within(ANSWER, () => this.gradio.server.missing({ run: this.key, first: inbox.next })).catch(() => null);
      const fresh = (answer?.messages ?? []).filter((text) => inbox.hear(text)).length;
      line.asked(answer, fresh, Boolean(this.halted));
      due = performance.now() + line.patience;
      if (inbox.ready) continue;
      if (answer?.known && !answer.alive && !fresh) throw new Sentence(GONE);
      if (answer?.alive && this.halted && performance.now() - this.insisted > INSIST) this.stop();
      if (this.halted && line.mute(this.halted)) return void (yield this.stopped(inbox));
      line.judge();
      await pause(Math.min(DEAF, line.patience)); // never a storm of questions, whatever wakes us
    }
  }

  /** The end of a run that was stopped and that the server says nothing of. */
  stopped(inbox) {
    return { kind: "done", run: this.key, number: inbox.next, stopped: true, count: 0, gif: null, gif_bytes: 0, note: null };
  }
}

/** A file that the server wrote: {blob}. Throws a Sentence, `again` where it may still be there. */
async function file(path) {
  const address = new URL("gradio_api/file=" + path, document.baseURI).href + "?" + Date.now(); // the name may hold another
  const answer = await within(60000, () => fetch(address)).catch(() => null);
  if (!answer || answer.status >= 500) throw new Sentence(UNREACHED, true);
  if (!answer.ok) throw new Sentence("This file is no longer kept on the server; generate again to have it.");
  const blob = await within(60000, () => answer.blob()).catch(() => null);
  if (!blob) throw new Sentence(UNREACHED, true);
  return { blob };
}

/** How the line to the server is doing, and how long to wait for a word. */
class Line {
  constructor(first, failed) {
    this.patience = first;
    this.failed = failed; // there is no stream, or Gradio said that it or the request broke
    this.known = false; // the server has heard of the run
    this.deaf = false;
    this.last = performance.now(); // when anything was heard of the server
    this.began = this.last;
  }

  /** A message came on the stream. */
  heard() {
    this.last = performance.now();
    this.known = true;
    this.deaf = false;
    this.failed = false;
    this.patience = QUIET;
  }

  /** A question for what is missing was answered, or not (null). */
  asked(answer, fresh, halted) {
    const now = performance.now();
    if (answer) this.last = now;
    if (answer?.known) this.known = true;
    this.forgotten = Boolean(answer && !answer.known);
    if (fresh) this.deaf = true;
    const calm = halted || this.failed ? 1000 : Math.min(QUIETER, Math.max(1000, this.patience * 1.5));
    this.patience = this.deaf ? DEAF : calm;
  }

  /** Whether a stop can be taken as done: the server does not know of a run, or nothing is heard any more. */
  mute(halted) {
    const waited = performance.now() - halted;
    return (this.forgotten && waited > 1000) || (performance.now() - this.last > HALTED && waited > HALTED);
  }

  /** Throw where the run cannot be followed any further. */
  judge() {
    const now = performance.now();
    if (this.forgotten && this.known) throw new Sentence(GONE);
    if (this.forgotten && (this.failed || now - this.began > UNKNOWN)) throw new Sentence(BUSY, true);
    if (now - this.last > LOST || (this.failed && !this.known && now - this.last > ANSWER)) throw new Sentence(this.known ? BROKE : BUSY, true);
  }
}
