// Taking a run home: which file, how it is cut, how far it is, and the file itself. The server packs it from the exact
// pictures while runs go on; closing the drawer drops nothing, Stop does.

import { asSentence, pause } from "./patience.js";
import { shown } from "./reel.js";
import { hand } from "./teller.js";
import { size } from "./text.js";

const LOOK = 300; // ms between two questions how far it is
const FILMS = ["gif", "webp", "mp4"];
// Which choices a kind of file has.
const CHOICES = { view: [...FILMS, "png", "strip"], speed: FILMS, hold: FILMS, loop: FILMS, size: [...FILMS, "strip"] };

export class Home {
  /** `ask(panel, question)` as the controller has it, `state()` the page's, `say(text)` aloud. */
  constructor(page, { ask, state, say }) {
    this.ask = ask;
    this.state = state;
    this.say = say;
    this.drawer = page.querySelector("dialog.takeaway");
    this.door = page.querySelector(".home-door");
    this.form = this.drawer.querySelector("form");
    this.told = this.drawer.querySelector(".told");
    this.bar = this.drawer.querySelector("progress");
    this.pack = this.drawer.querySelector(".pack");
    this.halt = this.drawer.querySelector(".drop");
    this.share = this.drawer.querySelector(".share");
    this.job = null; // {key, stopped}
    this.share.onclick = () => this.pass();
    this.door.onclick = () => this.open();
    this.drawer.querySelector(".close").onclick = () => this.drawer.close();
    this.halt.onclick = () => this.drop();
    this.form.addEventListener("change", () => this.offer());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take();
    });
    this.offer();
  }

  draw(state) {
    const reel = shown(state);
    const can = Boolean(reel.end) && reel.last >= 0;
    if (this.door.disabled === can) this.door.disabled = !can;
  }

  open() {
    const reel = shown(this.state());
    this.tell(reel.recorded ? "This is a recorded run, and its exact pictures are not here. Generate it to take it home." : "");
    this.pack.disabled = reel.recorded || this.job !== null;
    this.share.hidden = true; // what was packed before may be of another run
    this.drawer.showModal();
  }

  get kind() {
    return this.form.elements.kind.value;
  }

  /** Only the choices that the chosen file has. */
  offer() {
    for (const [name, kinds] of Object.entries(CHOICES)) this.form.elements[name].closest("label").hidden = !kinds.includes(this.kind);
    const { view } = this.form.elements;
    if (this.offered !== FILMS.includes(this.kind)) view.value = FILMS.includes(this.kind) ? "both" : "state";
    this.offered = FILMS.includes(this.kind);
  }

  /** What is chosen, by the names that the command line has as well. */
  get chosen() {
    const { elements } = this.form;
    const choices = Object.keys(CHOICES).filter((name) => CHOICES[name].includes(this.kind));
    const picked = Object.fromEntries(choices.map((name) => [name, elements[name].value || null]));
    return { kind: this.kind, step: this.kind === "png" ? this.state().step : null, ...picked };
  }

  async take() {
    if (this.job) return;
    const job = (this.job = { key: null, stopped: false });
    this.working(true);
    try {
      const { job: key } = await this.ask("keep", { run: shown(this.state()).run, ...this.chosen });
      job.key = key;
      const { file, name, bytes } = await this.followed(job);
      if (!job.stopped) {
        const { blob } = await this.ask("file", { path: file });
        hand(blob, name);
        this.tell("Saved as " + name + ", " + size(bytes) + ".");
        this.packed = new File([blob], name, { type: blob.type });
        this.share.hidden = !navigator.canShare?.({ files: [this.packed] });
      }
    } catch (thrown) {
      if (!job.stopped) this.tell(asSentence(thrown).message);
    } finally {
      this.job = null;
      this.working(false);
    }
  }

  /** Give the file to another app of this phone; it has to follow a tap, so it has a button of its own. */
  async pass() {
    try {
      await navigator.share({ files: [this.packed], title: this.packed.name });
    } catch (thrown) {
      if (/** @type {Error} */ (thrown).name !== "AbortError") this.tell("This device would not share it. The file is saved all the same.");
    }
  }

  /** Ask until the file is there; the bar shows how far it is. */
  async followed(job) {
    for (;;) {
      const answer = await this.ask("kept", { job: job.key });
      if (job.stopped || answer.file) return answer;
      this.bar.value = answer.share;
      await pause(LOOK);
    }
  }

  drop() {
    if (!this.job) return;
    this.job.stopped = true;
    if (this.job.key) this.ask("drop", { job: this.job.key }).catch(() => {}); // it ends by itself when nobody asks
    this.tell("Stopped. The run is still here.");
  }

  working(on) {
    const had = this.drawer.contains(document.activeElement);
    this.pack.hidden = on;
    if (on) this.share.hidden = true;
    this.bar.hidden = this.halt.hidden = !on;
    this.pack.disabled = false;
    if (on) {
      this.bar.removeAttribute("value");
      this.tell("Packing. You can close this and go on; the file comes when it is ready.");
    }
    if (had) (on ? this.halt : this.pack).focus({ preventScroll: true });
  }

  tell(text) {
    this.told.textContent = text;
    if (!this.drawer.open) this.say(text);
  }
}
