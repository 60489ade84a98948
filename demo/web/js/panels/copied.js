// Did it copy? The scenes that are nearest to the picture on the timeline, of those that training drew from and of as many
// that it never had, as the server drew them again and measured them. And a combination that was kept from training.

import { Eight } from "../eight.js";
import { Part } from "../part.js";
import { paint, picture } from "../pictures.js";
import { shown } from "../reel.js";

const AS_A_COPY = 1.5; // times as far as a copy would be, and no further

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const find = (selector) => root.querySelector(selector);
    this.go = find(".look-for");
    this.told = find(".state");
    this.found = find(".found");
    this.verdict = find(".verdict");
    this.yours = find(".yours");
    this.titles = [...root.querySelectorAll(".both h4")];
    this.go.onclick = () => this.look();
    this.eight = new Eight(root, context);
  }

  lay() {
    this.ready();
  }

  ended() {
    this.ready();
  }

  ready() {
    if (this.looking) return;
    const why = this.context.facts.cannot.nearest ?? unfit(shown(this.context.store.get()));
    this.go.disabled = Boolean(why);
    this.say(why);
  }

  async look() {
    const reel = shown(this.context.store.get());
    this.looking = true;
    this.go.disabled = true;
    this.say("Drawing some hundred scenes again from their seeds, and measuring each: about ten seconds, more where the machine is busy.");
    const told = await this.context.ask("nearest", { run: reel.run }).catch((error) => ({ error: error.message }));
    this.looking = false;
    this.ready();
    if (told.error) return this.say(told.error);
    await this.fill(reel, told);
    this.verdict.focus({ preventScroll: true });
  }

  async fill(reel, told) {
    const last = reel.frames[reel.total];
    this.verdict.textContent = verdict(told);
    paint(this.yours.querySelector("canvas"), last.state, last.width, last.height);
    this.yours.querySelector("canvas").setAttribute("aria-label", "Your picture: " + reel.asked.prompt);
    this.yours.querySelector("figcaption").textContent = "Your picture: “" + reel.asked.prompt + "”";
    const count = told.count.toLocaleString("en");
    this.titles[0].textContent = "Nearest of " + count + " scenes that its training drew from";
    this.titles[1].textContent = "Nearest of " + count + " that it never had";
    this.root.querySelector(".far").replaceChildren(...bars(told));
    this.root.querySelector(".how").textContent = how(told);
    for (const kind of ["seen", "unseen"]) this.root.querySelector("[data-kind=" + kind + "]").replaceChildren(...(await Promise.all(told[kind].map(item))));
    this.found.hidden = false;
  }

  say(text) {
    this.told.textContent = text;
  }
}

/** Why a run cannot be looked for, "" where it can. */
export function unfit(reel) {
  if (reel.recorded && reel.end) return "This is a recorded run, whose exact pixels are not here: generate one to look for it.";
  if (!reel.run || !reel.end) return "This needs a run that has ended: press Generate.";
  return reel.complete ? "" : "This run was stopped before its last step, so there is no finished picture to look for.";
}

async function item(scene) {
  const one = document.createElement("li");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", scene.caption);
  const image = await picture(scene.image);
  if (image) paint(canvas, image);
  one.append(canvas, line("b", scene.pixels.toFixed(1) + " levels"), line("span", scene.caption), line("small", "made again from seed " + scene.seed + ", number " + scene.number + "; " + scene.latents.toFixed(2) + " in latents"));
  return one;
}

function line(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

/** How far a copy would be, and how far the nearest of both kinds are, as bars of one scale. */
function bars({ seen, unseen, copy }) {
  const all = [["a copy would be", copy.pixels], ["from its training", seen[0].pixels], ["never had", unseen[0].pixels]];
  const most = Math.max(...all.map(([, far]) => far));
  return all.map(([name, far]) => {
    const bar = document.createElement("li");
    const long = document.createElement("i");
    long.style.width = (100 * far) / most + "%";
    bar.append(line("span", name), long, line("b", far.toFixed(1)));
    return bar;
  });
}

/** What the distances say of the claim, either way. */
export function verdict({ seen, unseen, count, copy, chance, copied }) {
  const [mine, theirs] = [seen[0].pixels, unseen[0].pixels];
  const many = count.toLocaleString("en");
  const both = "The nearest of " + many + " scenes that its training drew from is " + mine.toFixed(1) + " levels away, the nearest of " + many + " that it never had " + theirs.toFixed(1) + ". ";
  const much = ((1 - mine / theirs) * 100).toFixed(0) + " %";
  const most = ((1 - chance.least) * 100).toFixed(0) + " %";
  if (copied) return both + "That is " + much + " nearer: this looks copied, and contradicts the claim.";
  if (mine < chance.least * theirs) return both + "That is " + much + " nearer, and chance made it at most " + most + " for " + chance.of + " new scenes, which nobody can have copied. So this leans on what it had, more than the claim allows: look at the two.";
  const simple = mine < AS_A_COPY * copy.pixels ? " Both are about as near as a copy would be: this scene is so plain that it comes up by itself." : "";
  if (mine >= theirs) return both + "What it had is no nearer: it did not copy." + simple;
  return both + "That is " + much + " nearer, as chance has it (up to " + most + " for " + chance.of + " new scenes, which nobody can have copied): it did not copy." + simple;
}

/** How it was found, and how surely. */
function how({ count, drawn, copy, recall, planted, latents, seconds }) {
  const many = count.toLocaleString("en");
  return "Training takes its scenes by lot, so not every one of these has come up. Distance: the root of the mean squared difference of all pixels, in levels of 255. A copy would be about " + copy.pixels.toFixed(1) + " away, for so much is lost in its autoencoder. Short signatures chose " + drawn + " of each " + many + ", and these were drawn again (" + seconds.toFixed(0) + " s). Measured on " + recall.of + " of its pictures against all " + many + " of training, this found the nearest in " + recall.first + ", and " + recall.five + " of the " + 5 * recall.of + " nearest five; and of " + planted.of + " copies made on purpose, scenes of training that went through its autoencoder, it noticed " + planted.copied + ". In the latents of its own encoder, the nearest of those drawn again are " + latents.seen.toFixed(2) + " away and " + latents.unseen.toFixed(2) + "; a copy, " + copy.latents.toFixed(2) + ".";
}
