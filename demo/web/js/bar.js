// The address: says what is on the page, in its # part alone, and is read when the page opens. Never starts anything.

import { read, write } from "./address.js";
import { keepTab, tab } from "./remember.js";
import { shown } from "./reel.js";

const STILL = 300; // ms after the last change
const SAID = 2500; // ms that "Link copied" stays

export class Address {
  constructor(page, facts, form, store) {
    this.facts = facts;
    this.form = form;
    this.store = store;
    /** What the address was written from. */
    this.drawn = { open: null, step: 0, run: null };
    this.own = location.hash;
    const copy = page.querySelector(".copy");
    copy.onclick = () => this.copy(copy.querySelector("span"));
    window.addEventListener("hashchange", () => location.hash !== this.own && this.fill(this.said()));
    form.onchanged = () => this.soon();
  }

  said() {
    return read(location.hash, this.facts.limits, this.facts.schedulers);
  }

  /** Fill the form from the address, or from what this tab was at; returns what the address says. */
  restore() {
    const said = this.said();
    const kept = tab()?.form;
    if (kept && typeof kept === "object") this.form.set(kept);
    this.fill(said);
    return said;
  }

  fill(said) {
    this.form.set(said);
    if (said.open) this.form.page.classList.add("chosen");
    if (said.open) this.store.update({ open: said.open === "closed" ? null : said.open });
    if (said.step !== undefined && shown(this.store.get()).last >= 0) this.store.update({ step: Math.min(said.step, shown(this.store.get()).last) });
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
    const state = this.store.get();
    const { prompt, ...settings } = this.form.values();
    keepTab({ form: { prompt, ...settings } });
    const { last, asked } = shown(state);
    const step = last >= 0 ? state.step : undefined;
    if (settings.seed === null && last >= 0 && asked.prompt === prompt.trim()) settings.seed = String(asked.seed); // the one that was drawn
    const open = this.open(state);
    const hash = prompt.trim() || step !== undefined ? write({ prompt: prompt.trim(), ...settings, step, open }) : open ? write({ open }) : "";
    if (hash === location.hash) return;
    this.own = hash;
    history.replaceState(history.state, "", location.pathname + location.search + hash);
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
