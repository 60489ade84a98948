// The words and numbers of the step on show: the line under the pictures, the readouts, the phases, the GIF button, and
// what is said aloud. Whatever a visitor typed is set as text, never as markup.

export class Teller {
  constructor(page) {
    this.page = page;
    this.said = page.querySelector(".said");
    this.aloud = page.querySelector(".live");
    this.take = page.querySelector(".take");
    this.numbers = Object.fromEntries([...page.querySelectorAll("[data-number]")].map((cell) => [cell.dataset.number, cell]));
    this.phases = Object.fromEntries([...page.querySelectorAll("[data-phase]")].map((item) => [item.dataset.phase, item]));
    this.take.addEventListener("click", (event) => this.take.hasAttribute("href") || event.preventDefault());
  }

  /** Nothing has run yet. */
  rest(facts) {
    this.status("Nothing on yet. Say what you want to see, and press Generate.");
    this.page.querySelector(".about").textContent = facts.words.length
      ? "A tiny model, trained on emoji scenes. It makes its own mistakes."
      : "Model: " + facts.model;
    this.phase(null, "from a seed", "step by step", "");
    this.subtitle("numbers", "words become numbers");
    this.subtitle("touches", "upscale, sharpen");
    this.gif(null);
  }

  begin(reel) {
    this.status("Warming up");
    this.phase(null, "seed " + reel.asked.seed, reel.total === 1 ? "1 step" : reel.total + " steps", "“" + reel.asked.prompt + "”");
    for (const cell of Object.values(this.numbers)) cell.textContent = "–";
    this.gif(null);
    this.milestones = [0.25, 0.5, 0.75];
  }

  /** One line under the pictures while there is no step to speak of; null leaves it. */
  status(text) {
    if (text === null) return;
    this.said.replaceChildren(text);
    this.say(text);
  }

  draw(frame, reel, { running }) {
    if (!frame) return;
    const [first, ...rest] = this.sentence(frame, reel).split(": ");
    const bold = document.createElement("b");
    bold.textContent = first + (rest.length ? ":" : "");
    this.said.replaceChildren(bold, rest.length ? " " + rest.join(": ") : "");
    this.numbers.step.textContent = frame.index + " / " + reel.total;
    this.numbers.timestep.textContent = frame.timestep === null ? "–" : Math.round(frame.timestep);
    this.numbers.noise.textContent = percent(frame.noise_left);
    this.numbers.noise.parentElement.style.setProperty("--share", frame.noise_left);
    this.numbers.ms.textContent = frame.ms === null ? "–" : Math.round(frame.ms) + " ms";
    const took = reel.frames.at(-1).seconds.toFixed(1) + " s";
    const name = frame.index === 0 ? "noise" : frame.index === reel.total ? "touches" : "fix";
    const fix = running ? "step " + reel.last + " of " + reel.total : reel.complete ? reel.total + " steps in " + took : "stopped at " + reel.last;
    this.phase(name, "pure static from seed " + reel.asked.seed, fix, "“" + reel.asked.prompt + "”", reel);
  }

  sentence(frame, reel) {
    return frame ? told(frame, reel) : "";
  }

  done(reel) {
    const stopped = reel.end.stopped;
    if (reel.last < 0) this.status("Stopped before the first picture.");
    this.say(stopped ? "Stopped at step " + Math.max(0, reel.last) + "." : "Done. " + this.sentence(reel.frames.at(-1), reel));
    this.gif(reel.end);
  }

  /** The quarters of a run are said aloud; every step would be a flood. */
  milestone(frame, reel) {
    const share = frame.index / reel.total;
    if (!this.milestones.some((mark) => mark <= share) || share === 1) return;
    this.milestones = this.milestones.filter((mark) => mark > share);
    this.say(this.sentence(frame, reel));
  }

  say(text) {
    this.aloud.textContent = text;
  }

  /** The bars and subtitles of the stages, and whose picture this is. */
  phase(current, noise, fix, picture, reel) {
    const reached = reel ? reel.last : -1;
    const full = { noise: reached >= 0 ? 1 : 0, numbers: reached >= 0 ? 1 : 0, fix: Math.max(0, reached) / (reel?.total ?? 1), touches: reel?.complete ? 1 : 0 };
    for (const [name, share] of Object.entries(full)) {
      this.phases[name].classList.toggle("here", name === current);
      this.phases[name].style.setProperty("--full", share);
    }
    for (const [name, text] of Object.entries({ noise, fix, picture })) this.subtitle(name, text);
  }

  /** The line under a stage's name. */
  subtitle(name, text) {
    this.phases[name].querySelector("span").textContent = text;
  }

  gif(end) {
    const ready = Boolean(end?.gif);
    this.take.setAttribute("aria-disabled", !ready);
    this.take.classList.toggle("ready", ready);
    this.take.querySelector("small").textContent = ready ? size(end.gif_bytes) : "";
    this.take.setAttribute("aria-label", ready ? "Download the GIF of every step" : "The GIF is here when the run ends");
    if (!ready) {
      this.take.removeAttribute("href");
      return;
    }
    this.take.href = new URL("gradio_api/file=" + end.gif, document.baseURI).href;
    this.take.download = end.gif.split("/").at(-1);
  }
}

/** A step in a sentence, from the server's measurements: once the run has ended, with how settled the guess was. */
export function told(frame, reel) {
  return (reel.end?.sentences?.[frame.index] ?? frame.sentence).replaceAll(" %", "\u00a0%");
}

/** 0.604 -> "60 %"; what is not nothing is never shown as 0. */
export function percent(share) {
  const value = 100 * share;
  return (value > 0 && value < 1 ? "< 1" : Math.round(value)) + " %";
}

function size(bytes) {
  return bytes < 1e6 ? Math.max(1, Math.round(bytes / 1000)) + " KB" : (bytes / 1e6).toFixed(1) + " MB";
}
