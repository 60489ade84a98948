// For a class: the pace of live runs, and a projector's view of the page. Both are of the page alone, no part of a request.

import { running, shown } from "./reel.js";
import { many } from "./text.js";

const FAST = "as fast as it goes";

export class Classroom {
  /** `act`: pace, state(), go(step). */
  constructor(page, act) {
    this.page = page;
    this.act = act;
    this.find = (selector) => /** @type {any} */ (page.querySelector(selector));
    this.hold = this.find(".hold");
    this.next = this.find(".next-step");
    this.ahead = this.find(".ahead");
    this.back = this.find(".project-back");
    this.on = this.find(".project-on");
    this.told = ""; // what the row was last drawn from
    const slide = this.find("#oos-pace");
    slide.oninput = () => {
      this.find(".pace-told").textContent = named(Number(slide.value));
      slide.setAttribute("aria-valuetext", named(Number(slide.value)));
      act.pace.set(Number(slide.value));
    };
    this.hold.onclick = () => act.pace.hold();
    this.next.onclick = () => act.pace.next();
    this.find(".project").onclick = () => this.project(true);
    this.find(".project-leave").onclick = () => this.project(false);
    this.back.onclick = () => act.go(act.state().step - 1);
    this.on.onclick = () => act.go(act.state().step + 1);
    document.addEventListener("fullscreenchange", () => document.fullscreenElement || this.project(false));
    act.pace.onchanged = () => this.draw(act.state());
  }

  /** `p`: hold the run, or let it go on; `n`: one step more. Where no run is under way they mean nothing. */
  key(name) {
    if (!running(this.act.state())) return;
    if (name === "p") this.act.pace.hold();
    else this.act.pace.next();
  }

  get projecting() {
    return this.page.classList.contains("projector");
  }

  /** Prompt, state and guess fill the window, and the screen where the browser lets them. */
  project(on = !this.projecting) {
    if (on === this.projecting) return on;
    this.page.classList.toggle("projector", on);
    this.find(".projector-bar").hidden = !on;
    if (on) document.documentElement.requestFullscreen?.().catch(() => {}); // a browser that refuses shows it in its window
    else if (document.fullscreenElement) document.exitFullscreen();
    this.find(on ? ".play" : ".project").focus({ preventScroll: true });
    return true;
  }

  /** With every step that is scrubbed: what stays the same is left as it is. */
  draw(state) {
    const { last } = shown(state);
    this.back.disabled = state.step <= 0 || last < 0;
    this.on.disabled = state.step >= last;
    const { held, seconds, waiting } = this.act.pace;
    const live = Boolean(running(state));
    const told = [live, held, seconds, waiting].join();
    if (told === this.told) return;
    this.told = told;
    this.row(live, held, live && (held || seconds > 0), waiting);
  }

  row(live, held, slow, waiting) {
    this.page.classList.toggle("slow", slow);
    this.hold.hidden = !live;
    this.hold.textContent = held ? "Go on" : "Hold";
    this.hold.setAttribute("aria-pressed", String(held));
    this.next.hidden = !slow;
    this.ahead.hidden = !slow || !waiting;
    if (waiting) this.ahead.textContent = "Shown at your pace: the machine is " + many(waiting, "step") + " ahead";
  }
}

function named(seconds) {
  return seconds ? String(seconds) + " s a step" : FAST;
}
