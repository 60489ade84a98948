"""The records of a run: what is recorded of it (Watch), what happened (Step, Frame), what repeats it (Trace).

Knows numpy and the standard library, nothing of models, pages or files. What was asked, a Request, is in request.py and
is had from here as well. Arrays are float32 or uint8, on the CPU, without a batch axis.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from demo.run.request import (
    GUIDANCE,
    MAX_GUIDANCE,
    MAX_SEED,
    MAX_SIDE,
    MAX_STEPS,
    MIN_GUIDANCE,
    MIN_SIDE,
    MIN_STEPS,
    OWN,
    SCHEDULERS,
    Defaults,
    Request,
)
from demo.run.values import MAX_PROMPT, BadRequest, between, normalised, text_of, whole, without_word

__all__ = [
    "GUIDANCE",
    "MAX_GUIDANCE",
    "MAX_PROMPT",
    "MAX_SEED",
    "MAX_SIDE",
    "MAX_STEPS",
    "MIN_GUIDANCE",
    "MIN_SIDE",
    "MIN_STEPS",
    "OWN",
    "SCHEDULERS",
    "BadRequest",
    "Defaults",
    "Frame",
    "Request",
    "Step",
    "Trace",
    "Watch",
    "between",
    "difference",
    "noise_left",
    "normalised",
    "text_of",
    "whole",
    "without_word",
]

Pixels = NDArray[np.uint8]  # sRGB (H, W, 3)
Decoded = Literal["exact", "tiny", "linear"]  # by the model's own decoder, or by a preview of one kind
Floating = NDArray[np.floating[Any]]

GAINS = (1, 2, 4, 8, 16)  # how much a difference of two pictures may be amplified to be seen
MIDDLE = 128  # the grey that means "no difference"


@dataclass(frozen=True)
class Watch:
    """What is recorded of a run besides its states; a model without such a part leaves those fields None.

    word_maps: which token each place looked at. guesses: the conditional guess (with the prompt) and the unconditional
    one (without it). outputs: what the scheduler was told, so that a branch may leave the run at any state.
    """

    word_maps: bool = False
    guesses: bool = False
    outputs: bool = False


STATES_ONLY = Watch()


@dataclass(frozen=True, eq=False)
class Step:
    """One state of a run: `latents = alpha * picture + sigma * noise`.

    index counts steps *done*: 0 is the pure noise, `total` the result, so a run of N steps has N + 1 states.
    timestep is what the network saw on the way here and denoised, (C, h, w), the picture it guessed then; both are None
    at 0. latents (C, h, w) is in the denoiser's space; seconds is wall time since the run began.

    What a Watch asks for is None at 0 too. word_maps, float16 (T, h, w), is the share of its attention that a place
    gave to each of the T tokens, padding included: one in sum (of its attention to words, where it looks at other
    places at once). conditional and unconditional (C, h, w) are the two pictures that
    `denoised = unconditional + guidance * (conditional - unconditional)` is mixed from. outputs, float32 (n, ...), is
    what the scheduler was given on the way here, the denoiser's output after guidance, as the pipeline
    lays it out: n is 1 but where a step takes two calls.

    company is how many runs, this one among them, were computed in the call that led here. In company the last digits
    of the numbers are others than alone: sums of larger batches are formed in another order.
    """

    index: int
    total: int
    timestep: float | None
    alpha: float
    sigma: float
    latents: Floating
    denoised: Floating | None
    seconds: float
    word_maps: Floating | None = None
    conditional: Floating | None = None
    unconditional: Floating | None = None
    outputs: Floating | None = None
    company: int = 1

    @property
    def noise_left(self) -> float:
        """Share of the strength that is still noise, [0, 1]."""
        return noise_left(self.alpha, self.sigma)


@dataclass(frozen=True, eq=False)
class Frame:
    """A Step as pictures, uint8 sRGB (H, W, 3).

    image is the decoded state, denoised the decoded guess (None at 0), change this state minus the one before
    (None at 0): 128 is "no change", and a difference of d levels is drawn as 128 + gain * d. step is the Step itself,
    for what shows numbers; the hash does not know it.

    decoder says what made these pictures: "exact" is the model's own, "tiny" and "linear" are previews. The image of
    the result is the exact one whatever made the rest; preview is then the same state as the other frames show theirs.
    """

    index: int
    total: int
    timestep: float | None
    alpha: float
    sigma: float
    seconds: float
    image: Pixels
    denoised: Pixels | None = None
    change: Pixels | None = None
    gain: float = 1.0
    step: Step | None = field(default=None, repr=False)
    decoder: Decoded = "exact"
    preview: Pixels | None = None

    @property
    def noise_left(self) -> float:
        """Share of the strength that is still noise, [0, 1]."""
        return noise_left(self.alpha, self.sigma)

    @property
    def comparable(self) -> Pixels:
        """The state by the decoder that showed the frames before it, so that a difference is the step's alone."""
        return self.image if self.preview is None else self.preview

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the exact RGB bytes of `image`, row by row."""
        return hashlib.sha256(np.ascontiguousarray(self.image).tobytes()).hexdigest()


@dataclass(frozen=True, eq=False)
class Trace:
    """Enough to repeat a run, and to prove that it was repeated; dtype is the denoiser's."""

    request: Request
    model: str
    dtype: str
    frames: tuple[Frame, ...]
    unknown_words: tuple[str, ...] | None = None  # None: the model ships no list of its words

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, strings and lists; `states` holds one entry per frame, the noise first."""
        told: dict[str, Any] = self.request.to_json() | {
            "model": self.model,
            "dtype": self.dtype,
            "decoder": self.frames[0].decoder if self.frames else "exact",
        }
        if self.unknown_words is not None:
            told["unknown_words"] = list(self.unknown_words)
        return told | {"states": [_state(frame) for frame in self.frames]}


def noise_left(alpha: float, sigma: float) -> float:
    """sigma / (alpha + sigma), [0, 1]: the share of the strength (amplitude) of a state that is noise.

    The one scale on which all schedulers compare, and near to what the eye sees: 0.5 is as much noise as picture. Where
    models mix along a straight line (flow matching, alpha = 1 - sigma) it is the time itself. In shares of the variance
    the same state has sigma^2 / (alpha^2 + sigma^2), which says 0.9 of what looks like three quarters noise.
    """
    return sigma / (alpha + sigma)


def difference(after: Pixels, before: Pixels) -> tuple[Pixels, float]:
    """What `after` has that `before` has not: uint8 (H, W, 3) with 128 + gain * (after - before), and the gain.

    The gain is the largest of GAINS that clips no more than one value in a hundred.
    """
    signed = after.astype(np.int16) - before
    typical = np.percentile(np.abs(signed), 99)
    gain = max((g for g in GAINS if g * typical < MIDDLE), default=GAINS[0])
    return np.clip(MIDDLE + gain * signed, 0, 255).astype(np.uint8), float(gain)


def _state(frame: Frame) -> dict[str, Any]:
    return {
        "index": frame.index,
        "timestep": frame.timestep,
        "alpha": frame.alpha,
        "sigma": frame.sigma,
        "noise_left": frame.noise_left,
        "seconds": round(frame.seconds, 4),
        "sha256": frame.sha256,
    } | ({"company": frame.step.company} if frame.step is not None and frame.step.company > 1 else {})
