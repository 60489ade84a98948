"""What an engine is to everybody outside: what it can show, what it may be asked, and how it says no.

No torch here, and nothing that could not cross to another process or machine: every type in a signature can be pickled
and turned into JSON, and a run is cancelled by its name, so no memory need be shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from demo.run.finish import Finish, Finished
from demo.run.numbers import Atlas, Numbers
from demo.run.trace import (
    GUIDANCE,
    OWN,
    SCHEDULERS,
    STATES_ONLY,
    BadRequest,
    Defaults,
    Frame,
    Request,
    Step,
    Trace,
    Watch,
)
from demo.run.values import listed

Pixels = NDArray[np.uint8]  # sRGB (H, W, 3)
Floats = NDArray[np.float32]

MOST_PIXELS = 1.5  # of a picture, in pixels of one of the model's own size
PANELS = ("word_maps", "guidance", "numbers", "upscaler", "drowned")  # what a model may be unable to show


class BadModel(ValueError):
    """The model cannot be used; the text is one sentence that says which and why."""


class BrokenRun(RuntimeError):
    """A run that cannot go on, such as one whose numbers are no longer finite; the text is one sentence."""


class Withheld(BrokenRun):
    """A run whose picture must not be shown; the text is one sentence."""


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


@dataclass(frozen=True, eq=False)
class Level:
    """A picture drowned in noise, `state = alpha * picture + sigma * noise`, and what the model, told no word, guesses.

    state and guess as they are decoded, uint8 (H, W, 3).
    """

    timestep: float
    alpha: float
    sigma: float
    state: Pixels
    guess: Pixels

    @property
    def snr(self) -> float:
        """Signal to noise, power to power, in decibels."""
        return float(20 * np.log10(self.alpha / self.sigma))


@dataclass(frozen=True)
class Abilities:
    """What a model offers, asked once when the page is made.

    schedulers: key -> label, those that work with it, its own first. steps, guidance: what a run has where nobody says
    one; guidance is None where the model has none, and then 1, which is off, is all that may be asked. negative_prompt:
    whether it takes one. size: (width, height) of its pictures where another may be asked, whose sides are multiples of
    `multiple`; None where not. reads: whether a prompt changes anything. decodes: whether its states are latents; else
    they are the pixels themselves. vocabulary: the words it was trained on, lower case, sorted; None if it ships no
    list. cannot: name of a panel -> one sentence that says why this model cannot fill it; a panel that is not named
    can be filled. checked: whether the finished picture has to pass a safety checker before anything may be shown.
    """

    schedulers: dict[str, str] = field(default_factory=lambda: dict(SCHEDULERS))
    steps: int = Defaults.steps
    guidance: float | None = GUIDANCE
    negative_prompt: bool = False
    size: tuple[int, int] | None = None
    multiple: int = 8
    reads: bool = True
    decodes: bool = True
    vocabulary: tuple[str, ...] | None = None
    cannot: dict[str, str] = field(default_factory=dict)
    checked: bool = False

    @property
    def own(self) -> Defaults:
        """The model's own manners."""
        return Defaults(self.steps, 1.0 if self.guidance is None else self.guidance, next(iter(self.schedulers), OWN))

    def can(self, panel: str) -> bool:
        """Whether the panel of this name (one of PANELS) can be filled."""
        return panel not in self.cannot

    def request(self, prompt: object, **given: object) -> Request:
        """`Request.checked` with what was not given as this model has it. Raises BadRequest, as `check` does too."""
        request = Request.checked(prompt, **given, own=self.own)
        self.check(request)
        return request

    def check(self, request: Request) -> None:
        """Raises BadRequest about the field of `request` that asks this model for what it cannot do."""
        if request.parent is not None:
            self.check(request.parent)
        for name, why in (
            ("scheduler", self._no_scheduler(request)),
            ("guidance", self._no_guidance(request)),
            ("negative_prompt", self._no_negative_prompt(request)),
            ("width", self._no_size(request)),
        ):
            if why is not None:
                raise BadRequest(why).about(name)

    def _no_scheduler(self, request: Request) -> str | None:
        if request.scheduler in self.schedulers or (request.scheduler == OWN and self.schedulers):
            return None
        return f"This model runs with the scheduler {listed(self.schedulers)}, not {request.scheduler}."

    def _no_guidance(self, request: Request) -> str | None:
        if self.guidance is not None or request.guidance == 1:
            return None
        return f"This model has no guidance, so it cannot be {request.guidance:g}: leave it out, or say 1 (off)."

    def _no_negative_prompt(self, request: Request) -> str | None:
        if self.negative_prompt or not request.negative_prompt:
            return None
        return "This model takes no negative prompt: say in the prompt what the picture should show."

    def _no_size(self, request: Request) -> str | None:
        asked = (request.width, request.height)
        if asked == (None, None):
            return None
        if self.size is None:
            return "This model draws in one size: leave width and height out."
        width, height = (side or own for side, own in zip(asked, self.size, strict=True))
        if width % self.multiple or height % self.multiple:
            return f"Width and height must be multiples of {self.multiple}, and {width} x {height} is not."
        if width * height > MOST_PIXELS * self.size[0] * self.size[1]:
            own = f"{self.size[0]} x {self.size[1]}"
            return f"{width} x {height} is too large: this model learned {own}, and may be asked for half as much more."
        return None

    def to_json(self) -> dict[str, Any]:
        """Plain values; the page reads all of them."""
        return {
            "schedulers": dict(self.schedulers),
            "steps": self.steps,
            "guidance": self.guidance,
            "negative_prompt": self.negative_prompt,
            "size": None if self.size is None else list(self.size),
            "multiple": self.multiple,
            "reads": self.reads,
            "decodes": self.decodes,
            "vocabulary": None if self.vocabulary is None else list(self.vocabulary),
            "cannot": dict(self.cannot),
        }


