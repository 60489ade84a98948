// What a run says once, and what happens to the page with it: scrolling, focus, a line of status. The rest is drawn.

import { bringIntoView } from "./room.js";

export class Views {
  constructor(page, form, teller, store) {
    this.page = page;
    this.form = form;
    this.teller = teller;
    this.store = store;
    this.scrub = page.querySelector(".scrub");
    /** Whether a trouble is said somewhere else than at the form. */
    this.ontrouble = (_sentence, _field) => false;
  }

  values() {
    return this.form.values();
  }

  status(text) {
    this.teller.status(text);
    if (text === "Sending your prompt") this.takeKeys();
  }

  say(text) {
    this.teller.say(text);
  }

  /** What the visitor waits for, "" for nothing; `before` is the run to look at meanwhile, null where there is none. */
  waits(text, before = null) {
    if (text && !before) this.status(text);
    this.aside(text && before ? text + ". Meanwhile, this is " + (before.recorded ? "a recorded run." : "your last run.") : "");
    if (before) this.teller.gif(before.end, before.recorded);
  }

  /** A line over the timeline, of another run than the one that is on show. */
  aside(text) {
    const line = this.page.querySelector(".waits");
    line.hidden = !text;
    line.textContent = text;
  }

  told(reel) {
    return this.teller.sentence(reel.frames[this.store.get().step], reel);
  }

  /** A run begins on the timeline; quiet where nobody has just asked for it. */
  begun(reel, quiet) {
    this.teller.begin(reel);
    this.waits("");
    if (reel.recorded) this.lend(reel);
    if (!quiet) bringIntoView(this.page);
  }

  /** A recorded run's request goes into a form that holds nothing of the visitor's own: what was typed stays. */
  lend({ asked, lent }) {
    const { prompt } = this.values();
    if (prompt.trim() && prompt !== this.form.lent) return;
    this.form.set(lent ? { prompt: asked.prompt } : written(asked));
    this.form.lent = this.values().prompt;
    if (lent) this.form.prompt.addEventListener("focus", () => this.giveWay(), { once: true });
  }

  /** Whoever types finds the words that were lent to them marked, so that theirs take their place. */
  giveWay() {
    const { prompt, lent } = this.form;
    requestAnimationFrame(() => prompt.value === lent && prompt.select());
  }

  drawn(reel, frame) {
    if (frame.index === 0 && document.activeElement === this.form.prompt) this.takeKeys();
    this.teller.milestone(frame, reel);
  }

  done(reel) {
    this.teller.done(reel);
    if (reel.end.note) this.form.trouble(reel.end.note);
  }

  /** An earlier run is on the timeline again. */
  back(reel) {
    this.teller.gif(reel.end, reel.recorded);
    this.say("On the timeline again: " + reel.asked.prompt);
  }

  trouble(sentence, field) {
    if (this.ontrouble(sentence, field)) return;
    this.form.trouble(sentence, field ?? undefined);
  }

  /** From here on keys mean the timeline; its scrubber can take the focus only once there is a first picture. */
  takeKeys() {
    this.scrub.focus({ preventScroll: true });
  }

  /** The same noise is to meet other words: its seed goes into the form, and the run on show stays beside the next one. */
  otherWords(keep) {
    const { runs, shown: key, other } = this.store.get();
    this.form.set({ seed: String(runs[key].asked.seed) });
    if (other !== key) keep();
    this.form.prompt.focus();
    this.form.prompt.select();
  }

  /** Scroll as little as shows a part of the page, where it is there. */
  bring(selector) {
    this.page.querySelector(selector).scrollIntoView({ block: "nearest" });
  }

  /** What would run now: the visitor's words, or an example while there are none. */
  prompt(facts) {
    return this.form.values().prompt.trim() || facts.examples[0];
  }

  runIt(facts) {
    this.form.setPrompt(this.prompt(facts));
    this.form.onsubmit();
  }
}

/** A run's request as the form's fields have it. */
function written({ prompt, seed, total, guidance, scheduler, branch }) {
  const same = { seed: String(seed), steps: String(total), scheduler };
  const told = branch && !branch.branch && branch.fresh === null; // what the form has fields for
  if (told) return { ...same, prompt: branch.prompt, guidance: String(branch.guidance), then: prompt, branch_at: String(branch.at) };
  return { ...same, prompt, guidance: String(guidance), then: "", branch_at: "" };
}
