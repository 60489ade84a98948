// The recorded runs that came with the page. One of them is on the timeline when a visitor arrives, and plays once; the
// others wait on a shelf. In a gallery, which has no server, each of them is a page of its own.

import { shown } from "./reel.js";
import { many } from "./text.js";

/** Where a run that nobody asked for begins: at its noise, to be played, or finished for those who want little to move. */
const START = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? null : 0);
const KEPT_OUT = "This recorded run could not be fetched. Nothing is lost: try again in a moment.";

export class Shelf {
  /**
   * @param {HTMLElement} page
   * @param {{facts: any, base: URL | null, state: () => import("./types.js").State, prompt: () => string,
   *   open: (text: string, options?: object) => any, show: (run: string) => void, busy: () => boolean, refuses: () => boolean,
   *   play: () => void, trouble: (sentence: string) => void}} context `base` is where the files are, null in a gallery
   */
  constructor(page, context) {
    this.context = context;
    this.shelf = context.facts.shelf ?? [];
    this.section = /** @type {HTMLElement} */ (page.querySelector(".shelf"));
    this.section.hidden = !this.shelf.length;
    this.cards = this.shelf.map((one) => this.card(one));
    this.section.querySelector(".runs").append(...this.cards.map(({ item }) => item));
  }

  card(one) {
    const { base, facts } = this.context;
    const item = document.createElement("li");
    const show = document.createElement(base ? "button" : "a");
    show.className = "show";
    if (show instanceof HTMLAnchorElement) show.href = one.file;
    else show.type = "button";
    const image = Object.assign(document.createElement("img"), { src: one.picture, alt: "", width: 112, height: 112 });
    const [what, how] = ["what", "how"].map((className) => Object.assign(document.createElement("span"), { className }));
    what.textContent = one.title;
    how.textContent = "“" + one.prompt + "” · " + many(one.steps, "step") + " · seed " + one.seed + changes(one, facts);
    show.append(image, what, how);
    if (base) show.onclick = () => this.pick(one);
    item.append(show);
    return { item, show, one };
  }

  draw(state) {
    const { key } = shown(state);
    if (key === this.key) return;
    this.key = key;
    for (const { show, one } of this.cards) {
      if (one.run === key) show.setAttribute("aria-current", "true");
      else show.removeAttribute("aria-current");
    }
  }

  /** A visitor has come, and `said` is what the address says: the run that it means, or else the first one, is put on. */
  async arrive(said) {
    const typed = this.context.prompt();
    const one = typed.trim() ? this.shelf.find((other) => meant(other, said)) : this.shelf[0];
    const free = () => shown(this.context.state()).last < 0 && !this.context.busy() && this.context.prompt() === typed;
    if (!one || said.strange || !free()) return; // what is said of a strange link stays
    const text = await this.fetch(one).catch(() => null); // without it the page is as it was: nobody has asked for it
    if (text === null || !free()) return;
    await this.put(text, said.step ?? START(), true);
  }

  /** The run of this page of a gallery; a capsule that came alone lies there finished. */
  open(text) {
    return this.shelf.length ? this.put(text, START()) : this.context.open(text);
  }

  async pick(one) {
    const { context } = this;
    if (context.refuses()) return;
    if (context.state().runs[one.run]) return context.show(one.run);
    const text = await this.fetch(one).catch(() => null);
    if (text === null) return context.trouble(KEPT_OUT);
    await this.put(text, 0);
  }

  /** Put it on the timeline, and play it from its beginning unless something else came in between. */
  async put(text, step, lent = false) {
    const reel = await this.context.open(text, { step, lent });
    if (step === 0 && shown(this.context.state()) === reel) this.context.play();
  }

  async fetch({ file }) {
    const answer = await fetch(new URL(file, this.context.base));
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  }
}

/** Whether the address asks for this very run; what it does not say may be anything. */
export function meant(one, said) {
  if (one.branch || said.negative_prompt || said.then || said.prompt === undefined) return false;
  if (one.prompt.toLowerCase() !== said.prompt.trim().replace(/\s+/g, " ").toLowerCase()) return false;
  return ["seed", "steps", "guidance", "scheduler"].every((name) => said[name] === undefined || said[name] === String(one[name]));
}

/** What of the request is not as the model would have it. */
function changes({ guidance, scheduler, branch }, { schedulers, guidance: own }) {
  const parts = [];
  if (guidance !== (own ?? 1)) parts.push("guidance " + guidance);
  if (scheduler !== Object.keys(schedulers)[0]) parts.push((schedulers[scheduler] ?? scheduler).replace(/ \(.*\)$/, ""));
  if (branch) parts.push("a branch");
  return parts.map((part) => " · " + part).join("");
}
