// The address: says what is on the page, in its # part alone, and is read when the page opens. Never starts anything.

import { read, write } from "./address.js";
import { keepTab, tab } from "./remember.js";
import { shown } from "./reel.js";

const STILL = 300; // ms after the last change
const STRANGE = "This link asks for something that cannot be done here. What can be is in the form; nothing has started.";
const SAID = 2500; // ms that "Link copied" stays

export class Address {
  constructor(page, facts, form, store) {
    this.facts = facts;
    this.form = form;
    this.store = store;
    /** What the address was written from. */
    this.drawn = { open: null, step: 0, run: null };
    this.own = location.hash;
    /** @type {string | undefined} the experiment that the address leads to */
    this.tried = undefined;
    /** Whether what the address leads to was begun, and is no place to stay at. */
    this.ontried = (_name) => false;
    const copy = page.querySelector(".copy");
    copy.onclick = () => this.copy(copy.querySelector("span"));
    window.addEventListener("hashchange", () => location.hash !== this.own && this.fill(this.said()));
    window.addEventListener("pagehide", () => keepTab({ late: this.timer ? { hash: location.hash, now: this.now() } : null }));
  }

  said(hash = location.hash) {
    return read(hash, this.facts.limits, this.facts.schedulers);
  }

  /** Fill the form from the address, or from what this tab was at, but for an `alone` page, which is another run's next
   * time; returns what the address says. */
  restore(alone) {
    const { form: kept, late } = (alone ? null : tab()) ?? {};
    const said = this.said(late?.hash === location.hash && typeof late.now === "string" ? late.now : undefined);
    if (kept && typeof kept === "object") this.form.set(kept);
    this.fill(said);
    if (this.tried) this.stay();
    return said;
  }

  /** Stay at what the address leads to while what comes in above pushes it away, until the visitor does something. */
  stay() {
    const watch = new ResizeObserver(() => this.bring());
    for (const act of ["wheel", "touchstart", "pointerdown", "keydown"]) window.addEventListener(act, () => watch.disconnect(), { once: true, passive: true });
    watch.observe(this.form.page);
  }

  fill(said) {
    this.form.set(said);
    if (said.strange) this.form.trouble(STRANGE);
    if (said.open) this.form.page.classList.add("chosen");
    if (said.open) this.store.update({ open: said.open === "closed" ? null : said.open });
    this.tried = said.try;
    if (said.try && this.ontried(said.try)) {
      this.tried = undefined; // it was begun, which is said once
      this.soon();
    }
    this.bring();
    if (said.step !== undefined && shown(this.store.get()).last >= 0) this.store.update({ step: Math.min(said.step, shown(this.store.get()).last) });
  }

  /** Show the experiment that the address leads to. */
  bring() {
    if (!this.tried) return;
    this.form.page.querySelector("#oos-try-" + this.tried).scrollIntoView({ block: "start" });
  }

  draw(state) {
    const { open, step, shown: run } = state;
    if (open !== this.drawn.open || step !== this.drawn.step || run !== this.drawn.run) this.soon();
    this.drawn = { open, step, run };
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), STILL);
  }

  write() {
    clearTimeout(this.timer);
    this.timer = null;
    const hash = this.now();
    keepTab({ form: this.form.values() });
    if (hash === location.hash) return;
    this.own = hash;
    history.replaceState(history.state, "", location.pathname + location.search + hash);
  }

  /** What it ought to say; a step only where the visitor has stopped at it, not where a run is being followed. */
  now() {
    const state = this.store.get();
    const { prompt, ...settings } = this.form.values();
    const { last, asked, live } = shown(state);
    const step = last >= 0 && !(live && state.step === last) ? state.step : undefined;
    if (settings.seed === null && last >= 0 && asked.prompt === prompt.trim()) settings.seed = String(asked.seed); // the one that was drawn
    const open = this.open(state);
    const secret = this.form.page.classList.contains("secret"); // a run whose prompt is to be guessed
    return secret ? "" : prompt.trim() || step !== undefined ? write({ prompt: prompt.trim(), ...settings, step, open, try: this.tried }) : write({ open, try: this.tried });
  }

  /** What is open is worth saying only where the visitor chose it. */
  open(state) {
    return this.form.page.classList.contains("chosen") ? (state.open ?? "closed") : undefined;
  }

  async copy(told) {
    this.write();
    const before = told.dataset.name ?? (told.dataset.name = told.textContent);
    const done = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
    told.textContent = done ? "Link copied" : "Copy it from the address bar";
    clearTimeout(this.back);
    this.back = setTimeout(() => (told.textContent = before), SAID);
  }
}
