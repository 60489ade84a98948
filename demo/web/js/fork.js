// Leaving a run at the step on show: the door under the timeline, what may change from there on, and what is said of a
// run that is such a branch.

import { running, shown } from "./reel.js";

const FIELDS = ["branch_at", "then", "then_guidance", "then_negative_prompt", "fresh", "parent"];
const FRESH = "The guess of this step stays, its noise goes, and new noise is laid over the guess: exactly as much as there was.";
const GONE = "That run is no longer kept on the server.";
const NOISE = "Here there is nothing but noise. For other noise, start a run from another seed.";

export class Fork {
  /**
   * `state()` is the page's, `go(values)` runs a branch on the timeline, `fan(reel, step, values)` four beside it,
   * and `recall(run, step)` puts one that was there before on it again.
   */
  constructor(page, facts, { state, go, fan, recall }) {
    this.facts = facts;
    this.state = state;
    this.go = go;
    this.door = page.querySelector(".fork-door");
    this.line = page.querySelector(".branch");
    this.drawer = page.querySelector("dialog.fork");
    this.form = this.drawer.querySelector("form");
    this.told = this.drawer.querySelector(".told");
    this.back = this.line.querySelector(".back");
    this.back.onclick = async () => {
      const { run, at } = shown(this.state()).asked.branch;
      if (!(await recall(run, at))) this.line.querySelector("span").textContent = GONE;
    };
    this.from = null; // {reel, step} that the drawer is about
    this.door.onclick = () => this.open();
    this.drawer.querySelector(".close").onclick = () => this.drawer.close();
    this.four = this.drawer.querySelector(".four");
    this.left = false; // whether what runs was asked for here
    this.four.onclick = () => {
      const { reel, step } = this.from;
      this.drawer.close();
      fan(reel, step, [1, 2, 3, 4].map(() => reel.leaving(step, { ...this.then, fresh: seed() }, this.facts)));
    };
    this.form.elements.then_guidance.closest("label").hidden = facts.guidance === null;
    this.form.elements.then_negative_prompt.closest("label").hidden = !facts.negative_prompt;
    this.form.elements.then.closest("label").hidden = !facts.reads;
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.leave();
    });
    this.form.elements.then.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.leave();
    });
  }

  draw(state) {
    const reel = shown(state);
    const why = running(state) ? "A run is under way: stop it, or wait for its end." : reel.stays(state.step, this.facts);
    this.door.disabled = why !== "";
    this.door.title = why;
    this.door.textContent = why ? "From here, another way on" : "From step " + state.step + ", another way on";
    this.line.hidden = !reel.asked.branch || reel.last < 0;
    if (this.line.hidden) return;
    this.line.querySelector("span").textContent = said(reel, state.step);
    this.back.hidden = reel.recorded || reel.asked.branch.run === null || reel.live;
  }

  open() {
    if (this.door.disabled || this.drawer.open) return;
    const { step } = this.state();
    const reel = shown(this.state());
    const { prompt, negative_prompt } = reel.asked;
    const { elements } = this.form;
    this.from = { reel, step };
    this.drawer.querySelector(".at").textContent = String(step);
    elements.then.value = prompt;
    elements.then_guidance.value = String(reel.asked.guidance);
    elements.then_negative_prompt.value = negative_prompt ?? "";
    elements.fresh.checked = false;
    elements.fresh.disabled = this.four.disabled = step === 0;
    this.four.title = step === 0 ? NOISE : "Four runs, each with fresh noise over this step’s guess";
    this.drawer.querySelector(".why").textContent = step === 0 ? NOISE : FRESH;
    this.told.textContent = "";
    this.drawer.showModal();
    if (this.facts.reads) elements.then.select();
  }

  /** As typed: the server is the one who judges it. */
  get then() {
    const { then, then_guidance, then_negative_prompt, fresh } = this.form.elements;
    const has = (field) => !field.closest("label").hidden;
    return {
      then: then.value,
      then_guidance: has(then_guidance) ? then_guidance.value.trim() : null,
      then_negative_prompt: has(then_negative_prompt) ? then_negative_prompt.value : null,
      fresh: fresh.checked ? seed() : null,
    };
  }

  leave() {
    const { reel, step } = this.from;
    this.drawer.close();
    this.left = true; // until the next trouble, it is this drawer that has asked
    this.go(reel.leaving(step, this.then, this.facts));
  }

  /** Whether a trouble is about what stands here; it is said here then, and nothing is lost. */
  trouble(sentence, field) {
    const ours = this.left && FIELDS.includes(field);
    this.left &&= !sentence; // nothing is said before each run
    if (!sentence || !ours) return false;
    this.told.textContent = sentence;
    if (!this.drawer.open) this.drawer.showModal();
    const about = this.form.elements[field];
    if (about && !about.closest("label").hidden) about.focus();
    return true;
  }
}

/** A branch in a sentence or two, as it stands at `step`. */
function said(reel, step) {
  const { branch } = reel.asked;
  const here = step < reel.shared ? "This step is still that run’s own, bit for bit." : "";
  return ("A branch of “" + branch.prompt + "”, from step " + branch.at + " on with " + change(reel.asked) + ". " + here).trim();
}

/** What is other than in the run that was left. */
function change({ prompt, guidance, negative_prompt = "", branch }) {
  const parts = [];
  if (prompt !== branch.prompt) parts.push("the words “" + prompt + "”");
  if (guidance !== branch.guidance) parts.push("guidance " + guidance + " instead of " + branch.guidance);
  if (negative_prompt !== branch.negative_prompt) parts.push(negative_prompt ? "“" + negative_prompt + "” kept out" : "nothing kept out");
  if (branch.fresh !== null) parts.push("fresh noise over the same guess");
  return parts.length ? parts.join(" and ") : "nothing changed";
}

/** A seed that nobody chose. */
function seed() {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}
