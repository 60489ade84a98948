// Wires the page: the store, those who draw from it, those who change it. No logic lives here.

import { Address } from "./bar.js";
import { Classroom } from "./classroom.js";
import { Compare } from "./compare.js";
import { Controller } from "./controller.js";
import { Cost } from "./cost.js";
import { Fan } from "./fan.js";
import { Film } from "./film.js";
import { Fork } from "./fork.js";
import { Form } from "./form.js";
import { Glossary } from "./glossary.js";
import { Home } from "./home.js";
import { listenForKeys } from "./keys.js";
import { Pace } from "./pace.js";
import { Panels } from "./panels.js";
import { Player } from "./player.js";
import { Predict } from "./predict.js";
import { Preview } from "./preview.js";
import { tell } from "./prose.js";
import { Recent } from "./recent.js";
import { recordings } from "./recordings.js";
import { reopen, restore } from "./restore.js";
import { running } from "./reel.js";
import { fillWidth } from "./room.js";
import { GradioSource } from "./sources/gradio.js";
import { Shelf } from "./shelf.js";
import { RecordedSource } from "./sources/recorded.js";
import { Stage } from "./stage.js";
import { makeStore } from "./store.js";
import { Teller } from "./teller.js";
import { theme } from "./theme.js";
import { Tour } from "./tour.js";
import { Views } from "./views.js";
import { Visit } from "./visit.js";
import { browseWords } from "./words.js";

/**
 * `page` is the element .oos, `facts` what the server said of the model, `gradio` its trigger and server. In a capsule
 * there is none: `kept` has the text of its recorded run, and a source that has nothing.
 * @param {{source: () => any, recorded: string} | null} kept
 */
export function start(page, facts, gradio, kept = null) {
  const store = makeStore();
  const form = new Form(page, facts);
  const teller = new Teller(page, facts);
  const views = new Views(page, form, teller, store);
  const sources = { live: (key) => (kept ? kept.source() : new GradioSource(gradio, key)), recorded: (found) => new RecordedSource(found) };
  const pace = new Pace();
  const act = new Controller(store, sources, views, pace);
  const player = new Player(page, { state: () => store.get(), go: (step) => act.go(step) });
  const go = (step, aloud) => {
    player.pause();
    act.go(step, aloud);
  };
  const panels = new Panels(page, {
    facts,
    page,
    store,
    go,
    ask: (panel, question) => act.ask(panel, question),
    choose: (word) => act.choose(word),
    beside: (values, on) => act.beside(values, on),
    values: () => form.values(),
    say: (text) => teller.say(text),
    subtitle: (stage, text) => teller.subtitle(stage, text),
    open: (stage) => act.openStage(stage),
  });
  const preview = new Preview(page, { ask: (panel, question) => act.ask(panel, question), redraw: () => store.update() });
  const film = new Film(page.querySelector(".film"), go);
  const glossary = new Glossary(page, facts.glossary);
  const tour = new Tour(page, facts, { state: () => store.get(), go, open: (stage) => act.openStage(stage), run: () => views.runIt(facts), prompt: () => views.prompt(facts) });
  const home = new Home(page, { ask: (panel, question) => act.ask(panel, question), state: () => store.get(), say: (text) => teller.say(text) });
  const visit = new Visit(page, {
    facts,
    values: () => form.values(),
    show: (key) => (player.pause(), act.show(key)),
    compare: (key) => (act.compare(key), views.bring(".second")),
    series: (runs, by) => (player.pause(), act.series(runs, by)),
    otherWords: () => views.otherWords(() => act.compare(store.get().shown)),
  });
  const compare = new Compare(page, { align: (by) => store.update({ by }), compare: (key) => act.compare(key), swap: () => (player.pause(), act.swap()) });
  const recall = (run, step) => act.recall(run, step);
  const fan = new Fan(page, { beside: (values, on) => act.beside(values, on), recall });
  const fork = new Fork(page, facts, {
    state: () => store.get(),
    go: (values) => (player.pause(), act.generate(values)),
    fan: (reel, step, four) => fan.open(reel, step, four),
    recall,
  });
  const address = new Address(page, facts, form, store);
  address.ontried = (name) => name === "tour" && tour.begin();
  const classroom = new Classroom(page, { pace, state: () => store.get(), go });
  const predict = new Predict(page, {
    state: () => store.get(),
    go: (step) => act.go(step),
    play: () => player.play(),
    pause: () => player.pause(),
    hold: (on) => pace.hold(on),
    covered: () => address.soon(),
    say: (text) => teller.say(text),
  });
  const shelf = new Shelf(page, {
    facts,
    base: kept ? null : new URL("out-of-static/runs/", document.baseURI),
    state: () => store.get(),
    prompt: () => form.values().prompt,
    open: (text, options) => (player.pause(), act.openRecording(text, options)),
    show: (run) => (player.pause(), act.show(run)),
    busy: () => act.busy,
    refuses: () => act.refuses(),
    play: () => player.play(),
    trouble: (sentence) => form.trouble(sentence),
  });
  const cost = new Cost(page, { facts, ask: (panel, question) => act.ask(panel, question), steps: () => form.values().steps });
  form.onchanged = () => (player.pause(), address.soon(), visit.changed());

  for (const part of [form, new Stage(page), film, teller, preview, player, panels, tour, home, fork, address, visit, compare, shelf, classroom, predict, cost]) store.subscribe((state) => part.draw(state));
  form.onsubmit = () => ((fork.left = false), player.pause(), act.generate());
  form.onstop = () => act.stop();
  form.ontyped = (text) => panels.typed(text);
  views.ontrouble = (sentence, field) => fork.trouble(sentence, field);
  teller.onfile = (path) => act.ask("file", { path });
  page.querySelector(".follow").onclick = () => go(Infinity);
  page.querySelector(".first").onclick = () => views.runIt(facts);
  page.querySelector(".help").onclick = () => page.querySelector("dialog.keys").showModal();
  listenForKeys(page, {
    step: (by) => go(store.get().step + by, true),
    jump: (end) => go(end ? Infinity : 0, true),
    play: () => player.toggle(),
    loop: () => player.toggleLoop(),
    branch: () => fork.open(),
    project: () => classroom.project(),
    pace: (key) => predict.asking || classroom.key(key),
    stop: () => running(store.get()) && act.stop(),
    close: () => glossary.close() || tour.leave() || classroom.project(false),
  });
  new Recent(page, { open: (run) => (player.pause(), views.bring(".stage"), reopen(act, run)) });
  recordings(page, (text) => act.openRecording(text), (sentence) => form.trouble(sentence));
  if (!kept && facts.lesson) forClass(page.querySelector(".for-class"));
  fillWidth(page);
  browseWords(page, facts, form);
  theme(page.querySelector(".theme"));
  tell(page, facts.pages);
  const said = address.restore(Boolean(kept));
  store.update();
  panels.load().then(async () => {
    if (kept) return shelf.open(kept.recorded);
    await restore(act, said.step);
    return shelf.arrive(said);
  });
}

/** A page of a file has no server that the sheet for a lesson could come from. */
function forClass(line) {
  line.hidden = false;
  line.firstElementChild.href = new URL("out-of-static/lesson/lesson.html", document.baseURI).href;
}
