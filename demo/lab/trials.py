"""Pairs of prompts of the same words, or nearly so, that mean different things, and what a picture must show to have
which sense. Data, and its one rule; knows no model.

Heads and their values are those that demo.tiny.checker says of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.run.trace import BadRequest

Said = Mapping[str, Any]  # head -> value


@dataclass(frozen=True)
class Sense:
    """What a prompt means: one of `shows` in full, and nothing of `lacks`."""

    shows: tuple[Mapping[str, str], ...] = ({},)
    lacks: Mapping[str, str] = field(default_factory=dict)

    def fits(self, said: Said) -> bool:
        """Whether a picture of which this is said has this sense."""
        there = any(all(said[head] == value for head, value in one.items()) for one in self.shows)
        return there and not any(said[head] == value for head, value in self.lacks.items())


@dataclass(frozen=True)
class Trial:
    """Two prompts from the same seeds. With two senses the first prompt asks for the first, the second for the second;
    with one, both are judged by it. category: of the evaluation, the nearest to what the judge has to tell here."""

    name: str
    title: str
    prompts: tuple[str, str]
    senses: tuple[Sense, ...]
    category: str
    control: str

    def to_json(self) -> dict[str, Any]:
        """What a page shows of it."""
        return {
            "name": self.name,
            "title": self.title,
            "prompts": list(self.prompts),
            "senses": len(self.senses),
            "control": self.control,
        }


def _one(**shows: str) -> Sense:
    return Sense((shows,))


def _above(upper: str, lower: str) -> Sense:
    return _one(first=upper, second=lower, side="above")


def _beside(one: tuple[str, str], other: tuple[str, str]) -> Sense:
    """Two things in their colours, on whichever side."""
    told = [
        {"first": first, "colour": colour, "second": second, "second colour": shade}
        for (colour, first), (shade, second) in ((one, other), (other, one))
    ]
    return Sense(tuple(told))


WORN = ("wear", "second wear")
RED_CAR = _beside(("red", "car"), ("blue", "house"))
TRIALS = (
    Trial(
        "without",
        "without",
        ("a fox without sunglasses", "a fox wearing sunglasses"),
        (
            Sense(lacks={"first": "nothing"} | dict.fromkeys(WORN, "sunglasses")),
            Sense(tuple({head: "sunglasses"} for head in WORN)),
        ),
        "colour",
        "Judged by the sunglasses alone: who only reads “fox” and “sunglasses” draws the same for both.",
    ),
    Trial(
        "above",
        "above, and the reverse",
        ("a cat above a dog", "a dog above a cat"),
        (_above("cat", "dog"), _above("dog", "cat")),
        "position",
        "Both have the same words: who does not heed their order cannot tell them apart.",
    ),
    Trial(
        "colours",
        "two colours swapped",
        ("a red car next to a blue house", "a blue car next to a red house"),
        (RED_CAR, _beside(("blue", "car"), ("red", "house"))),
        "two colours",
        "Both have the same words: who does not heed their order cannot tell them apart.",
    ),
    Trial(
        "shuffled",
        "the words shuffled",
        ("a red car next to a blue house", "house to a next blue red a car"),
        (RED_CAR,),
        "two colours",
        "Both are judged by the sentence in order: who does not heed the order does as well without it.",
    ),
)


def trial_of(name: object, prompt: str) -> Trial:
    """The trial of this name, in which `prompt` is asked. Raises BadRequest where there is none."""
    for trial in TRIALS:
        if trial.name == name and prompt in trial.prompts:
            return trial
    raise BadRequest("This is no prompt of that trial, so there is no sense to judge it by.")
