// The final touches: what is chosen here is done by the server on the run's exact picture; before and after lie on one
// another, beside them what was added. Nothing is asked for while the panel is closed or a run is under way.

import { asSentence } from "../patience.js";
import { Part } from "../part.js";
import { paint, picture } from "../pictures.js";
import { hand } from "../teller.js";

const STAY = 200; // ms after the last change
const AGAIN = 1500; // ms until a server that had its hands full is asked once more
const NAMES = { all: "All", upscale: "Upscale", contrast: "Contrast", sharpen: "Sharpen" };

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.bench = find(".bench");
    this.state = find(".state");
    this.view = find(".finished");
    this.wipe = find(".wipe");
    this.compare = find(".compare .screen");
    this.choices = find(".added .choice");
    this.kept = find(".kept");
    this.touch = "all";
    this.bench.addEventListener("submit", (event) => event.preventDefault());
    this.bench.addEventListener("input", () => this.changed());
    this.wipe.addEventListener("input", () => this.divide());
    for (const button of root.querySelectorAll("[data-file]")) button.onclick = () => this.take(button);
    if (!context.facts.cannot.upscaler) find(".why").textContent = "Upscaling is done by a model here, which invents what is likely; the map shows what it invented. Sharpening and contrast are ordinary tools.";
    this.outputs();
    this.divide();
  }

  lay(reel) {
    this.told = this.asked = null;
    this.view.hidden = true;
    this.kept.textContent = "";
    this.say(reel.run ? "The picture is not done yet." : "This needs a finished run first.");
    this.able();
  }

  show(_step, _frame, _reel) {
    if (this.reel.end && !this.asked) this.soon(0);
  }

  ended(reel) {
    if (reel.recorded) this.say("This is a recorded run: generate it here, and its picture can be finished.");
    else if (!reel.complete) this.say("The run was stopped before its last step, so there is no picture to finish.");
    this.able();
  }

  wake() {
    this.soon(0);
  }

  able() {
    const can = this.can;
    for (const field of this.bench.elements) field.disabled = !can;
  }

  /** Whether there is a picture that the server can finish. */
  get can() {
    return Boolean(this.reel?.end) && this.reel.complete && !this.reel.recorded;
  }

  get wanted() {
    const { elements } = this.bench;
    return { upscale: Number(elements["oos-upscale"].value), sharpen: Number(elements["oos-sharpen"].value), contrast: Number(elements["oos-contrast"].value) };
  }

  changed() {
    this.outputs();
    this.kept.textContent = "";
    this.soon(STAY);
  }

  outputs() {
    for (const slide of this.bench.querySelectorAll(".slide")) {
      slide.style.setProperty("--filled", (100 * slide.value) / slide.max + "%");
      const off = Number(slide.value) === 0;
      slide.nextElementSibling.textContent = off ? "off" : Math.round(100 * slide.value) + " %";
      slide.setAttribute("aria-valuetext", slide.nextElementSibling.textContent);
    }
  }

  soon(after) {
    clearTimeout(this.timer);
    if (this.can) this.timer = setTimeout(() => this.ask(), after);
  }

  /** One question at a time; what was chosen meanwhile is asked next. */
  async ask() {
    if (this.asking) return this.soon(STAY);
    const { reel, wanted } = this;
    this.asked = wanted;
    this.asking = true;
    if (!this.told) this.say("Finishing the picture");
    const told = await this.call({});
    this.asking = false;
    if (reel !== this.reel) return;
    if (told.error) {
      if (told.again) this.soon(AGAIN);
      return this.say(told.error);
    }
    this.say("");
    this.told = told;
    await this.lookAt();
  }

  call(more) {
    return this.context.ask("touch", { run: this.reel.run, ...this.asked, ...more }).catch((error) => ({ error: error.message, again: error.again }));
  }

  async lookAt() {
    const { told } = this;
    for (const screen of this.root.querySelectorAll(".screen")) screen.style.aspectRatio = told.width + " / " + told.height;
    this.root.querySelector(".size").textContent = told.width + " × " + told.height;
    this.view.hidden = false;
    this.offer();
    await this.look();
  }

  /** A button for each touch that was made, and one for all of them. */
  offer() {
    const names = this.told.touches.map(({ name }) => name);
    const shown = names.length > 2 ? names : names.slice(-1);
    if (!shown.includes(this.touch)) this.touch = shown[0];
    const had = this.choices.contains(document.activeElement);
    this.choices.replaceChildren(...shown.map((name) => this.choice(name)));
    if (had) this.choices.querySelector('[aria-pressed="true"]').focus({ preventScroll: true });
  }

  choice(name) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = NAMES[name] ?? name;
    button.setAttribute("aria-pressed", String(name === this.touch));
    button.onclick = () => {
      this.touch = name;
      for (const one of this.choices.children) one.setAttribute("aria-pressed", String(one === button));
      this.look();
    };
    return button;
  }

  /** The chosen touch, or all of them: the picture before it, after it, and what it added. */
  async look() {
    const one = this.told?.touches.find(({ name }) => name === this.touch);
    if (!one) return;
    const { gain } = one;
    const pictures = await Promise.all([one.after, one.before, one.added].map(picture));
    if (!this.told?.touches.includes(one) || one.name !== this.touch) return; // another was chosen, or another run begun
    if (!pictures.every(Boolean)) return this.say("A picture arrived damaged; change a setting to fetch it again.");
    const [over, under] = this.compare.querySelectorAll("canvas");
    const { prompt } = this.reel.asked;
    const [from, to] = { all: ["The picture as it came, plainly resized,", "The finished picture"] }[this.touch] ?? ["Before " + NAMES[this.touch].toLowerCase() + ", the picture", "After " + NAMES[this.touch].toLowerCase() + ", the picture"];
    over.setAttribute("aria-label", to + " for: " + prompt);
    under.setAttribute("aria-label", from + " for: " + prompt);
    const canvas = this.root.querySelector(".added canvas");
    [over, under, canvas].forEach((view, at) => paint(view, pictures[at]));
    const invents = !this.context.facts.cannot.upscaler;
    const what = { all: "All touches together added", upscale: invents ? "The upscaler invented" : "Plain enlarging added", contrast: "Contrast added", sharpen: "Sharpening added" }[this.touch];
    const why = { upscale: ": it cannot know more than was there.", contrast: ": the picture has its full range already." }[this.touch] ?? ".";
    const text = one.nothing ? what + " nothing" + why : what + " what is not mid-grey here" + (gain > 1 ? ", shown " + gain + " × as strong." : ".");
    this.root.querySelector(".gained").textContent = text;
    canvas.setAttribute("aria-label", "Map of what was added. " + text);
  }

  divide() {
    this.compare.style.setProperty("--wipe", this.wipe.value + "%");
    this.wipe.setAttribute("aria-valuetext", this.wipe.value + " % before, " + (100 - this.wipe.value) + " % after");
  }

  async take(button) {
    if (this.fetching || !this.told) return;
    const kind = button.dataset.file;
    this.fetching = true;
    this.kept.textContent = kind === "gif" ? "Packing the GIF" : "Packing the picture";
    this.asked = this.wanted;
    const told = await this.call({ file: kind });
    this.fetching = false;
    this.kept.textContent = told.error ?? (await this.download(told));
  }

  async download({ file, name }) {
    try {
      hand((await this.context.ask("file", { path: file })).blob, name);
      return "Saved as " + name;
    } catch (error) {
      return asSentence(error).message;
    }
  }

  say(text) {
    this.state.textContent = text;
    this.state.hidden = !text;
  }
}
