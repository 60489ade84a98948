"""A run in words: a sentence or two for each step, from measured numbers, and the prose of the page from content/.

Knows Frames and files, no models. The markdown (read by markdown-it) may hold a title, sections, paragraphs,
*emphasis*, `code`, and [words](#glossary) that lead to the glossary. It becomes a tree of plain JSON, whose texts are
to be set as text: there is no HTML in it and no way to write any.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NotRequired, TypedDict

import numpy as np
from markdown_it import MarkdownIt
from markdown_it.token import Token
from numpy.typing import NDArray

from demo.run.measure import Curves, change
from demo.run.trace import Frame

CONTENT = Path(__file__).with_name("content")
STAGES = ("noise", "numbers", "guess", "touches", "people")
DEEPER = "A bit deeper"
LEAD = re.compile(r"(try|panel|compare|form)/\S.*")
TERM = re.compile(r"#([\w-]+)")  # where a link may lead: a key of the glossary
# "zero" knows nothing but paragraphs; HTML, pictures, lists, autolinks and the rest stay the text they are.
MARKDOWN = MarkdownIt("zero").enable(["heading", "emphasis", "backticks", "link", "escape"])

EVEN = 1.25  # a ninth that changed this much more than the average is worth naming
TIE = 0.9  # a ninth within this share of the largest counts as much as it
FAINT = 0.5  # levels; less is not seen
NINTHS = (
    ("in the upper left", "at the top", "in the upper right"),
    ("on the left", "in the middle", "on the right"),
    ("in the lower left", "at the bottom", "in the lower right"),
)
ROWS = ("all along the top", "from side to side across the middle", "all along the bottom")
COLUMNS = ("all along the left", "from top to bottom down the middle", "all along the right")


class Span(TypedDict):
    """A piece of a paragraph: kind text, emphasis, code, or term with `to`, a key of the glossary."""

    kind: str
    text: str
    to: NotRequired[str]


class Known(NamedTuple):
    """What can be said of a step's guess only when the result is there: measure.Curves at this step, and whether it
    lies at or behind the point where the layout was decided."""

    layout: float
    detail: float
    decided: bool


def sentence(frame: Frame, previous: Frame | None, known: Known | None = None) -> str:
    """What happened at a step, for people; `previous` is the frame before it, None if it is not known.

    `known` needs the final picture, so a live run leaves it out.
    """
    if frame.index == 0:
        return f"Step 0 of {frame.total}: pure noise. There is no guess yet, and nothing of the prompt is in it."
    told = f"Step {frame.index} of {frame.total}: {_noise(frame)}."
    if frame.index == frame.total:
        return f"{told} This is the picture."
    first = "this is the first guess" if frame.index == 1 else None
    more = "; ".join(part for part in (first, known and _known(known), _moved(frame, previous)) if part)
    return f"{told} {more[0].upper()}{more[1:]}." if more else told


def sentences(frames: Sequence[Frame], curves: Curves) -> list[str]:
    """One sentence for each frame of a run that is over, whole or stopped."""
    known: list[Known | None] = [None] * len(frames)
    if curves.layout:
        pairs = enumerate(zip(curves.layout, curves.detail, strict=True))
        known = [Known(*pair, curves.point is not None and at >= curves.point) for at, pair in pairs]
    return [sentence(*told) for told in zip(frames, [None, *frames], known, strict=False)]


def percent(share: float) -> str:
    """[0, 1] -> "71 %"; what is not nothing is never called 0, what is not all never 100."""
    rounded = round(100 * share)
    if rounded == 0 and share > 0:
        return "less than 1 %"
    return "more than 99 %" if rounded == 100 and share < 1 else f"{rounded} %"


def likeness(correlation: float) -> str:
    """[-1, 1] -> "0.82 of 1 like the final one"; rounded down: 0.899 is not decided."""
    return f"{math.floor(100 * max(0.0, correlation) + 1e-9) / 100:.2f} of 1 like the final one"


def where(grid: NDArray[np.float64]) -> str | None:
    """The ninths of a grid (3, 3) that changed most, as a phrase; None where all changed about the same."""
    if grid.max() < EVEN * grid.mean():
        return None
    leaders = [(int(row), int(column)) for row, column in np.argwhere(grid >= TIE * grid.max())]
    if len(leaders) <= 2:
        return " and ".join(NINTHS[row][column] for row, column in leaders)
    rows, columns = {row for row, _ in leaders}, {column for _, column in leaders}
    if len(rows) == 1:
        return ROWS[rows.pop()]
    return COLUMNS[columns.pop()] if len(columns) == 1 else "in several places"


def pages() -> dict[str, Any]:
    """The prose, as JSON: {"stages": [...], "glossary": {...}, "tour": [...], "questions": [...]}. Raises ValueError
    for a malformed file.

    A stage is {"key", "title", "body", "deeper"}, deeper None where there is none; a term of the glossary, by its key,
    is {"title", "body"}; a stop of the tour is {"anchor", "title", "body", "when"}, anchor the id of what it points at
    and `when` what it says instead, by the name of what is so in the run. Every body is a list of paragraphs as
    `paragraphs` returns them. The questions are those of `questions`.
    """
    return {
        "stages": [_stage(key) for key in STAGES],
        "glossary": {slug(title): {"title": title, "body": body} for title, body in _read("glossary")[2]},
        "tour": _tour(),
        "questions": questions(),
    }


def questions() -> list[dict[str, Any]]:
    """What is asked before and after, by the belief that it is put against. Raises ValueError for a malformed file.

    A belief is {"key", "belief", "source", "leads", "questions"}: where it was found, and where on the page one can
    see for oneself ("try/fake" an experiment, "panel/heat" a part of a stage, "compare/Four seeds" runs side by side,
    "form/again" a button of the form), the best first. A question is {"id", "asks", "answers", "right", "why"}, right
    the index of an answer.
    """
    beliefs: list[dict[str, Any]] = json.loads((CONTENT / "questions.json").read_text(encoding="utf-8"))
    asked = [question for belief in beliefs for question in belief["questions"]]
    for names in ([belief["key"] for belief in beliefs], [question["id"] for question in asked]):
        if len(set(names)) < len(names):
            raise ValueError(f"content/questions.json has a name twice: {sorted(names)}.")
    for belief in beliefs:
        if len(belief["questions"]) < 2 or not all(map(LEAD.fullmatch, belief["leads"])):
            raise ValueError(
                f"content/questions.json: {belief['key']!r} needs two questions, and leads like 'try/fake'."
            )
    for question in asked:
        answers = question["answers"]
        if not 3 <= len(set(answers)) == len(answers) <= 4 or question["right"] not in range(len(answers)):
            raise ValueError(f"content/questions.json: {question['id']!r} needs 3 or 4 answers, one of them right.")
    return beliefs


def paragraphs(text: str) -> list[list[Span]]:
    """Markdown -> paragraphs of spans. Raises ValueError for a heading, which belongs between bodies."""
    return _section(MARKDOWN.parse(text))[1]


def slug(title: str) -> str:
    """A title as it stands in a link: "Text encoder" -> "text-encoder"."""
    return "-".join(title.casefold().split())


def _noise(frame: Frame) -> str:
    left = frame.noise_left
    if left == 0:
        return "no noise left"
    kept = ", and this schedule never takes it out" if frame.index == frame.total else ""
    return f"{percent(left)} noise left, by strength{kept}"


def _known(known: Known) -> str:
    if not known.decided:
        return f"the layout is not decided yet ({likeness(known.layout)})"
    return f"the layout is decided ({likeness(known.layout)}), the detail is {percent(known.detail)} there"


def _moved(frame: Frame, previous: Frame | None) -> str | None:
    """The guess, not the state: what a step does to the state is mostly less noise, and that is everywhere."""
    if previous is None or previous.denoised is None or frame.denoised is None:
        return None
    met = change(previous.denoised, frame.denoised)
    if met.grid.max() < FAINT:
        return "the guess hardly changed" if met.levels else "the guess did not change"
    place = where(met.grid)
    return f"the guess changed most {place}" if place else "the guess changed everywhere about the same"


def _stage(key: str) -> dict[str, Any]:
    title, body, sections = _read(key)
    if [name for name, _ in sections] not in ([], [DEEPER]):
        raise ValueError(f"content/{key}.md may have one section, {DEEPER!r}.")
    return {"key": key, "title": title, "body": body, "deeper": sections[0][1] if sections else None}


def _tour() -> list[dict[str, Any]]:
    """A section for each stop, "anchor: title"; behind it "anchor, when: title" for what it says when that is so."""
    stops: list[dict[str, Any]] = []
    for heading, body in _read("tour")[2]:
        named = re.fullmatch(r"([a-z]+)(?:, ([a-z]+))?: (.+)", heading)
        if not named:
            raise ValueError(f"A stop of the tour is headed 'anchor: title' or 'anchor, when: title', not {heading!r}.")
        anchor, when, title = named.groups()
        if when is None:
            stops.append({"anchor": anchor, "title": title, "body": body, "when": {}})
        elif not stops or stops[-1]["anchor"] != anchor or when in stops[-1]["when"]:
            raise ValueError(f"{heading!r} must stand once, behind the stop {anchor!r} of the tour.")
        else:
            stops[-1]["when"][when] = {"title": title, "body": body}
    return stops


def _read(name: str) -> tuple[str, list[list[Span]], list[tuple[str, list[list[Span]]]]]:
    """Title, paragraphs before the first section, and the sections, of content/`name`.md."""
    tokens = MARKDOWN.parse((CONTENT / f"{name}.md").read_text(encoding="utf-8"))
    starts = [at for at, token in enumerate(tokens) if token.type == "heading_open"]
    if starts[:1] != [0] or [tokens[at].tag for at in starts] != ["h1"] + ["h2"] * (len(starts) - 1):
        raise ValueError(f"content/{name}.md must begin with '# ' and its title; its sections begin with '## '.")
    (title, body), *sections = [_section(tokens[a:b]) for a, b in pairwise([*starts, len(tokens)])]
    return title, body, sections


def _section(tokens: Sequence[Token]) -> tuple[str, list[list[Span]]]:
    """Blocks -> the heading they begin with ("" without one), and the paragraphs."""
    title, found = "", []
    for opening, token in zip([None, *tokens], tokens, strict=False):
        if token.type != "inline" or opening is None:
            continue
        if opening.type == "heading_open":
            title = token.content
        else:
            found.append(_spans(token.children or []))
    return title, found


def _spans(tokens: Sequence[Token]) -> list[Span]:
    """markdown-it's flat list of a paragraph -> its spans. Raises ValueError for what a span cannot hold."""
    spans: list[Span] = []
    kind, to = "text", ""
    for token in tokens:
        if token.type in ("em_open", "em_close"):
            kind = "emphasis" if token.nesting == 1 else "text"
        elif token.type in ("link_open", "link_close"):
            led = TERM.fullmatch(str(token.attrGet("href"))) if token.nesting == 1 else None
            if token.nesting == 1 and not led:
                raise ValueError(f"A link must lead to the glossary, like (#noise), not to {token.attrGet('href')!r}.")
            kind, to = ("term", led[1]) if led else ("text", "")
        else:
            mine = "code" if token.type == "code_inline" else kind
            text = token.content.replace("\n", " ")  # a line's end within a paragraph
            if spans and text and spans[-1]["kind"] == mine and spans[-1].get("to", "") == to:
                spans[-1]["text"] += text
            elif text:
                spans.append(Span(kind=mine, text=text, to=to) if to and mine == "term" else Span(kind=mine, text=text))
    return spans
