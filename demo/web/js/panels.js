// The panels of the four stages: at most one stage is open, and its parts draw what the run says at the step on show.
//
// A part is a fragment panels/<name>.html whose root says data-panel="<name>", a sheet css/panels/<name>.css and a module
// js/panels/<name>.js with a class Panel:
//   constructor(root, context)   what stands still; where the model has no such part it is not made at all
//   lay(reel)                    a run begins: forget the one before
//   draw(step, frame, reel)      draw this step; only while the part is open, and again when it is opened
//   ended(reel)                  the run is over: reel.end is its last message
// and, where it needs them, typed(prompt), shut() when its stage is closed, and wake() when it is opened.
// context: {facts, server, page, go(step), reel(), step(), values(), busy(), beside(values, on), say(text),
// subtitle(stage, text)}; see main.js and beside.js

const CLOSED = "closed";

export class Panels {
  constructor(page, context) {
    this.page = page;
    this.context = context;
    this.doors = [...page.querySelectorAll("[data-opens]")];
    this.sections = Object.fromEntries([...page.querySelectorAll("[data-stage]")].map((section) => [section.dataset.stage, section]));
    this.parts = [];
    this.open = null;
    this.chosen = false; // whether the visitor has said which panel to see
    for (const door of this.doors) door.onclick = () => this.choose(door.dataset.opens);
    window.addEventListener("hashchange", () => this.remembered());
  }

  /** Fetch the modules; a part that cannot be had says so in its own place. */
  async load() {
    const { facts } = this.context;
    const roots = [...this.page.querySelectorAll("[data-panel]")];
    this.parts = await Promise.all(
      roots.map(async (root) => {
        const name = root.dataset.panel;
        const why = facts.cannot[root.dataset.needs];
        if (why) return this.cannot(root, why);
        try {
          const { Panel } = await import("./panels/" + name + ".js");
          return { root, stage: root.closest("[data-stage]")?.dataset.stage, panel: new Panel(root, this.context) };
        } catch (error) {
          console.error(error);
          return this.cannot(root, "This part did not load; reload the page to see it.");
        }
      }),
    );
    this.parts = this.parts.filter(Boolean);
    this.remembered();
  }

  lay(reel) {
    if (!this.chosen && !this.open && reel.run) this.show("guess");
    this.tell("lay", reel);
  }

  draw(step, frame, reel) {
    for (const { panel, stage } of this.parts) if (this.shows(stage)) panel.draw?.(step, frame, reel);
  }

  ended(reel) {
    this.tell("ended", reel);
  }

  typed(prompt) {
    this.tell("typed", prompt);
  }

  /** The visitor pressed a stage: open its panel, or close it if it is the open one. */
  choose(stage) {
    this.chosen = true;
    this.show(stage === this.open ? null : stage);
    history.replaceState(history.state, "", location.pathname + location.search + "#" + (this.open ?? CLOSED));
    if (this.open) reveal(this.page, this.sections[this.open]);
  }

  /** Open one panel, or none; where the page stands in the window stays as it is. */
  show(stage) {
    if (stage === this.open) return;
    const before = this.open;
    this.open = stage;
    for (const [name, section] of Object.entries(this.sections)) section.hidden = name !== stage;
    for (const door of this.doors) door.setAttribute("aria-expanded", door.dataset.opens === stage);
    for (const part of this.parts) if (before && part.stage === before) part.panel.shut?.();
    for (const part of this.parts) if (stage && part.stage === stage) part.panel.wake?.();
    const reel = this.context.reel();
    this.draw(this.context.step(), reel.frames[this.context.step()], reel);
  }

  /** What the address says is open, where it says something. */
  remembered() {
    const said = location.hash.slice(1);
    if (said !== CLOSED && !(said in this.sections)) return;
    this.chosen = true;
    this.show(said === CLOSED ? null : said);
  }

  shows(stage) {
    return !stage || stage === this.open;
  }

  tell(what, ...told) {
    for (const { panel } of this.parts) panel[what]?.(...told);
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
  if (by < 8) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrollBy({ top: by, behavior: calm ? "auto" : "smooth" });
}
