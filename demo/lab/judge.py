"""What the checker of the tiny world sees in a picture, in heads and in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open

from demo.engine.api import Pixels
from demo.tiny import checker
from demo.tiny.captions import plain_caption, plural
from demo.tiny.scenes import Scene, Thing

NOTHING = "nothing that it knows"


def fits(weights: Path) -> bool:
    """Whether the file has the weights of the checker of this code, by names and shapes; False where there is none."""
    if not weights.is_file():
        return False
    with torch.device("meta"):
        wanted = {name: list(value.shape) for name, value in checker.Checker().state_dict().items()}
    with safe_open(weights, "pt") as file:
        there = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 (it is no dict)
    return there == {name: shape for name, shape in wanted.items() if not name.endswith("num_batches_tracked")}


class Judge:
    """The checker, on the processor."""

    def __init__(self, weights: Path):
        self._checker = checker.load(weights)

    def look(self, pixels: Pixels) -> tuple[str, dict[str, Any]]:
        """uint8 (H, W, 3) -> what is seen, in words, and what is said of each head, as `checker.said` says it."""
        picture = torch.from_numpy(_fitted(pixels)).permute(2, 0, 1)[None]
        (figures,), (scene,) = self._checker.find(picture)
        said = checker.said(figures)
        return words(figures, said), said | scene


def _fitted(pixels: Pixels) -> Pixels:
    """A square whose side the checker can halve; pictures of the tiny model are that already."""
    side = max(1, min(pixels.shape[:2]) // checker.SIDE) * checker.SIDE
    if pixels.shape[:2] == (side, side):
        return pixels.copy()
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX)).copy()


def words(figures: list[checker.Found], said: dict[str, Any]) -> str:
    """Figures in one line: "a cat above a dog", "2 red apples and a car"; of a pair, how they lie to each other."""
    if not figures:
        return NOTHING
    if said["side"] != checker.NOBODY:
        pair = (_thing(said, ""), _thing(said, "second "))
        return plain_caption(Scene(pair, relation={"left": "left of"}.get(said["side"], said["side"])))
    counted = Counter(plain_caption(Scene((_figure(one),))) for one in figures)
    named = {plain_caption(Scene((_figure(one),))): _figure(one) for one in figures}
    parts = [text if count == 1 else _many(named[text], count) for text, count in counted.items()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _many(thing: Thing, count: int) -> str:
    alone = plain_caption(Scene((Thing(thing.name, thing.colour),))).removeprefix("an ").removeprefix("a ")
    whole = plain_caption(Scene((thing,))).removeprefix("an ").removeprefix("a ")
    return f"{count} {plural(alone)}{whole.removeprefix(alone)}"


def _figure(one: checker.Found) -> Thing:
    return _thing({"first": one.is_["name"], **one.is_}, "")


def _thing(said: dict[str, Any], which: str) -> Thing:
    kept = {head: said[which + head] for head in ("colour", "wear", "ride")}
    worn = {head: None if value == checker.NOBODY else value for head, value in kept.items()}
    return Thing(said[which.strip() or "first"], **worn)
