// The words and numbers of the step on show: the line under the pictures, the readouts, the phases, the GIF button, and
// what is said aloud. Whatever a visitor typed is set as text, never as markup.

import { asSentence } from "./patience.js";
import { running, shown } from "./reel.js";
import { many, percent, size } from "./text.js";

const HELD = "The rest is drawn behind a curtain, until the model’s safety checker has looked at the result.";

export class Teller {
  constructor(page, facts) {
    this.page = page;
    this.held = Boolean(facts.held);
    this.said = page.querySelector(".said");
    this.aloud = page.querySelector(".live");
    this.take = page.querySelector(".take");
    this.recorded = page.querySelector(".recorded");
    this.followed = page.querySelector(".follow");
    this.numbers = Object.fromEntries([...page.querySelectorAll("[data-number]")].map((cell) => [cell.dataset.number, cell]));
    this.phases = Object.fromEntries([...page.querySelectorAll("[data-phase]")].map((item) => [item.dataset.phase, item]));
    this.milestones = [];
    /** @type {(path: string) => Promise<{blob: Blob}>} */
    this.onfile = () => Promise.reject(new Error());
    this.take.addEventListener("click", (event) => {
      event.preventDefault();
      this.fetch();
    });
    this.rest(facts);
  }

  /** Nothing has run yet. */
  rest(facts) {
    this.status("Nothing on yet. Say what you want to see, and press Generate.");
    about(this.page, facts);
    this.phase(null, "from a seed", "step by step", "");
    this.subtitle("numbers", "words become numbers");
    this.subtitle("touches", "upscale, sharpen");
    this.gif(null);
  }

  begin(reel) {
    this.status(this.held ? "Warming up. " + HELD : "Warming up");
    this.phase(null, "seed " + reel.asked.seed, many(reel.total, "step"), "“" + reel.asked.prompt + "”");
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

  draw(state) {
    const reel = shown(state);
    const live = running(state);
    this.page.classList.toggle("docked", reel.run !== null);
    this.page.classList.toggle("tuning", live === reel && live.last < 0);
    this.recorded.hidden = !reel.recorded;
    this.followed.hidden = !(live && live === reel && state.step < reel.last && reel.last > 0);
    const frame = reel.frames[state.step];
    if (!frame) return;
    this.line(this.sentence(frame, reel));
    this.numbers.step.textContent = frame.index + " / " + reel.total;
    this.numbers.timestep.textContent = frame.timestep === null ? "–" : String(Math.round(frame.timestep));
    this.numbers.noise.textContent = percent(frame.noise_left);
    this.numbers.noise.parentElement.style.setProperty("--share", frame.noise_left);
    this.numbers.ms.textContent = frame.ms === null ? "–" : Math.round(frame.ms) + " ms";
    const took = reel.frames.at(-1).seconds.toFixed(1) + " s";
    const name = frame.index === 0 ? "noise" : frame.index === reel.total ? "touches" : "fix";
    const fix = reel.live ? "step " + reel.last + " of " + reel.total : reel.complete ? many(reel.total, "step") + " in " + took : "stopped at " + reel.last;
    this.phase(name, "pure static from seed " + reel.asked.seed, fix, "“" + reel.asked.prompt + "”", reel);
  }

  line(sentence) {
    const [first, ...rest] = sentence.split(": ");
    const bold = document.createElement("b");
    bold.textContent = first + (rest.length ? ":" : "");
    this.said.replaceChildren(bold, rest.length ? " " + rest.join(": ") : "");
  }

  sentence(frame, reel) {
    if (!frame) return "";
    return this.held && reel.live && frame.index === 0 ? told(frame, reel) + " " + HELD : told(frame, reel);
  }

  done(reel) {
    const { stopped } = reel.end;
    if (reel.last < 0) this.status("Stopped before the first picture.");
    this.say(stopped ? "Stopped at step " + Math.max(0, reel.last) + "." : "Done. " + this.sentence(reel.frames.at(-1), reel));
    this.gif(reel.end, reel.recorded);
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

  gif(end, recorded = false) {
    const ready = Boolean(end?.gif);
    this.end = end;
    this.mark(ready, ready ? size(end.gif_bytes) : "", ready ? "Download the GIF of every step" : recorded ? "A recorded run comes without its GIF" : "The GIF is here when the run ends");
  }

  mark(ready, small, label) {
    this.take.setAttribute("aria-disabled", String(!ready));
    this.take.classList.toggle("ready", ready);
    this.take.querySelector("small").textContent = small;
    this.take.setAttribute("aria-label", ("GIF " + small).trim() + ": " + label); // begins with what is to be read on it
  }

  /** Fetch the GIF and hand it over; one that the server keeps no more is said to be gone. */
  async fetch() {
    const { end } = this;
    if (!end?.gif || this.fetching) return;
    this.fetching = true;
    try {
      hand((await this.onfile(end.gif)).blob, end.gif.split("/").at(-1));
    } catch (thrown) {
      const error = asSentence(thrown);
      if (end === this.end) this.mark(Boolean(error.again), error.again ? "try again" : "expired", error.message);
      this.say(error.message);
    } finally {
      this.fetching = false;
    }
  }
}

/** A step in a sentence, from the server's measurements: once the run has ended, with how settled the guess was. */
export function told(frame, reel) {
  const sentence = (reel.end?.sentences?.[frame.index] ?? frame.sentence).replaceAll(" %", "\u00a0%");
  return frame.torn ? sentence + " (One of its pictures arrived damaged.)" : sentence;
}

/** Let the browser save `blob` under a name. */
export function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

/** The foot of the page: what this is, licence, privacy, source. */
function about(page, facts) {
  const lines = [facts.words.length ? "A tiny model, trained on emoji scenes. It makes its own mistakes." : "Model: " + facts.model];
  const { about: more } = facts;
  if (typeof more === "string") lines.push(more);
  else if (Array.isArray(more)) lines.push(...more);
  else if (more) lines.push(...Object.values(more).filter((line) => typeof line === "string" && !line.startsWith("http")));
  const place = page.querySelector(".about");
  place.replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  const source = typeof more?.source === "string" ? more.source : "";
  if (/^https:\/\//.test(source)) {
    const link = Object.assign(document.createElement("a"), { href: source, textContent: "Source code", rel: "noreferrer" });
    place.append(Object.assign(document.createElement("p"), { className: "source" }));
    place.lastChild.append(link);
  }
}
