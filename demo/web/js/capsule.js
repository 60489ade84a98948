// The run capsule: a recorded run with the player in one file, opened from a disk. It reads what stands in the file and
// asks nobody.

import { start } from "./main.js";
import { Sentence } from "./patience.js";

const ALONE = "This file holds one run and no model, so nothing can be drawn or asked here.";

/** Where the page asks its server, here is none. */
const alone = {
  key: null,
  async *start() {
    yield* [];
    throw new Sentence(ALONE);
  },
  async *resume() {
    yield* [];
  },
  stop() {},
  async ask() {
    throw new Sentence(ALONE);
  },
};

/** Show the run of this file. */
export function play(document) {
  const read = (name) => document.getElementById("out-of-static-" + name).textContent;
  const page = document.querySelector(".oos");
  document.body.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
  page.classList.add("capsule");
  const facts = JSON.parse(read("facts"));
  const what = facts.shelf?.length ? "Recorded runs of a real model, step by step, with their numbers. " : "One run, kept in a file: every step, with its numbers. ";
  page.querySelector(".claim").textContent = what + document.title;
  page.hidden = false;
  start(page, facts, null, { source: () => alone, recorded: read("run") });
}
