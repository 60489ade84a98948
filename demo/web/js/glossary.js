// The glossary: one popover that shows what a word means, next to the word. Escape or a press elsewhere closes it.

import { fill } from "./prose.js";

const AIR = 10; // pixels between the popover and the word, and the window's edge

export class Glossary {
  constructor(page, terms) {
    this.page = page;
    this.terms = terms;
    this.popover = page.querySelector(".glossary");
    this.from = null;
    page.addEventListener("click", (event) => {
      const word = event.target.closest("[data-term]");
      if (word) this.open(word);
    });
    this.popover.addEventListener("toggle", ({ newState }) => newState === "closed" && this.from?.setAttribute("aria-expanded", "false"));
    window.addEventListener("resize", () => this.close());
  }

  get shown() {
    return this.popover.matches(":popover-open");
  }

  /** Show the term that `word` stands for; from inside the popover it takes the place of the one on show. */
  open(word) {
    const { title, body } = this.terms[word.dataset.term] ?? {};
    if (!title) return;
    const inside = this.popover.contains(word);
    if (!inside) this.from = word;
    this.popover.querySelector("h2").textContent = title;
    const meaning = this.popover.querySelector(".meaning");
    meaning.replaceChildren();
    fill(meaning, body);
    if (!this.shown) this.popover.showPopover();
    this.from.setAttribute("aria-expanded", "true");
    this.place(this.from.getBoundingClientRect());
    this.popover.focus({ preventScroll: true });
  }

  close() {
    if (!this.shown) return false;
    const within = this.popover.contains(document.activeElement);
    this.popover.hidePopover();
    if (within) this.from.focus({ preventScroll: true });
    return true;
  }

  /** Under the word where there is room, else above it, and inside the window; it scrolls with the page. */
  place(word) {
    const { width, height } = this.popover.getBoundingClientRect();
    const below = word.bottom + AIR + height <= innerHeight || word.top < height + AIR;
    const left = Math.max(AIR, Math.min(word.left - 8, document.documentElement.clientWidth - width - AIR));
    this.popover.style.left = scrollX + left + "px";
    this.popover.style.top = scrollY + (below ? word.bottom - 2 : word.top - height + 2) + "px";
  }
}
