// The three pictures of one step, and what each is called for those who cannot see it.

import { paint, ready } from "./pictures.js";
import { shown } from "./reel.js";
import { told } from "./teller.js";

const NAMES = { state: "The state", guess: "The guess", change: "What changed" };
const EMPTY = {
  state: "It begins as pure static.",
  guess: "At each step the model guesses what is hiding in it.",
  change: "Then the static is moved a little towards the guess.",
};
const NEAR = 3; // steps to either side that are kept at hand
const WAITING = { state: "Tuning in", guess: "No guess yet", change: "No change yet" };

export class Stage {
  constructor(page) {
    this.page = page;
    this.gain = page.querySelector(".gain");
    this.badge = page.querySelector(".badge");
    this.views = [...page.querySelectorAll(".view")].map((figure) => ({
      name: figure.dataset.view,
      canvas: figure.querySelector("canvas"),
      idle: figure.querySelector(".idle"),
      words: figure.querySelector(".idle p"),
    }));
  }

  /** Before the first frame of a reel: the screens are off, and say what will be on them. */
  clear(reel) {
    this.gain.textContent = "";
    for (const view of this.views) {
      view.canvas.classList.remove("on");
      view.canvas.setAttribute("aria-label", NAMES[view.name] + ": nothing drawn yet");
      view.idle.classList.toggle("inviting", !reel.run);
      view.idle.hidden = false;
      view.words.textContent = (reel.run ? WAITING : EMPTY)[view.name];
    }
  }

  draw(state) {
    const reel = shown(state);
    const frame = reel.frames[state.step];
    this.badge.hidden = !reel.recorded;
    if (!frame) return this.clear(reel);
    for (const view of this.views) {
      const image = frame[view.name];
      view.canvas.classList.toggle("on", Boolean(image));
      view.idle.hidden = Boolean(image);
      view.idle.classList.remove("inviting");
      view.words.textContent = frame.torn && !image ? "This picture arrived damaged." : WAITING[view.name];
      view.canvas.setAttribute("aria-label", alt(view.name, frame, reel, this.page.classList.contains("secret")));
      if (image) paint(view.canvas, image, frame.width, frame.height);
    }
    this.gain.textContent = strength(frame);
    ready(reel.frames.slice(Math.max(0, state.step - NEAR), state.step + NEAR + 1).flatMap((near) => this.views.map(({ name }) => near[name])));
  }
}

function alt(name, frame, reel, secret) {
  const where = NAMES[name] + " at step " + frame.index + " of " + reel.total;
  if (!frame[name]) return where + ": there is none yet";
  const text = { state: "picture and noise", guess: "what the model thinks is hidden in the noise", change: "the step before against this one" };
  return where + ", " + text[name] + ". " + told(frame, reel) + (secret ? "" : " It was asked for: " + reel.asked.prompt);
}

/** By how much the picture of the change exaggerates, "" where it does not. */
function strength({ change, gain }) {
  return change && gain !== 1 ? "shown " + (gain >= 10 ? Math.round(gain) : Math.round(10 * gain) / 10) + " × as strong" : "";
}
