// Playing what was drawn, at a speed one can watch. Nothing plays by itself: only after the button or its key.

import { shown } from "./reel.js";

const REST = 1500; // ms that the last picture stays before a loop starts again, as in the GIF

export class Player {
  /** `act`: state() is the page's, go(step) shows one. */
  constructor(page, act) {
    this.act = act;
    this.button = page.querySelector(".play");
    this.looping = page.querySelector(".loop");
    this.speed = page.querySelector(".speed select");
    this.timer = null;
    this.button.onclick = () => this.toggle();
    this.looping.onclick = () => this.toggleLoop();
  }

  draw(state) {
    const reel = shown(state);
    this.button.disabled = reel.last < 0;
    if (reel !== this.reel) this.pause(); // another run: what was playing is gone
    this.reel = reel;
  }

  get here() {
    return this.act.state().step;
  }

  get last() {
    return shown(this.act.state()).last;
  }

  toggle() {
    if (this.timer) this.pause();
    else if (this.last > 0) this.play();
  }

  toggleLoop() {
    const on = this.looping.getAttribute("aria-pressed") !== "true";
    this.looping.setAttribute("aria-pressed", on);
  }

  play() {
    this.mark(true);
    if (this.here >= this.last) this.act.go(0);
    this.again();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.mark(false);
  }

  again() {
    const ended = this.here >= this.last;
    this.timer = setTimeout(() => this.tick(), ended ? REST : 1000 / Number(this.speed.value));
  }

  tick() {
    const loop = this.looping.getAttribute("aria-pressed") === "true";
    if (this.here < this.last) this.act.go(this.here + 1);
    else if (loop) this.act.go(0);
    if (this.timer === null) return; // whoever saw this step has stopped it
    if (this.here >= this.last && !loop) return this.pause();
    this.again();
  }

  mark(playing) {
    this.button.classList.toggle("playing", playing);
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }
}
