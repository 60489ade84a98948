// What the visitor and the runs may do to the state. Knows sources and the store; draws nothing itself: `views` are told
// what is said once (a status, a trouble), and everything else is drawn from the store.

import { ends } from "./inbox.js";
import { Sentence } from "./patience.js";
import { recording } from "./recording.js";
import { Reel, running, shown } from "./reel.js";
import { keepRun, keepTab, keptRun, tab } from "./remember.js";
import { waitingFor } from "./text.js";

const BROKE = "Something broke on this page while the run was shown; what was drawn is on the timeline.";
const UNHEARD = "The connection broke before your run began. Nothing you typed is lost: press Generate to try again.";
const CUT = "This run was cut off before its end; what was drawn is here.";
const SAVED = 8; // steps after which a run is kept in this browser, while it is under way
const OWN = ["numbers", "atlas", "token"]; // what a recorded run answers itself where it is about its own prompt

export class Controller {
  /**
   * @param {import("./types.js").Store} store
   * @param {{live: (key?: string) => any, recorded: (recording: any) => any}} open makes sources
   * @param {{status(text: string | null): void, say(text: string): void, told(reel: Reel): string, begun(reel: Reel, quiet: boolean): void,
   *   drawn(reel: Reel, frame: any): void, done(reel: Reel): void, trouble(sentence: string, field?: string | null): void,
   *   values(): import("./types.js").Request}} views
   */
  constructor(store, open, views) {
    this.store = store;
    this.open = open;
    this.views = views;
    this.sources = new Map(); // run -> where it comes from
    this.asking = open.live(); // for questions that belong to no run
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

  /** Run what stands in the form, on the timeline. What a panel runs beside it gives way. */
  generate() {
    if (this.busy) return;
    for (const reel of Object.values(this.store.get().runs)) {
      if (!reel.live) continue;
      reel.beside = true;
      this.sources.get(reel.key)?.stop();
    }
    const values = this.views.values();
    const source = this.open.live();
    const reel = this.add(new Reel(source.key), source);
    this.views.trouble("");
    this.views.status("Sending your prompt");
    keepTab({ run: source.key, begun: false, form: values });
    this.follow(reel, source.start(values));
  }

  stop() {
    const reel = running(this.store.get());
    if (!reel) return;
    this.views.status("Stopping after this step");
    this.sources.get(reel.key)?.stop();
  }

  /**
   * Run `values` beside the run on the timeline; null while any other is under way.
   * `on`: begin(reel), drawn(frame, reel), waiting(ahead), done(reel), trouble(sentence, reel).
   */
  beside(values, on) {
    const { runs } = this.store.get();
    if (Object.values(runs).some((reel) => reel.live)) return null;
    const source = this.open.live();
    const reel = this.add(new Reel(source.key, { beside: true }), source);
    this.listen(reel, source.start(values), on);
    return { stop: () => reel.live && source.stop(), get running() { return reel.live; } };
  }

  /** Bring back the run that this tab was at: from the server, else from this browser. */
  async restore(step) {
    const { run, begun } = tab() ?? {};
    if (typeof run !== "string" || this.busy) return;
    const source = this.open.live(run);
    const reel = this.add(new Reel(run, { restored: true }), source);
    reel.wanted = step;
    const heard = await this.follow(reel, source.resume(), { quiet: true });
    if (heard || this.busy || this.reel.key !== null) return;
    const kept = await keptRun(run);
    if (this.busy || this.reel.key !== null) return;
    if (!kept && begun === false) this.views.trouble(UNHEARD); // the page was loaded anew, by whatever hand, before it began
    if (!kept) return;
    const again = this.add(new Reel(run, { restored: true }), source);
    again.wanted = step;
    await this.follow(again, replay(kept), { quiet: true });
  }

  /** Play a recorded run from a file's text. */
  openRecording(text) {
    if (this.busy) return this.views.trouble("A run is under way: stop it, or open the recorded one when it has ended.");
    try {
      const found = recording(text);
      const key = found.messages[0].run;
      const source = this.open.recorded(found);
      this.views.trouble("");
      keepTab({ run: null });
      this.follow(this.add(new Reel(key, { recorded: true }), source), source.start(), { quiet: true });
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
    const { runs, shown: on } = this.store.get();
    const kept = Object.entries(runs).filter(([key, other]) => key === on || other.live);
    this.sources.set(reel.key, source);
    for (const key of this.sources.keys()) if (key !== reel.key && !kept.some(([other]) => other === key)) this.sources.delete(key);
    this.store.update({ runs: { ...Object.fromEntries(kept), [reel.key]: reel } });
    return reel;
  }

  /** Play a run's messages on the timeline; whatever happens, it ends and the form is free again. Whether it began. */
  async follow(reel, messages, { quiet = false } = {}) {
    const views = this.views;
    await this.listen(reel, messages, {
      begin: () => {
        if (reel.beside) return; // the visitor has asked for another meanwhile
        const { runs } = this.store.get();
        const kept = Object.entries(runs).filter(([key, other]) => key === reel.key || other.live);
        this.store.update({ runs: Object.fromEntries(kept), shown: reel.key, step: 0, chosen: null });
        if (!reel.recorded) keepTab({ begun: true });
        views.begun(reel, quiet);
      },
      waiting: (ahead) => views.status(waitingFor(ahead)),
      drawn: (frame) => {
        if (reel.beside) return;
        if (frame.index % SAVED === SAVED - 1 && !reel.recorded) keepRun(reel.key, reel.messages);
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
      },
    });
    return Boolean(reel.run);
  }

  done(reel) {
    this.store.update();
    this.views.done(reel);
    if (!reel.recorded) keepRun(reel.key, reel.messages);
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
    if (message.kind !== "waiting") reel.messages.push(message);
    if (message.kind === "begin") {
      reel.begin(message);
      on.begin?.(reel);
    } else if (message.kind === "waiting") on.waiting?.(message.ahead);
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

/** Messages that were kept, as a run's. */
async function* replay(messages) {
  for (const message of messages) {
    yield message;
    if (ends(message)) return;
  }
}
