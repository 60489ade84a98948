// The panels of the four stages: at most one stage is open, and its parts draw what the state says; see part.js.

import { shown } from "./reel.js";
import { glide } from "./room.js";

export class Panels {
  constructor(page, context) {
    this.page = page;
    this.context = context;
    this.doors = [...page.querySelectorAll("[data-opens]")];
    this.sections = Object.fromEntries([...page.querySelectorAll("[data-stage]")].map((section) => [section.dataset.stage, section]));
    /** @type {import("./part.js").Part[]} */
    this.parts = [];
    for (const door of this.doors) door.onclick = () => this.choose(door.dataset.opens);
    /** @type {Map<any, (() => void) | null>} roots whose module is on its way, with what a visitor already asked of them */
    this.awaited = new Map([...page.querySelectorAll("[data-panel]")].map((root) => [root, null]));
    for (const kind of ["submit", "click"]) page.addEventListener(kind, (event) => this.early(event), true);
  }

  /** A form that is sent before its part is there would leave the page; it is sent once the part can hear it. */
  early(event) {
    const root = event.target.closest("[data-panel]");
    if (!this.awaited.has(root)) return;
    if (event.type === "submit") {
      event.preventDefault();
      this.awaited.set(root, () => event.target.requestSubmit());
    } else if (event.target.matches("button[type=button]")) this.awaited.set(root, () => event.target.click());
  }

  /** Fetch the modules; a part that cannot be had says so in its own place. */
  async load() {
    const { facts, values } = this.context;
    const before = values().prompt;
    const parts = await Promise.all(
      [...this.awaited.keys()].map(async (root) => {
        const name = root.dataset.panel;
        const why = facts.cannot[root.dataset.needs];
        if (why) return this.cannot(root, why);
        try {
          const { Panel } = await import("./panels/" + name + ".js");
          return new Panel(root, this.context);
        } catch (error) {
          console.error(error);
          return this.cannot(root, "This part did not load; reload the page to see it.");
        }
      }),
    );
    this.parts = parts.filter(Boolean);
    this.draw(this.context.store.get());
    if (values().prompt !== before) this.typed(values().prompt); // what was typed meanwhile, no part has heard
    const asked = [...this.awaited.values()];
    this.awaited.clear();
    for (const ask of asked) ask?.();
  }

  /** Open what is open, at the first run what the third stage shows, and let every part draw itself. */
  draw(state) {
    const { run } = shown(state);
    if (run && !this.began) {
      this.began = true;
      if (state.open === null && !this.page.classList.contains("chosen")) return this.context.open("guess");
    }
    for (const [name, section] of Object.entries(this.sections)) section.hidden = name !== state.open;
    for (const door of this.doors) door.setAttribute("aria-expanded", door.dataset.opens === state.open);
    for (const part of this.parts) {
      try {
        part.draw(state);
      } catch (error) {
        console.error(error); // one part that cannot draw must not keep the others from it
      }
    }
  }

  typed(prompt) {
    for (const part of this.parts) part.typed(prompt);
  }

  /** The visitor pressed a stage: open its panel, or close it if it is the open one. */
  choose(stage) {
    this.page.classList.add("chosen");
    const now = stage === this.context.store.get().open ? null : stage;
    this.context.open(now);
    if (now) reveal(this.page, this.sections[now]);
  }

  cannot(root, why) {
    const line = document.createElement("p");
    line.className = "cannot";
    line.textContent = why;
    const title = root.querySelector("h3");
    root.replaceChildren(...(title ? [title, line] : [line]));
    return null;
  }
}

/** After a stage was pressed: scroll as little as shows the beginning of its panel, and never the button away on a desk. */
function reveal(page, section) {
  const bar = page.querySelector(".phases").getBoundingClientRect();
  const dock = page.querySelector(".timeline");
  const docked = getComputedStyle(dock).position === "fixed";
  const floor = docked ? dock.getBoundingClientRect().top : innerHeight;
  const { top, bottom } = section.getBoundingClientRect();
  const wanted = docked ? top - floor * 0.4 : bottom + 12 - floor;
  const by = docked ? Math.max(0, wanted) : Math.max(0, Math.min(bar.top - 12, wanted));
  if (by >= 8) glide(by);
}
