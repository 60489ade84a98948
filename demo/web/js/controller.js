// What the visitor and the runs may do to the state. Knows sources and the store; draws nothing itself: `views` are told
// what is said once (a status, a trouble), and everything else is drawn from the store.

import { aligned } from "./align.js";
import { Meanwhile } from "./meanwhile.js";
import { Sentence } from "./patience.js";
import { recording } from "./recording.js";
import { kept, Reel, running, shown } from "./reel.js";
import { keepRun, keepTab } from "./remember.js";
import { waitingFor } from "./text.js";

const BROKE = "Something broke on this page while the run was shown; what was drawn is on the timeline.";
const UNDER_WAY = "A run is under way: stop it, or open the recorded one when it has ended.";
const CUT = "This run was cut off before its end; what was drawn is here.";
const SAVED = 8; // steps after which a run is kept in this browser, while it is under way
const OWN = ["numbers", "atlas", "token"]; // what a recorded run answers itself where it is about its own prompt

export class Controller {
  /**
   * @param {import("./types.js").Store} store
   * @param {{live: (key?: string) => any, recorded: (recording: any) => any}} open makes sources
   * @param {{status(text: string | null): void, say(text: string): void, told(reel: Reel): string, begun(reel: Reel, quiet: boolean): void, back(reel: Reel): void,
   *   drawn(reel: Reel, frame: any): void, done(reel: Reel): void, trouble(sentence: string, field?: string | null): void,
   *   waits(text: string, before?: Reel | null): void, aside(text: string): void, values(): import("./types.js").Request}} views
   * @param {import("./pace.js").Pace} pace at which a visitor's own runs are told
   */
  constructor(store, open, views, pace) {
    this.pace = pace;
    this.store = store;
    this.open = open;
    this.views = views;
    this.sources = new Map(); // run -> where it comes from
    this.asking = open.live(); // for questions that belong to no run
    this.meanwhile = new Meanwhile(store);
  }

  get reel() {
    return shown(this.store.get());
  }

  get busy() {
    return Boolean(running(this.store.get()));
  }

  /** Show a step of the run on the timeline. */
  go(to, aloud = false) {
    const { reel } = this;
    if (reel.last < 0) return;
    this.store.update({ step: Math.max(0, Math.min(to, reel.last)) });
    if (aloud) this.views.say(this.views.told(reel));
  }

  openStage(stage) {
    if (stage !== this.store.get().open) this.store.update({ open: stage });
  }

  /** The word whose map lies over the pictures; null is none. */
  choose(word) {
    this.store.update({ chosen: word });
  }

  /** Put an earlier run of this visit on the timeline. */
  show(key) {
    const reel = this.store.get().runs[key];
    if (!reel || this.busy) return;
    const { step } = this.store.get();
    this.store.update({ shown: key, step: Math.min(step, reel.last), chosen: null });
    if (!reel.recorded) keepTab({ run: key, begun: true });
    this.views.back(reel);
  }

  /** Lay a run beside the one on the timeline, or, where it lies there, put it away. */
  compare(key) {
    this.store.update({ other: this.store.get().other === key ? null : key });
  }

  /** The run beside takes the place of the one on the timeline, and that its. */
  swap() {
    const { runs, shown: here, other, step, by } = this.store.get();
    if (this.busy) return;
    const beside = aligned(runs[other], runs[here].frames[step], by);
    this.show(other);
    this.store.update({ other: here, step: beside.index });
  }

  /** Run one after the other until one is stopped or goes wrong; then the first lies beside the last. */
  async series(list, by) {
    let first = null;
    for (const values of list) {
      const reel = await this.generate(values, { series: true });
      if (!reel?.end || reel.end.stopped) return;
      first ??= reel.key;
      this.store.update({ other: first, by });
    }
  }

  /** Run `values`, what stands in the form, on the timeline, and return the run. */
  async generate(values = this.views.values(), { series = false } = {}) {
    if (this.busy) return null;
    this.clear();
    const source = this.open.live();
    const reel = this.add(new Reel(source.key), source);
    reel.series = series;
    this.views.trouble("");
    this.views.status("Sending your prompt");
    keepTab({ run: source.key, begun: false, form: this.views.values() });
    const messages = source.start(values);
    await this.follow(reel, series ? messages : this.pace.paced(messages));
    return reel;
  }

  /** What a panel runs, and a recorded run that is still being put on the timeline, give way. */
  clear() {
    for (const reel of Object.values(this.store.get().runs).filter(({ live }) => live)) {
      reel.beside = true;
      this.sources.get(reel.key)?.stop();
    }
  }

  /** Whether a run is under way, so that no other can be put on the timeline; then that is said. */
  refuses() {
    if (this.busy) this.views.trouble(UNDER_WAY);
    return this.busy;
  }

  stop() {
    const reel = running(this.store.get());
    if (!reel) return;
    this.views.status("Stopping after this step");
    this.pace.release();
    this.sources.get(reel.key)?.stop();
  }

  /**
   * Run `values` beside the run on the timeline; null while any other is under way.
   * `on`: begin(reel), drawn(frame, reel), waiting(ahead, seconds), done(reel), trouble(sentence, reel).
   */
  beside(values, on) {
    const { runs } = this.store.get();
    if (Object.values(runs).some((reel) => reel.live)) return null;
    const source = this.open.live();
    const reel = this.add(new Reel(source.key, { beside: true }), source);
    this.listen(reel, source.start(values), on);
    return { stop: () => reel.live && source.stop(), get running() { return reel.live; } };
  }

