// Predict, then reveal: a run is played with what gives it away covered, and at three steps the page asks what it will be.
// The answers stay in this page's memory, and stand beside the truth at the end.

import { paint } from "./pictures.js";
import { running, shown } from "./reel.js";

const ASKED = [0.15, 0.35, 0.6]; // shares of a run after which it is asked

export class Predict {
  /** `act`: state(), go(step), play(), pause(), hold(on), say(text), covered(). */
  constructor(page, act) {
    this.page = page;
    this.act = act;
    this.find = (selector) => /** @type {any} */ (page.querySelector(selector));
    this.door = this.find(".predict-door");
    this.section = this.find(".predict");
    this.form = this.section.querySelector("form");
    this.field = this.find("#oos-predicted");
    this.ended = this.section.querySelector(".revealed");
    this.on = false;
    this.reset(null);
    this.door.onclick = () => this.toggle();
    this.find(".no-idea").onclick = () => this.answer("");
    this.find(".again-predict").onclick = () => this.begin();
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer(this.field.value.trim());
    });
  }

  toggle(on = !this.on) {
    this.on = on;
    this.door.setAttribute("aria-pressed", String(on));
    if (on) return this.begin();
    this.reset(null);
    this.cover(false);
  }

  /** The run on the timeline from its noise; where there is none, the next one. */
  begin() {
    const reel = shown(this.act.state());
    this.reset(reel.key);
    this.cover(true);
    if (reel.last < 0) return this.act.say("The next run is played with its prompt covered.");
    this.act.go(0);
    if (!running(this.act.state())) this.act.play();
  }

  reset(key) {
    if (this.asking) this.act.hold(false); // the next run must not wait for this one's answer
    this.key = key;
    this.answers = []; // {step, text}
    this.asking = this.revealed = false;
    this.section.hidden = this.form.hidden = this.ended.hidden = true;
  }

  /** Hide what gives it away, or show it again. */
  cover(on) {
    this.page.classList.toggle("secret", on);
    this.act.covered();
  }

  draw(state) {
    this.door.disabled = shown(state).last < 0 && !this.on;
    if (!this.on) return;
    const reel = shown(state);
    if (reel.key !== this.key) {
      this.reset(reel.key);
      this.cover(true);
    }
    if (this.asking || this.revealed) return;
    const due = questions(reel.total)[this.answers.length];
    if (due !== undefined && state.step >= due) this.ask(due);
    else if (reel.end && reel.last >= 0 && state.step === reel.last) this.reveal(reel);
  }

  ask(step) {
    this.asking = true;
    this.act.pause();
    this.act.hold(true);
    if (this.act.state().step !== step) this.act.go(step);
    this.section.hidden = this.form.hidden = false;
    this.field.value = "";
    this.field.focus({ preventScroll: true });
    this.section.scrollIntoView({ block: "nearest" });
    this.act.say("What will this be?");
  }

  answer(text) {
    if (!this.asking) return;
    this.answers.push({ step: questions(shown(this.act.state()).total)[this.answers.length], text });
    this.asking = false;
    this.section.hidden = this.form.hidden = true;
    this.act.hold(false);
    if (!running(this.act.state())) this.act.play();
    else this.act.go(Infinity); // back to where the run is
  }

  /** The answers beside the truth, and everything is to be seen again. */
  reveal(reel) {
    this.revealed = true;
    this.cover(false);
    const told = this.answers.map(({ step, text }) => card(reel.frames[step], text || "no idea yet", "at step " + step + " of " + reel.total + ", beside what it guessed then"));
    told.push(card(reel.frames[reel.last], reel.asked.prompt, "the prompt, and what came of it"));
    this.ended.querySelector("ol").replaceChildren(...told);
    this.section.hidden = this.ended.hidden = false;
    this.section.scrollIntoView({ block: "nearest" });
    this.act.say("It was asked for: " + reel.asked.prompt);
  }
}

/** The steps at which is asked, in a run of so many: none in one leap, three where there is room for them. */
export function questions(total) {
  return [...new Set(ASKED.map((share) => Math.max(1, Math.round(share * total))))].filter((step) => step < total);
}

/** A state as the visitor saw it, what the model took it for at the same step, and the visitor's words. */
function card(frame, text, where) {
  const item = document.createElement("li");
  const pair = Object.assign(document.createElement("div"), { className: "two" });
  for (const image of [frame?.state, frame?.guess]) {
    if (!image) continue;
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    paint(canvas, image);
    pair.append(canvas);
  }
  const [what, how] = ["what", "how"].map((className) => Object.assign(document.createElement("span"), { className }));
  what.textContent = text;
  how.textContent = where;
  item.append(pair, what, how);
  return item;
}