@runtime_checkable
class Engine(Protocol):
    """One model, wherever it runs. Runs take turns on it: where `places` of them are under way, the next one waits,
    cancellably, until one of these has ended."""

    model: str  # for display, as in the trace
    abilities: Abilities
    places: int

    def steps(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Step]:
        """The N + 1 states of a run as numbers, every one of them finite.

        `past`, for a branch: the states 0..at of the run it leaves, recorded with Watch.outputs; they come at once, and
        only what follows is computed. Without them that run is drawn anew as far as that, to the same bits.
        `run` is the name it can be cancelled by, None for none; two under way never have one name. Closing the iterator
        ends the run within one step, too. Raises BadRequest at once for what this model cannot do; the iterator raises
        BrokenRun in place of the state from which on there is nothing to show.
        """
        ...

    def frames(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures.

        Where `abilities.checked`, the iterator raises Withheld in place of a last frame that must not be shown.
        """
        ...

    def cancel(self, run: str) -> bool:
        """End the run of this name within one step, from any thread; its iterator ends silently, also while it waits.

        False where no such run is under way: it never was, has ended, or was cancelled already.
        """
        ...

    def cost(self, steps: int) -> int | None:
        """Whole seconds of GPU time that a run of so many steps asks for, of those that the visitor has; None where
        a run costs its visitor nothing."""
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

    def drown(self, image: Pixels, seed: int) -> tuple[Level, ...]:
        """A picture, uint8 (H, W, 3), cut to the model's own size and drowned in the noise of `seed`, level by level.

        The noisiest comes first. It takes its turn, as runs do. Raises BadRequest where `abilities.cannot` names
        "drowned".
        """
        ...

    def classify(self, image: Pixels, seed: int, prompts: Sequence[str]) -> Floats:
        """(levels, prompts), float32: how badly the model, told a prompt, tells what is in each state of `drown` from
        noise; the prompt of the lowest is what it takes the state for. It sees that state alone. Raises as `drown`.
        """
        ...

    def finish(self, image: Pixels, wanted: Finish, request: Request) -> Finished:
        """The final touches on a run's picture. Raises BadModel where the upscaler cannot be opened."""
        ...
