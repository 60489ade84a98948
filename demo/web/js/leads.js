// Where on this page one can see something for oneself. What is not here, or cannot be here, is no lead.

import { glide } from "./room.js";

const AIR = 120; // a prompt that stays at the top

/**
 * "try/fake" an experiment, "panel/heat" a part of a stage, "compare/Four seeds" runs side by side, which are offered once
 * something has run, "form/again" a button of the form. Returns {name, href, go()}, null where the page has it not.
 * `open(stage)` opens a stage.
 */
export function lead(page, text, open) {
  const [, kind, name] = text.match(/^(\w+)\/(.+)$/) ?? [];
  const found = { try: experiment, panel, compare, form }[kind]?.(page, name);
  if (!found || !there(found.place)) return null;
  const go = () => {
    if (found.stage) open(found.stage);
    found.place.tabIndex = found.place.matches("button, a") ? 0 : -1;
    found.place.focus({ preventScroll: true });
    glide(found.place.getBoundingClientRect().top - AIR);
  };
  return { name: found.name, href: found.href, go };
}

/** The first of several that this page has, null where it has none. */
export function firstLead(page, texts, open) {
  for (const text of texts) {
    const found = lead(page, text, open);
    if (found) return found;
  }
  return null;
}

function experiment(page, name) {
  return titled(page.querySelector("#oos-try-" + name), "#try=" + name);
}

function panel(page, name) {
  const root = page.querySelector("[data-panel='" + name + "']");
  const stage = root?.closest("[data-stage]")?.dataset.stage;
  return stage ? { ...titled(root, "#open=" + stage), stage } : null;
}

function compare(page, name) {
  const place = [...page.querySelectorAll(".visit .question")].find((one) => one.querySelector("span").textContent.startsWith(name));
  return place && !place.closest("[hidden]") ? { place, name: place.querySelector("b").textContent, href: "#oos-visit" } : null;
}

function form(page, name) {
  const place = page.querySelector(".ask ." + name);
  return place && { place, name: place.textContent, href: "#oos-prompt" };
}

/** A part, by its title without the link in it; one that says why it is not to be had leads nowhere. */
function titled(root, href) {
  const place = root?.querySelector("h3");
  if (!place || root.querySelector(":scope > .cannot")) return null;
  return { place, name: place.firstChild.textContent.trim(), href };
}

/** Whether it is there for somebody who opens its stage: a page without a model hides what needs one. */
function there(place) {
  for (let one = place; one && !one.matches(".oos"); one = one.parentElement) {
    if (!one.hidden && getComputedStyle(one).display === "none") return false;
  }
  return true;
}
