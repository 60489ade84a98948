// What the parts of the panels have in common: each draws itself from the state, and from nothing else.
//
// A part is a fragment panels/<name>.html whose root says data-panel="<name>", a sheet css/panels/<name>.css and a module
// js/panels/<name>.js with a class Panel that extends Part. It may have
//   lay(reel)                   another run is on the timeline: forget the one before
//   ended(reel)                 that run is over: reel.end is its last message
//   show(step, frame, reel)     this step is on show, and the part is open
//   wake(), shut()              its stage was opened, closed
//   typed(prompt)               somebody typed
// context: {facts, page, store, ask(panel, question), go(step), choose(word), beside(values, on), say(text),
// subtitle(stage, text), values()}; see controller.js

import { shown } from "./reel.js";

export class Part {
  constructor(root, context) {
    this.root = root;
    this.context = context;
    this.stage = root.closest("[data-stage]")?.dataset.stage ?? null;
    this.reel = null;
    this.over = false;
    this.awake = false;
  }

  /** @param {import("./types.js").State} state */
  draw(state) {
    const reel = shown(state);
    this.state = state;
    if (reel !== this.reel || reel.asked !== this.begun) {
      this.reel = reel;
      this.begun = reel.asked;
      this.over = false;
      this.lay(reel);
    }
    if (reel.end && !this.over) {
      this.over = true;
      this.ended(reel);
    }
    const open = !this.stage || state.open === this.stage;
    if (open !== this.awake) {
      this.awake = open;
      if (open) this.wake();
      else this.shut();
    }
    if (open) this.show(state.step, reel.frames[state.step], reel);
  }

  lay(_reel) {}
  ended(_reel) {}
  show(_step, _frame, _reel) {}
  wake() {}
  shut() {}
  typed(_prompt) {}
}
