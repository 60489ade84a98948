// A flick along the filmstrip: let go in motion, the head goes on by itself and comes to rest. For fingers alone, and not
// for those who asked for less motion.

const EASE = 325; // ms in which the speed falls to 1/e
const RECENT = 250; // ms before letting go over which the speed is taken
const STILL = 100; // ms in which a strip that lies still was put down
const LEAST = 0.008; // steps a ms; slower than that was put down, not thrown

export class Fling {
  /** `scrub`: a range input; `onmove(step)` as when it is dragged. */
  constructor(scrub, onmove) {
    this.scrub = scrub;
    this.onmove = onmove;
    this.finger = false;
    this.trail = []; // [{at: ms, step}], the newest last
    this.turn = 0; // of the throw that is under way
    this.felt = 0; // when the finger last moved or lifted: a busy page hears of it later than it was
    scrub.addEventListener("pointerdown", ({ pointerType, timeStamp }) => {
      this.stop(); // a finger on the strip holds it
      this.finger = pointerType === "touch";
      this.felt = timeStamp;
    });
    for (const kind of ["pointermove", "pointerup"]) scrub.addEventListener(kind, ({ timeStamp }) => (this.felt = timeStamp));
    scrub.addEventListener("input", () => this.trail.push({ at: this.felt, step: Number(scrub.value) }));
    scrub.addEventListener("change", () => this.let(this.felt));
    for (const kind of ["keydown", "wheel"]) window.addEventListener(kind, () => this.stop(), { capture: true, passive: true });
  }

  stop() {
    this.finger = false;
    this.trail = [];
    this.turn += 1;
  }

  let(now) {
    const speed = thrown(this.trail, now);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!this.finger || calm || !speed) return;
    const [from, turn] = [Number(this.scrub.value), (this.turn += 1)];
    let start = null;
    const on = (time) => {
      if (turn !== this.turn) return;
      start ??= time;
      const step = Math.max(0, Math.min(Number(this.scrub.max), Math.round(from + gone(speed, time - start))));
      if (step !== Number(this.scrub.value)) this.onmove(step);
      if (time - start < 5 * EASE && Number(this.scrub.value) === step) requestAnimationFrame(on); // else a live run ends there
    };
    requestAnimationFrame(on);
  }
}

/** Steps a ms at which a strip was let go, 0 where it lay still. */
export function thrown(trail, now) {
  const recent = trail.filter(({ at }) => now - at <= RECENT);
  const [first, last] = [recent[0], recent.at(-1)];
  if (recent.length < 2 || now - last.at > STILL) return 0;
  const speed = (last.step - first.step) / Math.max(1, now - first.at);
  return Math.abs(speed) < LEAST ? 0 : speed;
}

/** Steps that it has gone by itself after so many ms. */
export function gone(speed, ms) {
  return speed * EASE * (1 - Math.exp(-ms / EASE));
}
