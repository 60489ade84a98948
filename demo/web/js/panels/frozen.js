// Tell it something: a made-up word is asked for, explained, and asked for again from the same static. Whether the last is
// the first once more is told by the hashes of all their states, which are taken from the exact pixels.

import { Part } from "../part.js";
import { paint } from "../pictures.js";
import { clearest } from "../reel.js";
import { Training } from "../training.js";
import { anySeed, seeded, Turns } from "../turns.js";

const STEPS = 12; // at most: three runs are waited for

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.form = find("form");
    this.go = find("[type=submit]");
    this.halt = find(".halt-telling");
    this.told = find(".state");
    this.shown = find(".told-three");
    this.verdict = find(".verdict");
    this.places = [...root.querySelectorAll("li")];
    if (context.facts.lab?.training) new Training(find(".grown"), context.facts.lab.training);
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.tell();
    };
    this.turns = new Turns(context, {
      said: (text) => this.say(text),
      drawn: (at, frame, reel) => this.drawn(at, frame, reel),
      done: (_at, reel) => this.reels.push(reel),
      over: (sentence) => this.over(sentence),
    });
    this.halt.onclick = () => this.turns.stop();
  }

  tell() {
    if (this.turns.busy) return;
    const [word, meaning] = ["word", "meaning"].map((name) => this.form.elements[name].value.replace(/\s+/g, " ").trim());
    if (!word || !meaning) return this.say("A word, and what it is to mean: both are needed.");
    this.asked = prompts(word, meaning);
    this.reels = [];
    this.shown.hidden = false;
    this.verdict.textContent = "";
    this.places.forEach((place, at) => {
      place.querySelector("canvas").classList.remove("on");
      place.querySelector("canvas").setAttribute("aria-label", this.asked[at] + ": not drawn yet");
      place.querySelector("b").textContent = this.asked[at];
      place.querySelector("span").textContent = ["", "", "the same static as the first"][at];
    });
    this.halt.hidden = false;
    this.go.disabled = true;
    const [values] = seeded(this.context.values(), this.context.facts, anySeed(1), 1, STEPS);
    this.turns.start(this.asked.map((prompt) => ({ ...values, prompt })));
  }

  drawn(at, frame, reel) {
    const canvas = this.places[at].querySelector("canvas");
    const picture = clearest(frame);
    if (picture) paint(canvas, picture, frame.width, frame.height);
    canvas.classList.toggle("on", Boolean(picture));
    canvas.setAttribute("aria-label", this.asked[at] + ", step " + frame.index + " of " + reel.total);
  }

  over(sentence) {
    this.halt.hidden = true;
    this.go.disabled = false;
    this.say(sentence);
    if (sentence) return;
    this.verdict.textContent = learned(this.reels[0].frames, this.reels[2].frames, this.asked);
    this.verdict.focus({ preventScroll: true });
  }

  say(text) {
    this.told.textContent = text;
  }
}

/** What is asked, one after the other. */
export function prompts(word, meaning) {
  return [a(word), a(word) + " is " + a(meaning), a(word)];
}

function a(words) {
  return (/^[aeiou]/i.test(words) ? "an " : "a ") + words;
}

/** Whether the frames of the second asking are those of the first, and what that says of the claim; `asked` as `prompts` has it. */
export function learned(first, last, asked) {
  const same = first.filter((frame, at) => frame.sha256 === last[at]?.sha256).length;
  const all = "“" + asked[0] + "” before and after “" + asked[1] + "”: " + same + " of " + first.length + " states are the same, bit for bit. ";
  if (same === first.length) return all + "What you told it was gone the moment it had drawn it.";
  if ([...first, ...last].some((frame) => frame.company > 1)) return all + "Meanwhile it drew for others in the same calls, which rounds the last digits otherwise; run it once more when nobody else is here.";
  return all + "This contradicts the claim, or the machine did not calculate the same twice (a graphics card may not); run it once more.";
}
