// The guided tour of one run: a card that goes with the visitor from place to place, and says what is so in the run on
// show (stops.js). It holds nobody: the page stays usable, Escape or Leave ends it, and it starts a run only when asked to.

import { fill } from "./prose.js";
import { running, shown } from "./reel.js";
import { filled, told } from "./stops.js";

const STAGE = { numbers: "numbers", curves: "guess", words: "guess", without: "guess" }; // the panel that must be open
const NEEDS = { numbers: "numbers", words: "word_maps", without: "word_maps" }; // what a model may be unable to show
const AIR = 16;

export class Tour {
  /** `facts` are the page's, `act`: state(), go(step), open(stage), run(), prompt(). */
  constructor(page, facts, act) {
    this.page = page;
    this.stops = facts.tour.filter(({ anchor }) => !facts.cannot?.[NEEDS[anchor]]);
    this.act = act;
    this.card = page.querySelector(".tour");
    this.at = null; // index of the stop, null while there is no tour
    this.taken = null; // what happens where a word is taken out
    this.later = page.querySelector(".later");
    this.earlier = page.querySelector(".earlier");
    this.door = page.querySelector(".begin-tour");
    this.deed = page.querySelector(".run-one");
    this.door.onclick = () => this.begin();
    this.later.onclick = () => (this.at + 1 < this.stops.length ? this.stand(this.at + 1) : this.leave());
    this.earlier.onclick = () => this.stand(this.at - 1);
    page.querySelector(".leave-tour").onclick = () => this.leave();
    this.deed.onclick = () => this.do();
    page.addEventListener("out-of-static:without", (event) => {
      this.taken = event.detail;
      this.draw();
    });
    this.without?.addEventListener("change", () => this.draw());
  }

  /** Where there is a tour, from its beginning; whether there is one. */
  begin() {
    if (!this.door.checkVisibility()) return false;
    this.stand(0);
    return true;
  }

  get on() {
    return this.at !== null;
  }

  get without() {
    return this.page.querySelector("[data-panel=without]");
  }

  /** Go to a stop: open its panel, stand at its step, light its place and bring it into view. */
  stand(at) {
    this.at = at;
    this.said = null;
    const { anchor } = this.stops[at];
    if (STAGE[anchor]) this.act.open(STAGE[anchor]);
    const place = this.place(anchor);
    this.light(place);
    (place.closest(".panel") ?? place).before(this.card); // so that Tab leads from the card to what it speaks of
    this.card.classList.toggle("low", anchor === "prompt"); // what stands at the very top cannot be scrolled clear of a card
    this.card.hidden = false;
    this.card.querySelector(".stop-number").textContent = at + 1 + " of " + this.stops.length;
    this.earlier.hidden = at === 0;
    this.later.textContent = at + 1 < this.stops.length ? "Next" : "Done";
    this.draw();
    this.later.focus({ preventScroll: true });
    bring(place, this.card);
  }

  leave() {
    if (!this.on) return false;
    const within = this.card.contains(document.activeElement) || document.activeElement === document.body;
    this.at = null;
    this.card.hidden = true;
    this.light(null);
    if (within) this.door.focus({ preventScroll: true });
    return true;
  }

  /** Say what is so; where that has changed, go to the step that it is about. */
  draw() {
    if (!this.on) return;
    const { anchor, title, body, when } = this.stops[this.at];
    if (anchor === "without") this.suggest();
    const now = told(anchor, this.now());
    this.offer(now.offer, now.values.word);
    const said = JSON.stringify([this.at, now.when, now.values]);
    if (said === this.said) return;
    const moved = this.when !== this.at + String(now.when);
    this.said = said;
    this.when = this.at + String(now.when);
    const text = when[now.when] ?? { title, body };
    const spans = [{ kind: "text", text: text.title }];
    this.card.querySelector("h2").textContent = filled([spans], now.values)[0][0].text;
    const place = this.card.querySelector(".stop-body");
    place.replaceChildren();
    fill(place, filled(text.body, now.values));
    if (!moved) return;
    if (now.at !== null && shown(this.act.state()).last >= 0) this.act.go(now.at);
    if (this.card.contains(document.activeElement)) requestAnimationFrame(() => this.on && bring(this.place(anchor), this.card)); // what came has moved it
  }

  now() {
    const state = this.act.state();
    const word = this.without?.querySelector("select")?.selectedOptions[0]?.text ?? "";
    return { reel: shown(state), live: running(state), taken: this.taken, word, prompt: this.act.prompt() };
  }

  /** Offer the longest word to be taken out, which is hardly ever a mere article, unless the visitor has chosen one. */
  suggest() {
    const { chosen, shown: run } = this.act.state();
    const select = this.without.querySelector("select");
    if (chosen !== null || this.suggested === run || select.disabled) return;
    this.suggested = run;
    const words = [...select.options].map(({ text }) => text);
    select.selectedIndex = words.findIndex((word) => word.length === Math.max(...words.map(({ length }) => length)));
  }

  /** What can be done here and now: a run, or the word taken out. */
  offer(offer, word) {
    const ready = offer === "run" || (offer === "take" && !this.without.querySelector("[type=submit]").disabled);
    this.card.querySelector(".stop-run").hidden = !ready;
    if (ready) this.deed.textContent = offer === "run" ? "Run “" + this.act.prompt() + "”" : "Take out “" + word + "”";
    this.deeds = ready ? offer : null;
  }

  do() {
    if (this.deeds === "run") this.act.run();
    else if (this.deeds === "take") this.without.querySelector("form").requestSubmit();
    this.draw();
    this.later.focus({ preventScroll: true });
  }

  place(anchor) {
    if (anchor === "prompt") return this.page.querySelector(".ask");
    const found = ["tour", "view", "panel"].map((kind) => this.page.querySelector("[data-" + kind + "='" + anchor + "']"));
    return found.find(Boolean) ?? this.page.querySelector("." + anchor) ?? this.page.querySelector(".phases");
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
