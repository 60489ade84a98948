// Playing what was drawn, at a speed one can watch. Nothing plays by itself: only after the button or its key.

const REST = 2000; // ms that the last picture stays before a loop starts again, as in the GIF

export class Player {
  /** `reel`: here() and last() are steps, go(step) shows one, held() is called when a live run has been caught up. */
  constructor(page, reel) {
    this.reel = reel;
    this.button = page.querySelector(".play");
    this.looping = page.querySelector(".loop");
    this.speed = page.querySelector(".speed select");
    this.timer = null;
    this.button.onclick = () => this.toggle();
    this.looping.onclick = () => this.toggleLoop();
  }

  enable(on) {
    this.button.disabled = !on;
  }

  toggle() {
    if (this.timer) this.pause();
    else if (this.reel.last() > 0) this.play();
  }

  toggleLoop() {
    const on = this.looping.getAttribute("aria-pressed") !== "true";
    this.looping.setAttribute("aria-pressed", on);
  }

  play() {
    this.mark(true);
    if (this.reel.here() >= this.reel.last()) this.reel.go(0);
    this.again();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.mark(false);
  }

  again() {
    const ended = this.reel.here() >= this.reel.last();
    this.timer = setTimeout(() => this.tick(), ended ? REST : 1000 / Number(this.speed.value));
  }

  tick() {
    const { here, last, go, held } = this.reel;
    const loop = this.looping.getAttribute("aria-pressed") === "true";
    if (here() < last()) go(here() + 1);
    else if (loop) go(0);
    if (here() >= last() && !loop) {
      this.pause();
      held();
      return;
    }
    this.again();
  }

  mark(playing) {
    this.button.classList.toggle("playing", playing);
    this.button.setAttribute("aria-label", playing ? "Pause" : "Play");
  }
}
