// The prompt and the settings: what is typed, what the model knows of it, and what the server said against it.

import { running } from "./reel.js";
import { lengthOf, many } from "./text.js";
import { nearest, unknownIn } from "./words.js";

const NEARLY = 0.8; // of the longest prompt: then its length is what matters
const FIELDS = ["steps", "guidance", "seed", "scheduler", "negative_prompt", "width", "height", "then", "branch_at"];

export class Form {
  constructor(page, facts) {
    this.lent = null; // the prompt of a recorded run that stands in the form, which nobody typed
    this.page = page;
    this.facts = facts;
    this.known = new Set(facts.words);
    this.names = [...new Set(Object.values(facts.groups).flat())];
    this.form = page.querySelector(".ask");
    this.prompt = page.querySelector("#oos-prompt");
    this.marks = page.querySelector(".prompt-marks");
    this.hint = page.querySelector("#oos-hint");
    this.alert = page.querySelector(".hint.trouble");
    this.goButton = page.querySelector(".go");
    this.haltButton = page.querySelector(".halt");
    this.againButton = page.querySelector(".again");
    this.fields = Object.fromEntries(FIELDS.map((name) => [name, page.querySelector("#oos-" + name)]));
    this.onsubmit = () => {};
    this.onstop = () => {};
    this.onchanged = () => {};
    this.ontyped = (_text) => {};
    this.fill();
    this.listen();
    this.typed();
  }

  /** As typed: the server is the one who judges it. */
  values() {
    const { steps, guidance, seed, scheduler, negative_prompt, width, height, then, branch_at } = this.fields;
    const has = this.has();
    return {
      prompt: this.prompt.value,
      steps: steps.value.trim(),
      guidance: has.guidance ? guidance.value.trim() : null,
      seed: seed.value.trim() || null,
      scheduler: scheduler.value,
      negative_prompt: has.negative_prompt ? negative_prompt.value : null,
      width: (has.width && width.value.trim()) || null,
      height: (has.height && height.value.trim()) || null,
      then: then.value.trim() || null,
      branch_at: (then.value.trim() && branch_at.value.trim()) || null,
    };
  }

  /** Which of the settings this model has; those that not every model has. */
  has() {
    const size = this.facts.size !== null;
    return { guidance: this.facts.guidance !== null, negative_prompt: this.facts.negative_prompt, width: size, height: size };
  }

  setPrompt(text) {
    this.prompt.value = text;
    this.typed();
  }

  /** Put a word where the caret is, with blanks around it as needed. */
  insert(word) {
    const { value, selectionStart, selectionEnd } = this.prompt;
    const before = value.slice(0, selectionStart);
    const after = value.slice(selectionEnd);
    const lead = before && !before.endsWith(" ") ? " " : "";
    const trail = after && !after.startsWith(" ") ? " " : "";
    this.prompt.value = before + lead + word + trail + after;
    const caret = (before + lead + word).length;
    this.prompt.setSelectionRange(caret, caret);
    this.typed();
  }

  /** Put in what is given, as typed; what is absent or no text stays. */
  set(given) {
    for (const [name, field] of Object.entries(this.fields)) {
      const value = name === "seed" && given.seed === null ? "" : given[name];
      if (typeof value !== "string" || (name === "scheduler" && !Object.hasOwn(this.facts.schedulers, value))) continue;
      field.value = value;
      field.dispatchEvent(new Event("input"));
    }
    if (typeof given.prompt === "string") this.setPrompt(given.prompt);
  }

  /** While a run is under way there is Stop in the place of Generate. */
  draw(state) {
    const busy = Boolean(running(state));
    if (busy === this.busy) return;
    this.busy = busy;
    if (busy) this.hold();
    this.began = performance.now();
    this.swap(busy);
  }

  /** One sentence near the prompt; what was typed stays. `name` is the field it is about, which gets the focus. */
  trouble(sentence, name) {
    this.alert.hidden = !sentence;
    this.hint.hidden = Boolean(sentence);
    this.alert.textContent = sentence;
    for (const field of [this.prompt, ...Object.values(this.fields)]) field.removeAttribute("aria-invalid");
    const field = name === "prompt" ? this.prompt : this.fields[name];
    if (sentence && !field) this.alert.scrollIntoView({ block: "nearest" }); // on a phone the run stands where it was asked for
    if (!sentence || !field) return;
    field.setAttribute("aria-invalid", "true");
    const door = this.page.querySelector('[data-drawer="settings"]');
    if (field !== this.prompt && door.getAttribute("aria-expanded") !== "true") this.open(door);
    field.focus({ preventScroll: false });
  }

