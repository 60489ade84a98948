"""A run in words: a sentence or two for each step, from measured numbers, and the prose of the page from content/*.md.

Knows Frames and files, no models. The markdown is a tiny one: a title, sections, paragraphs, *emphasis*, `code`, and
[words](#glossary) that lead to the glossary. It becomes a tree of plain JSON, whose texts are to be set as text: there
is no HTML in it and no way to write any.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from demo.run.measure import Curves, change
from demo.run.trace import Frame

CONTENT = Path(__file__).with_name("content")
STAGES = ("noise", "numbers", "guess", "touches", "people")
DEEPER = "A bit deeper"
SPAN = re.compile(r"`(?P<code>[^`]+)`|\*(?P<emphasis>[^*]+)\*|\[(?P<term>[^\]]+)\]\(#(?P<to>[\w-]+)\)")

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


def where(grid: np.ndarray) -> str | None:
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


def pages() -> dict:
    """The prose, as JSON: {"stages": [...], "glossary": {...}, "tour": [...]}. Raises ValueError for a malformed file.

    A stage is {"key", "title", "body", "deeper"}, deeper None where there is none; a term of the glossary, by its key,
    is {"title", "body"}; a step of the tour is {"anchor", "title", "body"}, anchor the id of what it points at. Every
    body is a list of paragraphs as `paragraphs` returns them.
    """
    return {
        "stages": [_stage(key) for key in STAGES],
        "glossary": {slug(title): {"title": title, "body": body} for title, body in _read("glossary")[2]},
        "tour": [_stop(heading, body) for heading, body in _read("tour")[2]],
    }


def paragraphs(text: str) -> list[list[dict]]:
    """Markdown -> paragraphs of spans {"kind", "text"}: text, emphasis, code, or term with "to", a glossary key."""
    return [_spans(" ".join(block.split())) for block in re.split(r"\n\s*\n", text.strip()) if block]


def slug(title: str) -> str:
    """A title as it stands in a link: "Text encoder" -> "text-encoder"."""
    return "-".join(title.casefold().split())


def _noise(frame: Frame) -> str:
    left = frame.noise_left
    if left == 0:
        return "no noise left"
    kept = ", which this schedule never takes out" if frame.index == frame.total else ""
    return f"{percent(left)} noise left{kept}"


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


def _stage(key: str) -> dict:
    title, body, sections = _read(key)
    if [name for name, _ in sections] not in ([], [DEEPER]):
        raise ValueError(f"content/{key}.md may have one section, {DEEPER!r}.")
    return {"key": key, "title": title, "body": body, "deeper": sections[0][1] if sections else None}


def _stop(heading: str, body: list) -> dict:
    anchor, colon, title = heading.partition(": ")
    if not colon or not re.fullmatch(r"[a-z][a-z-]*", anchor):
        raise ValueError(f"A step of the tour is headed 'anchor: title', not {heading!r}.")
    return {"anchor": anchor, "title": title, "body": body}


def _read(name: str) -> tuple[str, list, list[tuple[str, list]]]:
    """Title, paragraphs before the first section, and the sections, of content/`name`.md."""
    text = (CONTENT / f"{name}.md").read_text(encoding="utf-8")
    titled = re.fullmatch(r"# (.+)\n(?s:(.*))", text)
    if not titled:
        raise ValueError(f"content/{name}.md must begin with '# ' and its title.")
    body, *sections = re.split(r"^## (.+)$", titled[2], flags=re.MULTILINE)
    return titled[1], paragraphs(body), [(t, paragraphs(b)) for t, b in zip(sections[::2], sections[1::2], strict=True)]


def _spans(text: str) -> list[dict]:
    spans, at = [], 0
    for met in SPAN.finditer(text):
        spans += [{"kind": "text", "text": text[at : met.start()]}] if met.start() > at else []
        link = {"to": met["to"]} if met["to"] else {}
        spans.append({"kind": met.lastgroup if not link else "term", "text": met[met.lastindex - bool(link)]} | link)
        at = met.end()
    return spans + ([{"kind": "text", "text": text[at:]}] if at < len(text) else [])
