// The words that the model knows: finding the others in a text, browsing, and making up a prompt.

const WORD = /[\p{L}\p{N}_]+(?:['’][\p{L}\p{N}_]+)?|\p{So}/gu; // as the engine cuts words
const MANY = /(?:glasses|headphones|grapes)$/; // these go without an article

/** [{at, word}] for every word of `text` that is not in `known`. */
export function unknownIn(text, known) {
  const knows = (word) => known.has(word) || known.has(word.split(/['’]/)[0]) || /^_+$/.test(word);
  return [...text.matchAll(WORD)].map((found) => ({ at: found.index, word: found[0] })).filter(({ word }) => !knows(word.toLowerCase()));
}

/** Words of the model's that may be meant by one that it does not know, at most three: what is called so, then what is
 * spelled so. `related` is word -> names, `names` all names. */
export function nearest(word, related, names) {
  const said = word.toLowerCase();
  const called = [said, said.replace(/s$/, "")].flatMap((one) => (Object.hasOwn(related, one) ? related[one] : []));
  const far = said.length < 5 ? 1 : 2;
  const spelled = names.map((name) => ({ name, off: distance(said, name) })).filter(({ off }) => off <= far).sort((one, other) => one.off - other.off);
  return [...new Set([...called, ...spelled.map(({ name }) => name)])].slice(0, 3);
}

/** How many letters have to be changed, put in, left out or swapped with the next (Damerau 1964, adjacent swaps alone). */
export function distance(one, other) {
  let [before, row] = [[], [...Array(other.length + 1).keys()]];
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same);
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[other.length];
}

/** A prompt from the vocabulary's groups; `pick` chooses one of a list. */
export function surprise(groups, pick = anyOf) {
  const colour = () => pick(groups.colours ?? []);
  const who = () => pick(groups.characters ?? []);
  const ride = () => pick(groups.rides ?? []);
  const thing = () => pick(groups.objects ?? []);
  const wear = () => a(pick(groups["things to wear"] ?? []));
  const where = () => place(pick(groups.places ?? []));
  const sentences = [
    () => a(colour() + " " + who()) + " wearing " + wear() + " on " + a(ride()),
    () => a(colour() + " " + who()) + " wearing " + wear() + " " + where(),
    () => a(who()) + " riding " + a(ride()) + " " + where(),
    () => a(colour() + " " + who()) + " on " + a(ride()),
    () => a(colour() + " " + thing()) + " " + where(),
  ];
  return pick(sentences)().replace(/\s+/g, " ").trim();
}

/** Fill the examples and the drawer of words, and let both write into the form. */
export function browseWords(page, facts, form) {
  const offers = page.querySelector(".offers");
  for (const example of facts.examples) offers.append(chip(example, () => form.setPrompt(example)));
  const groups = Object.entries(facts.groups);
  page.querySelector('[data-drawer="words"]').hidden = !groups.length;
  const listed = new Set(groups.flatMap(([, words]) => words)).size;
  page.querySelector(".words-sum").textContent = listed ? (listed < facts.words.length ? listed + " of " + facts.words.length : String(listed)) : "";
  const lucky = page.querySelector(".lucky");
  lucky.hidden = groups.length < 2;
  lucky.onclick = () => form.setPrompt(surprise(facts.groups));
  page.querySelector(".groups").append(...groups.map(([name, words]) => group(name, words, form)));
  page.querySelector(".find").addEventListener("input", (event) => narrow(page, event.target.value));
}

function group(name, words, form) {
  const box = document.createElement("div");
  const title = document.createElement("h3");
  title.textContent = name;
  box.append(title, ...words.map((word) => chip(word, () => form.insert(word))));
  return box;
}

function chip(text, onclick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "chip";
  button.textContent = text;
  button.onclick = onclick;
  return button;
}

function narrow(page, text) {
  const wanted = text.trim().toLowerCase();
  for (const box of page.querySelectorAll(".groups > div")) {
    const chips = [...box.querySelectorAll(".chip")];
    for (const one of chips) one.hidden = !one.textContent.toLowerCase().includes(wanted);
    box.hidden = chips.every((one) => one.hidden);
  }
}

function anyOf(list) {
  return list[Math.floor(Math.random() * list.length)] ?? "";
}

function a(phrase) {
  const text = phrase.trim();
  if (MANY.test(text)) return text;
  return (/^[aeiou]/.test(text) ? "an " : "a ") + text;
}

/** "space" -> "in space"; what is a phrase already stays one. */
function place(word) {
  const ready = { night: "at night", space: "in space", sunset: "at sunset", beach: "on the beach", grass: "on the grass", underwater: "underwater" };
  if (!word || word === "plain" || word.includes(" ")) return word === "plain" ? "" : word;
  return ready[word] ?? "in the " + word;
}
