// Three questions before and three after, offered and never in the way. What is asked and what it says is questions.js; this
// shows it, keeps the answers in this browser, and leads to where one can see for oneself.

import { firstLead } from "../leads.js";
import { Part } from "../part.js";
import { changed, code, csv, draw, due, EACH, find, sane, score, shuffled, UNSURE } from "../questions.js";
import { keep, remembered } from "../remember.js";
import { hand } from "../teller.js";

const NAME = "questions";
const OFFERS = {
  fresh: ["Before you look", "Three questions on what you think happens here, three others later: so you see what changed. They stay in this browser."],
  before: ["Before you look", "You were in the middle of three questions."],
  after: ["And now?", "Your three answers are noted. Play on: the experiments are below. When you have looked around, there are three others."],
};

export class Panel extends Part {
  constructor(root, context) {
    super(root, context);
    const part = (selector) => root.querySelector(selector);
    this.pool = context.facts.questions ?? [];
    this.parts = { offer: part(".offer"), asking: part(".asking"), result: part(".result"), unskip: part(".unskip") };
    this.form = part("form");
    this.legend = part("legend");
    this.need = part(".need");
    this.mine = part(".mine");
    this.told = part(":scope > .state");
    this.kept = sane(remembered(NAME), this.pool);
    root.hidden = this.pool.length < EACH;
    part(".begin").onclick = () => this.begin();
    part(".more").onclick = () => this.begin();
    part(".skip").onclick = () => this.skip(true);
    part(".unskip").onclick = () => this.skip(false);
    part(".later-quiz").onclick = () => (this.rest(), part(".begin").focus({ preventScroll: true }));
    part(".save").onclick = () => hand(new Blob([csv(this.pool, this.kept)], { type: "text/csv" }), "answers-" + this.kept.code + ".csv");
    part(".forget").onclick = () => this.forget();
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.answer();
    };
    this.rest();
  }

  get round() {
    return this.kept.rounds.at(-1) ?? null;
  }

  /** One of the parts is on show: the offer, the question, what changed, or the way back for those who skipped. */
  put(part) {
    for (const [name, element] of Object.entries(this.parts)) element.hidden = name !== part;
    this.mine.hidden = part === "unskip" || part === "asking" || !this.kept.rounds.some(({ answers }) => Object.keys(answers).length);
    this.told.textContent = this.lost ? "This browser keeps nothing for this page, so your answers go when you leave it." : "";
  }

  /** Nothing is being asked. */
  rest() {
    if (this.kept.skipped) return this.put("unskip");
    const { round } = this;
    const next = round && due(round);
    if (round && !next) return this.result();
    const [title, text] = OFFERS[!round || !Object.keys(round.answers).length ? "fresh" : next.when === "after" ? "after" : "before"];
    this.parts.offer.querySelector("h3").textContent = title;
    this.parts.offer.querySelector(".says-what").textContent = text;
    this.parts.offer.querySelector(".begin").textContent = !round || !Object.keys(round.answers).length ? "Ask me" : next.when === "after" ? "The other three" : "Go on";
    this.put("offer");
  }

  skip(skipped) {
    this.kept.skipped = skipped;
    this.keep();
    this.rest();
    this.root.querySelector(skipped ? ".unskip" : ".begin, .more").focus({ preventScroll: true });
  }

  begin() {
    if (!this.round || !due(this.round)) this.kept = sane(JSON.stringify({ ...this.kept, rounds: [...this.kept.rounds, draw(this.pool, this.kept.rounds)] }), this.pool);
    this.ask();
  }

  ask() {
    const { id, when, number } = due(this.round);
    const { question } = find(this.pool, id);
    this.legend.firstChild.textContent = (when === "before" ? "Before, " : "After, ") + number + " of " + EACH;
    this.legend.lastChild.textContent = question.asks;
    const answers = shuffled(question.answers.map((text, at) => ({ text, at })));
    this.form.querySelector(".choices").replaceChildren(...[...answers, { text: "No idea yet", at: UNSURE }].map(choice));
    this.form.querySelector("[type=submit]").textContent = number < EACH ? "Next" : "Done";
    this.need.textContent = "";
    this.put("asking");
    this.face(this.legend);
  }

  answer() {
    const chosen = this.form.querySelector("input:checked");
    if (!chosen) return (this.need.textContent = "Choose one; “No idea yet” is an answer, too.");
    const { when, id } = due(this.round);
    this.kept.code ||= code(crypto.getRandomValues(new Uint8Array(6)));
    this.round.answers[id] = Number(chosen.value);
    this.keep();
    const next = due(this.round);
    if (next?.when === when) return this.ask();
    this.rest();
    const place = next ? this.parts.offer.querySelector("h3") : this.parts.result.querySelector("h3");
    place.tabIndex = -1;
    this.face(place);
  }

  /** The focus goes to what is to be read next, and the card is seen from its beginning. */
  face(place) {
    place.focus({ preventScroll: true });
    const { top, bottom } = this.root.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) this.root.scrollIntoView({ block: "start" });
  }

  result() {
    const { before, after } = score(this.pool, this.round);
    this.parts.result.querySelector("h3").textContent = "Before " + before + " of " + EACH + " right, after " + after + " of " + EACH;
    this.leads = null;
    this.put("result");
    this.show();
  }

  /** What leads somewhere may come and go with the runs of the visit. */
  show() {
    if (this.parts.result.hidden || !this.round) return;
    const told = changed(this.pool, this.round).map((one) => ({ ...one, lead: one.after ? null : firstLead(this.context.page, one.belief.leads, this.context.open) }));
    const leads = told.map(({ lead }) => lead?.name).join();
    if (leads === this.leads) return;
    this.leads = leads;
    this.parts.result.querySelector("ol").replaceChildren(...told.map(line));
  }

  forget() {
    this.kept = sane(null, this.pool);
    this.keep();
    this.rest();
    this.told.textContent = "Forgotten.";
    this.root.querySelector(".begin").focus({ preventScroll: true });
  }

  keep() {
    this.lost = !keep(NAME, this.kept.code || this.kept.skipped ? JSON.stringify(this.kept) : null);
  }
}

function choice({ text, at }) {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("input"), { type: "radio", name: "answer", value: String(at) }), text);
  return label;
}

/** A belief, how it was answered before and after, why it is not so, and, where it was missed, where to see it. */
function line({ belief, question, before, after, lead }) {
  const item = document.createElement("li");
  const element = (tag, textContent, className = "") => Object.assign(document.createElement(tag), { textContent, className });
  const what = element("b", "“" + belief.belief + "” Not so.");
  const how = element("p", "Before: " + mark(before) + ". After: " + mark(after) + ".", "how");
  const why = element("p", question.why);
  const source = document.createElement("details");
  source.append(element("summary", "Where this belief was met"), element("p", belief.source));
  item.append(what, how, why);
  if (lead) {
    const link = Object.assign(element("a", "See for yourself: " + lead.name, "see"), { href: lead.href });
    link.onclick = (event) => {
      event.preventDefault();
      lead.go();
    };
    item.append(link);
  }
  item.append(source);
  return item;
}

function mark(right) {
  return right ? "right" : "not yet";
}
