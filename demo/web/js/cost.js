// Where a run takes GPU time that is the visitor's own, the page says how much before it starts: at Generate and, as
// `data-runs` times as many steps as `data-steps` allows, at each experiment. Where it takes none, nothing is said.

import { many } from "./text.js";

const STILL = 400; // ms after the last change

export class Cost {
  /** `context`: facts, ask(panel, question), steps() as the form has them. */
  constructor(page, { facts, ask, steps }) {
    if (facts.cost === null || facts.cost === undefined) return;
    this.ask = ask;
    this.steps = () => Number(steps()) || facts.steps;
    this.known = new Map([[facts.steps, facts.cost]]); // steps -> seconds
    this.places = [...page.querySelectorAll(".cost")];
    page.querySelector("#oos-steps").addEventListener("input", () => this.soon());
    this.tell();
  }

  /** What the runs took says what the next one asks for. */
  draw({ runs }) {
    if (!this.places) return;
    const ended = Object.values(runs).filter(({ end }) => end).length;
    if (ended === this.ended) return;
    if (this.ended !== undefined) this.known.clear();
    this.ended = ended;
    this.soon();
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tell(), STILL);
  }

  async tell() {
    for (const place of this.places) {
      const steps = Math.min(this.steps(), Number(place.dataset.steps) || Infinity);
      if (!this.known.has(steps)) {
        const told = await this.ask("cost", { steps: String(steps) }).catch(() => null); // steps that cannot be run are said at Generate
        this.known.set(steps, told?.seconds ?? null);
      }
      const seconds = this.known.get(steps);
      place.hidden = seconds === null;
      if (seconds !== null) place.textContent = said(Number(place.dataset.runs) || 1, seconds);
    }
  }
}

/** What so many runs of so many seconds each ask for. */
export function said(runs, seconds) {
  if (runs === 1) return "A run asks for up to " + seconds + " s of your GPU time.";
  return many(runs, "run") + ", each asks for up to " + seconds + " s of your GPU time: " + runs * seconds + " s in all.";
}
