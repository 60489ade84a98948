// The guided tour of one run: a card that goes with the visitor from place to place. It holds nobody: the page stays
// usable, Escape or Leave ends it, and it starts a run only when asked to.

import { fill } from "./prose.js";
import { running, shown } from "./reel.js";

// What a stop needs besides its place: the panel that must be open, and where on the timeline to stand (a share of it).
const SET = {
  numbers: { stage: "numbers" },
  state: { at: 0 },
  guess: { at: "first" },
  timeline: { at: null },
  words: { stage: "guess", at: 0.4 },
  without: { stage: "guess" },
  guidance: { stage: "guess", at: 0.3 },
  curves: { stage: "guess", at: null },
  touches: { stage: "touches", at: 1 },
};
const AIR = 16;

export class Tour {
  /** `act`: state(), go(step), open(stage), run(), prompt(). */
  constructor(page, stops, act) {
    this.page = page;
    this.stops = stops;
    this.act = act;
    this.card = page.querySelector(".tour");
    this.at = null; // index of the stop, null while there is no tour
    this.later = page.querySelector(".later");
    this.earlier = page.querySelector(".earlier");
    this.door = page.querySelector(".begin-tour");
    this.door.onclick = () => this.stand(0);
    this.later.onclick = () => (this.at + 1 < stops.length ? this.stand(this.at + 1) : this.leave());
    this.earlier.onclick = () => this.stand(this.at - 1);
    page.querySelector(".leave-tour").onclick = () => this.leave();
    page.querySelector(".run-one").onclick = () => this.runOne();
  }

  draw() {
    this.offer();
  }

  get on() {
    return this.at !== null;
  }

  /** Go to a stop: open its panel, stand at its step, light its place and bring it into view. */
  stand(at) {
    this.at = at;
    const { anchor, title, body } = this.stops[at];
    this.set(SET[anchor] ?? {});
    const place = this.place(anchor);
    this.light(place);
    (place.closest(".panel") ?? place).before(this.card); // so that Tab leads from the card to what it speaks of
    this.card.classList.toggle("low", anchor === "prompt"); // what stands at the very top cannot be scrolled clear of a card
    this.card.hidden = false;
    this.card.querySelector(".stop-number").textContent = at + 1 + " of " + this.stops.length;
    this.card.querySelector("h2").textContent = title;
    const text = this.card.querySelector(".stop-body");
    text.replaceChildren();
    fill(text, body);
    this.earlier.hidden = at === 0;
    this.later.textContent = at + 1 < this.stops.length ? "Next" : "Done";
    this.offer();
    this.later.focus({ preventScroll: true });
    bring(place, this.card);
  }

  leave() {
    if (!this.on) return false;
    const within = this.card.contains(document.activeElement);
    this.at = null;
    this.card.hidden = true;
    this.light(null);
    if (within) this.door.focus({ preventScroll: true });
    return true;
  }

  /** A run began or ended: the offer to start one goes, or comes. */
  offer() {
    if (!this.on) return;
    const { anchor } = this.stops[this.at];
    const line = this.card.querySelector(".stop-run");
    const state = this.act.state();
    const { run, last } = shown(state);
    line.hidden = Boolean(running(state)) || Boolean(run && last >= 0) || anchor === "numbers";
    line.querySelector("span").textContent = anchor === "prompt" ? "" : "There is no run to look at yet.";
    line.querySelector("button").textContent = "Run “" + this.act.prompt() + "”";
  }

  runOne() {
    this.act.run();
    this.offer();
    this.later.focus({ preventScroll: true });
  }

  set({ stage, at }) {
    if (stage) this.act.open(stage);
    const { last, total } = shown(this.act.state());
    if (last < 0 || at === undefined || at === null) return;
    this.act.go(at === "first" ? 1 : Math.round(at * total)); // during a run too: the card speaks of what is on screen
  }

  place(anchor) {
    if (anchor === "prompt") return this.page.querySelector(".ask");
    if (anchor === "timeline") return this.page.querySelector(".timeline");
    const found = ["tour", "view", "panel"].map((kind) => this.page.querySelector("[data-" + kind + "='" + anchor + "']"));
    return found.find(Boolean) ?? this.page.querySelector(".phases");
  }

  light(place) {
    for (const lit of this.page.querySelectorAll(".lit")) lit.classList.remove("lit");
    place?.classList.add("lit");
  }
}

/** Scroll so that `place` stands in the part of the window that the card and a docked timeline leave free. */
function bring(place, card) {
  const floating = getComputedStyle(place).position === "fixed";
  if (floating) return;
  const box = card.getBoundingClientRect();
  const onTop = box.top < innerHeight / 2;
  const dock = document.querySelector(".oos .timeline");
  const docked = getComputedStyle(dock).position === "fixed" ? dock.getBoundingClientRect().height : 0;
  const ceiling = onTop ? box.bottom + AIR : AIR;
  const floor = onTop ? innerHeight - docked - AIR : box.top - AIR;
  const { top, bottom } = place.getBoundingClientRect();
  if (top >= ceiling && bottom <= floor) return;
  const spare = Math.max(0, (floor - ceiling - (bottom - top)) / 2);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrollBy({ top: top - ceiling - spare, behavior: calm ? "auto" : "smooth" });
}
