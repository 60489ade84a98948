"""What an engine is to everybody outside: what it can show, what it may be asked, and how it says no.

No torch here, and nothing that could not cross to another process or machine: every type in a signature can be pickled
and turned into JSON, and a run is cancelled by its name, so no memory need be shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from demo.run.finish import Finish, Finished
from demo.run.numbers import Atlas, Numbers
from demo.run.trace import GUIDANCE, SCHEDULERS, STATES_ONLY, Frame, Request, Step, Trace, Watch

Pixels = NDArray[np.uint8]  # sRGB (H, W, 3)
Floats = NDArray[np.float32]

PANELS = ("word_maps", "guidance", "numbers", "upscaler")  # what a model may be unable to show


class BadModel(ValueError):
    """The model cannot be used; the text is one sentence that says which and why."""


class BrokenRun(RuntimeError):
    """A run that cannot go on, such as one whose numbers are no longer finite; the text is one sentence."""


@dataclass(frozen=True, eq=False)
class Preview:
    """Latents to colours by one matrix: `matrix @ latents + bias`, levels 0..255, one colour per latent place.

    matrix (3, C) and bias (3,) are float32, for latents in the denoiser's units; error is its root mean square error in
    levels, against pictures of the real decoder (reduced to the same size) that it was not fitted to.
    """

    matrix: Floats
    bias: Floats
    error: float

    def colours(self, latents: Floats) -> Floats:
        """(C, h, w) -> float32 (h, w, 3), not clipped, so that mixing and showing may be done in either order."""
        colours: Floats = np.einsum("kc,chw->hwk", self.matrix, latents) + self.bias
        return colours

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and lists."""
        return {"matrix": self.matrix.tolist(), "bias": self.bias.tolist(), "error": round(self.error, 2)}


@dataclass(frozen=True)
class Abilities:
    """What a model offers, asked once when the page is made.

    schedulers: key -> label, those that work with it; guidance: what a run has where nobody says one. vocabulary: the
    words it was trained on, lower case, sorted; None if it ships no list. cannot: name of a panel -> one sentence that
    says why this model cannot fill it; a panel that is not named can be filled.
    """

    schedulers: dict[str, str] = field(default_factory=lambda: dict(SCHEDULERS))
    guidance: float = GUIDANCE
    negative_prompt: bool = False
    vocabulary: tuple[str, ...] | None = None
    cannot: dict[str, str] = field(default_factory=dict)

    def can(self, panel: str) -> bool:
        """Whether the panel of this name (one of PANELS) can be filled."""
        return panel not in self.cannot

    def to_json(self) -> dict[str, Any]:
        """Plain values; the page reads `schedulers`, `guidance`, `vocabulary` and `cannot`."""
        return {
            "schedulers": dict(self.schedulers),
            "guidance": self.guidance,
            "negative_prompt": self.negative_prompt,
            "vocabulary": None if self.vocabulary is None else list(self.vocabulary),
            "cannot": dict(self.cannot),
        }


@runtime_checkable
class Engine(Protocol):
    """One model, wherever it runs. Runs take turns on it: each waits, cancellably, until the one before has ended."""

    model: str  # for display, as in the trace
    abilities: Abilities

    def steps(self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY) -> Iterator[Step]:
        """The N + 1 states of a run as numbers, every one of them finite.

        `run` is the name it can be cancelled by, None for none; two under way never have one name. Closing the iterator
        ends the run within one step, too. Raises BadRequest at once for what this model cannot do; the iterator raises
        BrokenRun in place of the state from which on there is nothing to show.
        """
        ...

    def frames(self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures."""
        ...

    def cancel(self, run: str) -> bool:
        """End the run of this name within one step, from any thread; its iterator ends silently, also while it waits.

        False where no such run is under way: it never was, has ended, or was cancelled already.
        """
        ...

    def trace(self, request: Request, frames: list[Frame]) -> Trace:
        """The record of a run, whole or stopped."""
        ...

    def unknown_words(self, prompt: str) -> list[str]:
        """What of `prompt` the model was not trained on, as typed, each once; [] where it ships no vocabulary."""
        ...

    def numbers(self, prompt: str) -> Numbers:
        """The prompt as tokens and vectors. Raises BadRequest where `abilities.cannot` names "numbers"."""
        ...

    def atlas(self) -> Atlas:
        """The words of the model and where each stands. Raises as `numbers`."""
        ...

    def preview(self) -> Preview:
        """The linear decoder with which a browser shows mixes of its own."""
        ...

    def guesses(self, step: Step, request: Request) -> dict[str, Pixels | None]:
        """The guess of a step as pictures, uint8 (H, W, 3): "conditional" (with the prompt), "unconditional" (without
        it) and "guided", mixed at the request's guidance; None for what `step` lacks."""
        ...

    def exact(self, step: Step) -> dict[str, Pixels | None]:
        """A step by the model's own decoder, for runs that were watched by a preview: "state" and "guess" as pictures,
        uint8 (H, W, 3); None for what `step` lacks."""
        ...

    def finish(self, image: Pixels, wanted: Finish, request: Request) -> Finished:
        """The final touches on a run's picture. Raises BadModel where the upscaler cannot be opened."""
        ...
