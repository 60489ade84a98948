// The page's conductor: listens to the run's messages and to the visitor, and keeps the one number that is the state,
// the step on show. Everything drawn follows from it in `show`.

import { Beside } from "./beside.js";
import { Film } from "./film.js";
import { Form } from "./form.js";
import { Glossary } from "./glossary.js";
import { listenForKeys } from "./keys.js";
import { Panels } from "./panels.js";
import { Player } from "./player.js";
import { tell } from "./prose.js";
import { Reel } from "./reel.js";
import { Run } from "./run.js";
import { Stage } from "./stage.js";
import { Teller } from "./teller.js";
import { theme } from "./theme.js";
import { Tour } from "./tour.js";
import { browseWords } from "./words.js";

/** `page` is the element .oos, `facts` what the server said of the model, `gradio` its trigger and server. */
export function start(page, facts, gradio) {
  const find = (selector) => page.querySelector(selector);
  const form = new Form(page, facts);
  const stage = new Stage(page);
  const teller = new Teller(page);
  const film = new Film(find(".film"), (step) => go(step));
  const player = new Player(page, { here: () => step, last: () => reel.last, go: (to) => show(to), held: follow });
  const run = new Run(gradio, { begin, waiting, drawn, packing, done, trouble });
  const panels = new Panels(page, {
    facts,
    server: gradio.server,
    page,
    go: (to) => go(to),
    reel: () => reel,
    step: () => step,
    values: () => form.values(),
    busy: () => run.running || Boolean(second?.running),
    beside,
    say: (text) => teller.say(text),
    subtitle: (stage, text) => teller.subtitle(stage, text),
  });
  const glossary = new Glossary(page, facts.glossary);
  const tour = new Tour(page, facts.tour, {
    reel: () => reel,
    busy: () => run.running,
    go: (to) => go(to),
    open: (stage) => panels.show(stage),
    prompt,
    run: runIt,
  });
  let reel = new Reel();
  let step = 0;
  let following = false;
  let second = null; // a run beside this one, asked for by a panel

  /** Draw step `to`: a pure function of it and of the reel. */
  function show(to) {
    step = Math.max(0, Math.min(to, reel.last));
    const frame = reel.frames[step];
    stage.draw(frame, reel);
    film.draw(step, frame, reel);
    teller.draw(frame, reel, { running: run.running });
    panels.draw(step, frame, reel);
    find(".follow").hidden = !(run.running && !following && reel.last > 0);
  }

  /** The visitor chose a step. */
  function go(to, aloud = false) {
    player.pause();
    following = run.running && to >= reel.last;
    show(to);
    if (aloud) teller.say(teller.sentence(reel.frames[step], reel));
  }

  function follow() {
    following = run.running;
    show(reel.last);
  }

  /** Run `values` beside the run on the timeline; null while there is another. */
  function beside(values, on) {
    if (run.running || second?.running) return null;
    second = new Beside(gradio, values, on);
    return second;
  }

  function ask() {
    if (run.running) return;
    if (second?.running) {
      second.stop(); // the visitor's own run comes first
      if (!second.known) return void setTimeout(ask, 50);
    }
    player.pause();
    form.begin();
    page.classList.add("tuning");
    teller.status("Sending your prompt");
    run.ask(form.values());
    takeKeys();
  }

  /** From here on keys mean the timeline; its scrubber can take the focus only once there is a first picture. */
  function takeKeys() {
    find(".scrub").focus({ preventScroll: true });
  }

  /** What would run now: the visitor's words, or an example while there are none. */
  function prompt() {
    return form.values().prompt.trim() || facts.examples[0];
  }

  function runIt() {
    form.setPrompt(prompt());
    ask();
  }

  function begin(message) {
    reel = new Reel(message);
    step = 0;
    following = true;
    stage.clear(reel);
    film.lay(reel);
    teller.begin(reel);
    panels.lay(reel);
    player.enable(false);
    page.classList.add("docked");
    tour.offer();
    bringIntoView(find(".phases"), find(".timeline"));
  }

  function waiting({ ahead }) {
    const who = ahead === 1 ? "another visitor's run" : ahead + " other runs";
    teller.status("Waiting for " + who + " to finish");
  }

  async function drawn(message) {
    const frame = await reel.add(message);
    if (frame.reel !== reel) return;
    page.classList.remove("tuning");
    player.enable(true);
    film.reached(reel);
    if (following) show(reel.last);
    else show(step);
    if (frame.index === 0 && document.activeElement === find("#oos-prompt")) takeKeys();
    teller.milestone(frame, reel);
  }

  function packing() {
    teller.status("Packing the GIF");
  }

  async function done(message) {
    await reel.settled();
    page.classList.remove("tuning");
    reel.ended(message);
    form.end();
    teller.done(reel);
    if (message.note) form.trouble(message.note);
    panels.ended(reel);
    tour.offer();
    if (reel.last >= 0) show(following ? reel.last : step);
    following = false;
  }

  function trouble(message) {
    page.classList.remove("tuning");
    form.end();
    form.trouble(message.sentence, message.field);
    if (message.run && message.run === reel.run) {
      reel.ended({ stopped: true });
      panels.ended(reel);
    }
    teller.status(reel.last < 0 ? "" : null);
    if (reel.last >= 0) show(step);
    following = false;
  }

  form.onsubmit = ask;
  form.onstop = () => {
    teller.status("Stopping after this step");
    run.stop();
  };
  find(".follow").onclick = follow;
  find(".first").onclick = runIt;
  form.ontyped = (text) => panels.typed(text);
  fillWidth(page);
  browseWords(page, facts, form);
  theme(find(".theme"));
  listenForKeys(page, {
    step: (by) => reel.last >= 0 && go(step + by, true),
    jump: (end) => reel.last >= 0 && go(end ? reel.last : 0, true),
    play: () => player.toggle(),
    loop: () => player.toggleLoop(),
    stop: () => run.running && form.onstop(),
    close: () => glossary.close() || tour.leave(),
  });
  find(".help").onclick = () => find(".keys").showModal();
  stage.clear(reel);
  film.lay(reel);
  teller.rest(facts);
  tell(page, facts.pages);
  panels.load();
}

/** Tell the style sheet how far the frame around us keeps us from the window's edge: a phone has no room for that. */
function fillWidth(page) {
  const measure = () => page.style.setProperty("--bleed", page.parentElement.getBoundingClientRect().left + "px");
  new ResizeObserver(measure).observe(page.parentElement);
  measure();
}

/** Scroll as little as shows everything from `top` to `bottom`, or from `top` on where the window is too small for that. */
function bringIntoView(top, bottom) {
  const above = top.getBoundingClientRect().top - 12;
  const docked = getComputedStyle(bottom).position === "fixed";
  const below = docked ? above : bottom.getBoundingClientRect().bottom + 12 - innerHeight;
  const by = above < 0 ? above : Math.max(0, Math.min(above, below));
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrollBy({ top: by, behavior: calm ? "auto" : "smooth" });
}
