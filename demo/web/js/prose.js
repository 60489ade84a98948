// The prose of the page: from the server's tree of paragraphs to elements. Every text is set as text; a term of the
// glossary becomes a button, which the glossary listens for.

const TAGS = { emphasis: "em", code: "code" };

/** Fill every [data-lore] with its stage's page: title, body, and "a bit deeper" folded away. */
export function tell(page, pages) {
  for (const { key, title, body, deeper } of pages) {
    const place = page.querySelector("[data-lore='" + key + "']");
    if (!place) continue;
    const heading = document.createElement("h2");
    heading.textContent = title;
    place.append(heading);
    fill(place, body);
    if (deeper) place.append(fold("A bit deeper", deeper));
  }
  const people = page.querySelector(".people");
  people.querySelector("summary span").textContent = people.querySelector("h2").textContent;
  people.querySelector("h2").remove();
}

/** Append `paragraphs`, lists of spans {kind, text, to}, to an element. */
export function fill(element, paragraphs) {
  for (const spans of paragraphs) {
    const line = document.createElement("p");
    line.append(...spans.map(span));
    element.append(line);
  }
}

function span({ kind, text, to }) {
  if (kind === "term") return term(to, text);
  if (!(kind in TAGS)) return text;
  const element = document.createElement(TAGS[kind]);
  element.textContent = text;
  return element;
}

/** A word that the glossary explains. */
export function term(key, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "term";
  button.dataset.term = key;
  button.setAttribute("aria-haspopup", "dialog");
  button.textContent = text;
  return button;
}

function fold(title, paragraphs) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = title;
  details.append(summary);
  fill(details, paragraphs);
  return details;
}
