"""What the page offers to type: examples, and the words that the model knows, in groups. Data for the browser."""

from __future__ import annotations

import json
from pathlib import Path

EXAMPLES = (
    "a red fox wearing sunglasses on a skateboard",
    "an astronaut riding a horse",
    "a green frog wearing a crown at night",
    "a blue cat",
    "a rocket in space",
)


APART = ("words", "related")  # of a vocabulary.json: what is no group


def groups(model: str, vocabulary: tuple[str, ...] | None) -> dict[str, list[str]]:
    """The words of the model's vocabulary.json by kind, {} where it ships none."""
    told = _told(model) if vocabulary else {}
    named = told.get("groups", {name: words for name, words in told.items() if name not in APART})
    return {name: list(words) for name, words in named.items() if words} or (
        {"words": [*vocabulary]} if vocabulary else {}
    )


def related(model: str) -> dict[str, list[str]]:
    """A word that the model does not know -> the words of its own that come nearest; {} where it ships none."""
    return {word: list(near) for word, near in _told(model).get("related", {}).items()}


def _told(model: str) -> dict:
    file = Path(model) / "vocabulary.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
