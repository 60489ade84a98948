// The recent runs of this browser: kept by it alone, a few of them, put on the timeline again on a tap, and forgotten.

import { paint, picture } from "./pictures.js";
import { forgetRuns, keptRuns } from "./remember.js";
import { many } from "./text.js";

const NONE = "This browser has kept no runs yet. The last eight stay here, in this browser alone.";
const GONE = "This run is not kept here any more.";

export class Recent {
  /** `open(run)` puts one on the timeline and says whether it was still there. */
  constructor(page, { open }) {
    this.open = open;
    this.drawer = /** @type {HTMLDetailsElement} */ (page.querySelector(".recent"));
    this.list = /** @type {HTMLElement} */ (this.drawer.querySelector(".runs"));
    this.told = this.drawer.querySelector(".told");
    this.forget = this.drawer.querySelector("button");
    this.drawer.addEventListener("toggle", () => this.drawer.open && this.fill());
    this.forget.onclick = async () => {
      const gone = await forgetRuns();
      await this.fill();
      this.told.textContent = gone ? "Forgotten: this browser keeps none of them." : "This browser would not forget them; clear its data for this site.";
    };
  }

  async fill() {
    const runs = await keptRuns();
    this.list.replaceChildren(...runs.map((one) => this.item(one)));
    this.list.hidden = this.forget.hidden = !runs.length;
    this.told.textContent = runs.length ? "" : NONE;
  }

  item({ run, at, asked, picture: source }) {
    const item = document.createElement("li");
    const show = Object.assign(document.createElement("button"), { type: "button", className: "show" });
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    picture(source).then((image) => image && paint(canvas, image));
    const [what, how] = ["what", "how"].map((className) => Object.assign(document.createElement("span"), { className }));
    what.textContent = asked.prompt;
    how.textContent = when(at) + " · seed " + asked.seed + " · " + many(asked.total, "step");
    show.append(canvas, what, how);
    show.onclick = async () => {
      const there = await this.open(run);
      this.told.textContent = there ? "" : GONE;
    };
    item.append(show);
    return item;
  }
}

function when(at) {
  return new Intl.DateTimeFormat("en", { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }).format(at);
}
