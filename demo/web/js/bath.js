// A picture at every level of noise, and the model's guess behind it: one slider, from the static to the clean picture.

import { paint, picture } from "./pictures.js";

export class Bath {
  /** @param {HTMLTemplateElement} pattern what stands in every bath */
  constructor(root, pattern) {
    this.root = root;
    root.append(document.importNode(pattern.content, true));
    const [state, guess] = [...root.querySelectorAll("figure")].map((figure) => ({ canvas: figure.querySelector("canvas"), told: figure.querySelector("span") }));
    this.state = state;
    this.guess = guess;
    this.slide = root.querySelector(".slide");
    this.slide.oninput = () => this.move(Number(this.slide.value));
  }

  /**
   * Show what the server answered; `picks`, what the model took each level for, are said beside its guess.
   * @param {{picture: string, levels: any[], picks?: string[]}} answer the noisiest first
   */
  async fill(answer, at) {
    const clean = await picture(answer.picture);
    const rest = await Promise.all(answer.levels.map(async (level) => ({ ...level, state: await picture(level.state), guess: await picture(level.guess) })));
    this.rungs = [...rest, { state: clean, guess: null }];
    this.picks = answer.picks ?? null;
    this.slide.max = String(this.rungs.length - 1);
    this.root.hidden = false;
    this.move(at);
  }

  move(at) {
    const { state, guess, ...level } = this.rungs[at];
    this.slide.value = String(at);
    this.slide.style.setProperty("--filled", (100 * at) / (this.rungs.length - 1) + "%");
    this.state.told.textContent = guess ? mixture(level) : "No noise at all.";
    this.guess.told.textContent = !guess ? "There is nothing to undo." : this.picks ? "Of the four it says " + this.picks[at] + "." : "It was told no word.";
    this.slide.setAttribute("aria-valuetext", this.state.told.textContent);
    paint(this.state.canvas, state);
    paint(this.guess.canvas, guess ?? state);
    this.state.canvas.setAttribute("aria-label", "The picture. " + this.state.told.textContent);
    this.guess.canvas.setAttribute("aria-label", "The model’s guess. " + this.guess.told.textContent);
  }
}

/** What a drowned picture is made of. */
export function mixture({ alpha, sigma, snr }) {
  return alpha.toFixed(2) + " × picture + " + sigma.toFixed(2) + " × noise, " + decibels(snr);
}

/** -22.04 -> "−22 dB" */
export function decibels(snr) {
  return String(Math.round(snr)).replace("-", "−") + "\u00a0dB";
}
