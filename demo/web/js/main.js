// Wires the page: the store, those who draw from it, those who change it. No logic lives here.

import { Address } from "./bar.js";
import { Controller } from "./controller.js";
import { Film } from "./film.js";
import { Form } from "./form.js";
import { Glossary } from "./glossary.js";
import { Home } from "./home.js";
import { listenForKeys } from "./keys.js";
import { Panels } from "./panels.js";
import { Player } from "./player.js";
import { Preview } from "./preview.js";
import { tell } from "./prose.js";
import { recordings } from "./recordings.js";
import { running } from "./reel.js";
import { fillWidth } from "./room.js";
import { GradioSource } from "./sources/gradio.js";
import { RecordedSource } from "./sources/recorded.js";
import { Stage } from "./stage.js";
import { makeStore } from "./store.js";
import { Teller } from "./teller.js";
import { theme } from "./theme.js";
import { Tour } from "./tour.js";
import { Views } from "./views.js";
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
  const act = new Controller(store, sources, views);
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
  const tour = new Tour(page, facts.tour, { state: () => store.get(), go, open: (stage) => act.openStage(stage), run: () => views.runIt(facts), prompt: () => views.prompt(facts) });
  const home = new Home(page, { ask: (panel, question) => act.ask(panel, question), state: () => store.get(), say: (text) => teller.say(text) });
  const address = new Address(page, facts, form, store);

  for (const part of [form, new Stage(page), film, teller, preview, player, panels, tour, home, address]) store.subscribe((state) => part.draw(state));
  form.onsubmit = () => (player.pause(), act.generate());
  form.onstop = () => act.stop();
  form.ontyped = (text) => panels.typed(text);
  teller.onfile = (path) => act.ask("file", { path });
  page.querySelector(".follow").onclick = () => go(Infinity);
  page.querySelector(".first").onclick = () => views.runIt(facts);
  page.querySelector(".help").onclick = () => page.querySelector("dialog.keys").showModal();
  listenForKeys(page, {
    step: (by) => go(store.get().step + by, true),
    jump: (end) => go(end ? Infinity : 0, true),
    play: () => player.toggle(),
    loop: () => player.toggleLoop(),
    stop: () => running(store.get()) && act.stop(),
    close: () => glossary.close() || tour.leave(),
  });
  recordings(page, (text) => act.openRecording(text), (sentence) => form.trouble(sentence));
  fillWidth(page);
  browseWords(page, facts, form);
  theme(page.querySelector(".theme"));
  tell(page, facts.pages);
  const said = address.restore();
  store.update();
  panels.load().then(() => (kept ? act.openRecording(kept.recorded) : act.restore(said.step)));
}
