// What a run says once, and what happens to the page with it: scrolling, focus, a line of status. The rest is drawn.

import { bringIntoView } from "./room.js";

export class Views {
  constructor(page, form, teller, store) {
    this.page = page;
    this.form = form;
    this.teller = teller;
    this.store = store;
    this.scrub = page.querySelector(".scrub");
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

  told(reel) {
    return this.teller.sentence(reel.frames[this.store.get().step], reel);
  }

  /** A run begins on the timeline; quiet where nobody has just asked for it. */
  begun(reel, quiet) {
    this.teller.begin(reel);
    if (reel.recorded && !this.values().prompt.trim()) this.form.set(written(reel.asked)); // what was typed stays
    if (!quiet) bringIntoView(this.page);
  }

  drawn(reel, frame) {
    if (frame.index === 0 && document.activeElement === this.form.prompt) this.takeKeys();
    this.teller.milestone(frame, reel);
  }

  done(reel) {
    this.teller.done(reel);
    if (reel.end.note) this.form.trouble(reel.end.note);
  }

  trouble(sentence, field) {
    this.form.trouble(sentence, field ?? undefined);
  }

  /** From here on keys mean the timeline; its scrubber can take the focus only once there is a first picture. */
  takeKeys() {
    this.scrub.focus({ preventScroll: true });
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
function written({ prompt, seed, total, guidance, scheduler }) {
  return { prompt, seed: String(seed), steps: String(total), guidance: String(guidance), scheduler };
}
