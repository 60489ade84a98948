// Spot the fake: a run beside a cross-fade of its own two ends. The fake is mixed here, pixel by pixel, and called one as
// soon as the visitor has chosen; what is measured is the server's, from the run's exact pictures.

import { Part } from "../part.js";
import { drawn, paint, size } from "../pictures.js";
import { seen, shown } from "../reel.js";
import { many } from "../text.js";

const PACE = 125; // ms a step
const PLOT = { width: 300, height: 90, edge: 5 };
const KNEW = 0.8; // a first guess as like its end as that has hardly a mind to change

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.start = find(".show-two");
    this.told = find(".state");
    this.game = find(".game");
    this.sides = [...root.querySelectorAll("figure")].map((figure) => ({ canvas: figure.querySelector("canvas"), pick: figure.querySelector(".pick") }));
    this.playing = find(".play-two");
    this.slide = find(".both-steps");
    this.output = find("output");
    this.revealed = find(".revealed");
    this.verdict = find(".verdict");
    this.plot = find(".minds");
    this.score = { rounds: 0, right: 0 };
    this.start.onclick = () => this.round();
    find(".another").onclick = () => this.round();
    this.sides.forEach(({ pick }, side) => (pick.onclick = () => this.choose(side)));
    this.slide.oninput = () => (this.pause(), this.move(Number(this.slide.value)));
    this.playing.onclick = () => (this.timer ? this.pause() : this.play());
  }

  lay() {
    this.ready();
  }

  ended() {
    this.ready();
  }

  ready() {
    const there = this.runs().length > 0;
    this.start.disabled = !there;
    this.told.textContent = there || this.run ? "" : "This needs a run that has ended: press Generate.";
  }

  /** The runs to choose from: whole, of more than one step, and measured. */
  runs() {
    const state = this.context.store.get();
    const whole = (reel) => reel.complete && reel.total > 1 && reel.end?.curves?.layout && reel.frames.every((frame) => frame.state);
    return [shown(state), ...Object.values(state.runs).filter(seen)].filter(whole);
  }

  /** The run on the timeline, or, another time, any other of this visit. */
  round() {
    const runs = this.runs();
    const others = runs.filter((reel) => reel !== this.run);
    this.run = this.run && others.length ? others[Math.floor(Math.random() * others.length)] : (runs[0] ?? this.run);
    this.real = Math.random() < 0.5 ? 0 : 1;
    this.chosen = null;
    this.start.hidden = true;
    this.game.hidden = false;
    this.revealed.hidden = true;
    this.told.textContent = "Which one is the run? Play them, or look at one step for as long as you like.";
    this.slide.max = String(this.run.total);
    for (const { pick } of this.sides) {
      pick.disabled = false;
      pick.setAttribute("aria-pressed", "false");
    }
    this.move(0);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  move(step) {
    const { run } = this;
    this.slide.value = String(step);
    this.slide.style.setProperty("--filled", (100 * step) / run.total + "%");
    this.slide.setAttribute("aria-valuetext", "step " + step + " of " + run.total);
    this.output.textContent = step + " / " + run.total;
    const [frame, first, last] = [run.frames[step], run.frames[0], run.frames[run.total]];
    this.sides.forEach(({ canvas }, side) => {
      if (side === this.real) paint(canvas, frame.state, frame.width, frame.height);
      else mix(canvas, last, first, faded(run, step));
      canvas.setAttribute("aria-label", "Film " + "AB"[side] + " at step " + step + " of " + run.total + (this.chosen === null ? "" : side === this.real ? ", the run" : ", the cross-fade"));
    });
  }

  play() {
    if (Number(this.slide.value) >= this.run.total) this.move(0);
    this.playing.textContent = "Pause";
    this.timer = setInterval(() => {
      const step = Number(this.slide.value) + 1;
      this.move(step);
      if (step >= this.run.total) this.pause();
    }, PACE);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.playing.textContent = "Play";
  }

  choose(side) {
    if (this.chosen !== null) return;
    this.chosen = side;
    this.pause();
    this.score.rounds += 1;
    this.score.right += Number(side === this.real);
    this.sides.forEach(({ pick }, at) => {
      pick.disabled = true;
      pick.setAttribute("aria-pressed", String(at === side));
    });
    this.told.textContent = "You found the run " + this.score.right + " of " + many(this.score.rounds, "time") + ".";
    this.verdict.textContent = (side === this.real ? "Yes, " : "No: ") + "AB"[this.real] + " is the run, and " + "BA"[this.real] + " the cross-fade. " + minds(this.run);
    this.revealed.hidden = false;
    this.curves();
    this.move(Number(this.slide.value));
    this.verdict.focus({ preventScroll: true });
  }

  curves() {
    const layout = likeness(this.run);
    const mine = layout.map((alike, at) => [at / Math.max(1, layout.length - 1), Math.max(0, alike)]);
    for (const [name, points] of /** @type {const} */ ([["mine", mine], ["its", [[0, 1], [1, 1]]]])) this.plot.querySelector("." + name).setAttribute("d", points.map(([x, y], at) => (at ? "L" : "M") + place(x, y)).join(""));
    this.plot.setAttribute("aria-label", "The layout of the run’s guess was like the end by " + layout[0].toFixed(2) + " at first and by " + layout.at(-1).toFixed(2) + " at last; the fake by 1 at every step.");
  }
}

/** How much of the cross-fade is static at a step: as much noise as the run has left, from all of it to none. */
function faded({ frames, total }, step) {
  const [from, to] = [frames[0].noise_left, frames[total].noise_left];
  return (frames[step].noise_left - to) / (from - to);
}

function mix(canvas, last, first, share) {
  drawn(canvas, [last.state, first.state], (picture, noise) => {
    size(canvas, last.width, last.height);
    const pen = canvas.getContext("2d");
    pen.globalAlpha = 1;
    pen.drawImage(picture, 0, 0, last.width, last.height);
    pen.globalAlpha = share;
    pen.drawImage(noise, 0, 0, last.width, last.height);
  });
}

/** How like the end the layout of each guess was; the static has none. */
function likeness({ end }) {
  return end.curves.layout.slice(1);
}

/** What the run's guesses did on the way, and whether that bears out the claim. */
export function minds(reel) {
  const [first] = likeness(reel);
  const { point } = reel.end;
  const when = point === null ? "its layout was never settled for good" : "its layout was settled at step " + point + " of " + reel.total;
  const knew = first >= KNEW ? " So this run contradicts the claim: there was hardly a mind to change." : "";
  return "The run’s first guess was like its end by " + first.toFixed(2) + ", and " + when + "." + knew + " In the fake the end is there from the first step on; one only has to look through the static.";
}

function place(x, y) {
  const { width, height, edge } = PLOT;
  return (edge + x * (width - 2 * edge)).toFixed(1) + " " + (height - edge - y * (height - 2 * edge)).toFixed(1);
}