  /** Put a run that the server keeps on the timeline, at a step or at its end; whether it was still there. */
  async recall(run, step = null) {
    const { runs } = this.store.get();
    if (Object.values(runs).some((reel) => reel.live)) return true; // one run at a time
    if (runs[run] && !runs[run].beside) {
      if (run === this.store.get().other) this.swap();
      else this.show(run);
      if (step !== null) this.go(step);
      return true;
    }
    const source = this.open.live(run);
    const reel = this.add(new Reel(run, { restored: true }), source);
    reel.wanted = step;
    const heard = await this.follow(reel, source.resume(), { quiet: true });
    if (heard) keepTab({ run });
    return heard;
  }

  /** Put a recorded run on the timeline from its text, at a step or at its end; `lent`: nobody has asked for it. */
  openRecording(text, { step = null, lent = false } = {}) {
    if (this.refuses()) return;
    try {
      const found = recording(text);
      const key = found.messages[0].run;
      const source = this.open.recorded(found);
      this.clear();
      this.views.trouble("");
      keepTab({ run: null });
      const reel = this.add(new Reel(key, { recorded: true }), source);
      Object.assign(reel, { wanted: step, lent });
      return this.follow(reel, source.start(), { quiet: true }).then(() => reel);
    } catch (error) {
      this.views.trouble(error instanceof Sentence ? error.message : BROKE);
    }
  }

  /** Ask what a panel shows: of the recorded run where it is on show and meant, else of the server. */
  ask(panel, question) {
    const { reel } = this;
    const about = question.run !== undefined ? question.run === reel.run : OWN.includes(panel) && this.views.values().prompt === reel.asked.prompt;
    const source = reel.recorded && about ? this.sources.get(reel.key) : this.asking;
    return source.ask(panel, question);
  }

  /** A run more in the store; those that nobody can see any more go. */
  add(reel, source) {
    this.sources.set(reel.key, source);
    const runs = { ...kept(this.store.get()), [reel.key]: reel };
    for (const key of this.sources.keys()) if (!Object.hasOwn(runs, key)) this.sources.delete(key);
    this.store.update({ runs });
    return reel;
  }

  /** Play a run's messages on the timeline; whatever happens, it ends and the form is free again. Whether it began. */
  async follow(reel, messages, { quiet = false } = {}) {
    const views = this.views;
    await this.listen(reel, messages, {
      begin: () => {
        if (reel.beside) return; // the visitor has asked for another meanwhile
        const { runs, other, shown: before } = this.store.get();
        const parent = reel.asked.branch?.run;
        this.meanwhile.begun(before);
        this.store.update({ runs: kept(this.store.get()), shown: reel.key, other: runs[parent] ? parent : other, step: 0, chosen: null });
        if (!reel.recorded) keepTab({ begun: true });
        views.begun(reel, quiet);
      },
      waiting: (ahead, seconds) => reel.beside || views.waits(waitingFor(ahead, seconds), this.meanwhile.waits(reel)),
      drawn: (frame) => {
        if (reel.beside) return;
        if (frame.index === 0) this.meanwhile.turn(reel) ? views.begun(reel, true) : views.waits("");
        if (frame.index % SAVED === SAVED - 1 && reel.messages.length) keepRun(reel.key, reel.messages);
        const { step } = this.store.get();
        const at = reel.wanted ?? null;
        const following = step >= reel.last - 1 && (at === null || reel.last <= at);
        this.store.update(following ? { step: reel.last } : {});
        views.drawn(reel, frame);
      },
      packing: () => reel.beside || views.status("Packing the GIF"),
      done: () => reel.beside || this.done(reel),
      trouble: (sentence, _reel, field) => {
        if (reel.beside) return this.forget(reel);
        if (quiet && !reel.run) return this.forget(reel);
        this.forget(reel);
        views.trouble(sentence, field);
        if (reel.run) this.done(reel);
        else views.status(this.reel.last < 0 ? "" : null);
        views.waits("");
      },
    });
    return Boolean(reel.run);
  }

  done(reel) {
    this.store.update();
    if (this.store.get().shown === reel.key) this.views.done(reel);
    else this.views.aside("Your run was stopped before its first picture.");
    if (reel.messages.length) keepRun(reel.key, reel.messages);
    reel.messages = []; // their pictures as text take as much room again
  }

  /** A run that never began leaves nothing behind. */
  forget(reel) {
    if (reel.run) return;
    const { runs } = this.store.get();
    this.store.update({ runs: Object.fromEntries(Object.entries(runs).filter(([key]) => key !== reel.key)) });
  }

  async listen(reel, messages, on) {
    try {
      for await (const message of messages) await this.take(reel, message, on);
      if (reel.live) throw new Sentence(CUT);
    } catch (error) {
      if (!(error instanceof Sentence)) console.error(error);
      if (reel.live) this.fail(reel, error instanceof Sentence ? error.message : BROKE, on);
    } finally {
      reel.live = false;
      this.store.update();
    }
  }

  fail(reel, sentence, on, field = null) {
    reel.ended({ stopped: true, count: reel.frames.length, broken: true });
    on.trouble?.(sentence, reel, field);
  }

  async take(reel, message, on) {
    if (message.kind !== "waiting" && !reel.recorded) reel.messages.push(message);
    if (message.kind === "begin") {
      reel.begin(message);
      on.begin?.(reel);
    } else if (message.kind === "waiting") on.waiting?.(message.ahead, message.seconds);
    else if (message.kind === "frame") on.drawn?.(await reel.add(message), reel);
    else if (message.kind === "drawn") {
      if (!message.stopped && reel.frames.length) on.packing?.();
    } else if (message.kind === "done") {
      reel.ended(message);
      on.done?.(reel);
    } else if (message.kind === "trouble") {
      if (!reel.run && !reel.beside) keepTab({ run: null });
      this.fail(reel, message.sentence, on, message.field);
    }
  }
}