  fill() {
    for (const [key, label] of Object.entries(this.facts.schedulers)) this.fields.scheduler.append(new Option(label, key));
    const { steps, guidance, size } = this.facts;
    const own = { steps, guidance: guidance ?? 1, seed: "7", width: size?.[0] ?? "", height: size?.[1] ?? "" };
    for (const [name, value] of Object.entries(own)) this.fields[name].value = value;
    for (const [name, there] of Object.entries(this.has())) this.fields[name].closest(".field").hidden = !there;
    for (const slide of this.page.querySelectorAll(".field .slide")) {
      [slide.min, slide.max] = this.facts.limits[slide.dataset.for];
      slide.value = this.fields[slide.dataset.for].value;
    }
    this.summary();
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.onsubmit();
    });
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.onsubmit();
    });
    this.prompt.addEventListener("input", () => this.typed());
    this.prompt.addEventListener("scroll", () => (this.marks.scrollTop = this.prompt.scrollTop));
    new ResizeObserver(() => this.grow()).observe(this.form);
    new ResizeObserver(() => this.busy && this.hold()).observe(this.page);
    this.haltButton.onclick = () => performance.now() - this.began > 350 && this.onstop(); // not the second half of a double click
    for (const slide of this.page.querySelectorAll(".field .slide")) this.pair(slide, this.fields[slide.dataset.for]);
    for (const field of Object.values(this.fields)) {
      field.addEventListener("input", () => this.summary());
      field.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), this.onsubmit()));
    }
    this.page.querySelector(".dice").onclick = () => this.roll();
    this.againButton.onclick = () => {
      this.roll();
      this.onsubmit();
    };
    for (const door of this.page.querySelectorAll("[data-drawer]")) door.onclick = () => this.open(door);
  }

  roll() {
    this.fields.seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    this.summary();
  }

  pair(slide, field) {
    const fill = () => slide.style.setProperty("--filled", (100 * (slide.value - slide.min)) / (slide.max - slide.min) + "%");
    slide.addEventListener("input", () => {
      field.value = slide.value;
      fill();
      this.summary();
    });
    field.addEventListener("input", () => {
      slide.value = field.value;
      fill();
    });
    fill();
  }

  /** One drawer is open at a time. */
  open(door) {
    for (const other of this.page.querySelectorAll("[data-drawer]")) {
      const open = other === door && other.getAttribute("aria-expanded") !== "true";
      other.setAttribute("aria-expanded", open);
      this.page.querySelector("#" + other.getAttribute("aria-controls")).hidden = !open;
    }
  }

  /** A setting was changed, by whatever hand: what it is goes on the drawer's door, and an old trouble goes away. */
  summary() {
    if (!this.alert.hidden) this.trouble("");
    const { steps, guidance, seed, scheduler, width, height, then, branch_at } = this.fields;
    this.onchanged();
    const parts = [many(steps.value, "step"), seed.value ? "seed " + seed.value : "any seed", scheduler.selectedOptions[0].label.replace(/ \(.*\)$/, "")];
    if (this.has().guidance) parts.splice(1, 0, "guidance " + guidance.value);
    if (this.has().width) parts.push(width.value + " × " + height.value);
    if (then.value.trim()) parts.push("other words from step " + (branch_at.value.trim() || "?"));
    this.page.querySelector(".settings-sum").textContent = parts.join(" · ");
  }

  typed() {
    this.grow();
    const text = this.prompt.value;
    const unknown = this.known.size ? unknownIn(text, this.known) : [];
    this.mark(text, unknown);
    this.hint.replaceChildren(...this.advice(text, unknown));
    this.ontyped(text);
    this.onchanged();
    if (!this.alert.hidden) this.trouble("");
  }

  grow() {
    this.prompt.style.height = "auto";
    this.prompt.style.height = this.prompt.scrollHeight + "px";
  }

  /** While it runs the form stays at the top of the window, as wide as it was; the page keeps its room free. */
  hold() {
    const { style } = this.page;
    const { left, width, height } = this.page.querySelector(".body").getBoundingClientRect();
    if (!this.page.classList.contains("running") && height) style.setProperty("--ask-height", this.form.offsetHeight + "px");
    style.setProperty("--ask-left", left + "px");
    style.setProperty("--ask-width", width + "px");
  }

  /** The same text behind the field, with a line under what the model has never seen. */
  mark(text, unknown) {
    const pieces = [];
    let from = 0;
    for (const { at, word } of unknown) {
      const mark = document.createElement("mark");
      mark.textContent = word;
      pieces.push(text.slice(from, at), mark);
      from = at + word.length;
    }
    this.marks.replaceChildren(...pieces, text.slice(from));
  }

  advice(text, unknown) {
    const told = advice(text, unknown, { limit: this.facts.limits.prompt, known: this.known.size, model: this.facts.model, reads: this.facts.reads });
    const missed = [...new Set(unknown.map(({ word }) => word))];
    const offered = missed.flatMap((word) => nearest(word, this.facts.related, this.names).map((name) => ({ word, name })));
    if (!offered.length || lengthOf(text) > this.facts.limits.prompt * NEARLY) return [told];
    return [told, " It knows ", ...offered.slice(0, 4).flatMap((one, at) => [at ? " " : "", this.instead(one)])];
  }

  /** A button that takes a word that the model knows for one that it does not, wherever that stands. */
  instead({ word, name }) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "instead";
    button.textContent = name;
    button.setAttribute("aria-label", name + " instead of " + word);
    button.onclick = () => {
      const places = unknownIn(this.prompt.value, this.known).filter((found) => found.word === word).reverse();
      this.setPrompt(places.reduce((text, { at }) => text.slice(0, at) + name + text.slice(at + word.length), this.prompt.value));
      this.prompt.focus();
    };
    return button;
  }

  swap(running) {
    const had = document.activeElement;
    this.goButton.hidden = this.againButton.hidden = running;
    this.haltButton.hidden = !running;
    this.page.classList.toggle("running", running);
    if (had === this.haltButton && !running) this.goButton.focus({ preventScroll: true });
  }
}

/** The line under the prompt: how long it is where that is near the limit, else what the model knows of it. */
export function advice(text, unknown, { limit, known, model, reads = true }) {
  if (!reads) return "This is " + model + ". It reads no words: whatever you type, it draws what it was taught.";
  const length = lengthOf(text);
  if (length > limit * NEARLY) return length + " of " + limit + " characters";
  if (!unknown.length) {
    return known ? "A tiny model trained on emoji scenes. It knows " + many(known, "word") + ", and nothing else in the world." : "This is " + model + ".";
  }
  const words = [...new Set(unknown.map(({ word }) => word.toLowerCase()))];
  const shown = words.slice(0, 4).map((word) => "“" + word + "”").join(", ") + (words.length > 4 ? " and more" : "");
  return "It does not know " + shown + ": it will draw something, but not that.";
}
