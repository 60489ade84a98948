"""What a page may ask of a model of which it is known what it ever saw, and how it hears that something is not known.

No torch here. Pictures cross as arrays, answers as plain JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from demo.engine.api import Pixels

LAB, JUDGE, NEAREST = "lab", "judge", "nearest"  # names in `cannot`; the first: there is no lab at all
SAW = "lab.json"  # in the folder of a model that has a lab
NO_LAB = "This needs a model that brings along a record of all that it ever saw; the one at work here brings none."


NEAR = 0.5  # of the distance to what training never had: nearer than that looks copied


@dataclass(frozen=True)
class Neighbour:
    """A scene near to a picture, made again from its `seed` and `number`; `image` uint8 (H, W, 3).

    `pixels` is the root mean square difference in levels of 255, `latents` that of the encoder's numbers.
    """

    seed: int
    number: int
    caption: str
    image: Pixels
    pixels: float
    latents: float


@dataclass(frozen=True)
class Nearest:
    """The nearest few of `count` scenes that training drew from, and of as many that it never had, the nearest first.

    `drawn` of each were drawn again and compared; `latents` is the nearest of those by latents, of either kind. `copy`
    is how far a scene lies from its own trip through the autoencoder, as a copy would. `recall`, `chance` and `planted`
    are what was measured when the signatures were made (see `demo.lab.nearest`); `seconds` is what this took.
    """

    seen: tuple[Neighbour, ...]
    unseen: tuple[Neighbour, ...]
    latents: dict[str, float]
    count: int
    drawn: int
    copy: dict[str, float]
    recall: dict[str, int]
    chance: dict[str, float]
    planted: dict[str, int]
    seconds: float

    @property
    def copied(self) -> bool:
        """Whether the nearest scene of training is so much nearer than any that it never had."""
        return self.seen[0].pixels < NEAR * self.unseen[0].pixels


@runtime_checkable
class Lab(Protocol):
    """All that is known of one model. `cannot`: what this lab cannot answer -> one sentence that says why."""

    cannot: dict[str, str]

    def told(self) -> dict[str, Any]:
        """What a page is told before anything is asked; plain JSON, read without anything heavy."""
        ...

    def judge(self, pixels: Pixels, prompt: str, trial: object) -> dict[str, Any]:
        """What a picture shows that was drawn for a prompt of one of `told()["trials"]`, by its name: {"saw", "fits"}.

        pixels are uint8 (H, W, 3). saw is one line of words; fits says of each sense of that trial, in its order,
        whether the picture has it. Raises BadRequest for any other prompt and where `cannot` names "judge".
        """
        ...

    def nearest(self, pixels: Pixels) -> Nearest:
        """For a picture of the model’s, uint8 (H, W, 3). Takes seconds. Raises BadRequest."""
        ...

    def kept(self, number: int) -> str:
        """A combination that was kept from training, in words; another for every number."""
        ...
