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


def groups(model: str, vocabulary: tuple[str, ...] | None) -> dict[str, list[str]]:
    """The words of the model's vocabulary.json by kind, {} where it ships none."""
    file = Path(model) / "vocabulary.json"
    if not vocabulary or not file.is_file():
        return {"words": list(vocabulary)} if vocabulary else {}
    told = json.loads(file.read_text(encoding="utf-8"))
    named = told.get("groups", {name: words for name, words in told.items() if name != "words"})
    return {name: list(words) for name, words in named.items() if words} or {"words": list(vocabulary)}
