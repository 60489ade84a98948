"""The records of a run: what was asked (Request, Watch), what happened (Step, Frame), what repeats it (Trace).

Knows numpy and the standard library, nothing of models, pages or files. Values from outside become a Request in
`Request.checked` (by the rules of values.py) and nowhere else, so everything behind that door may trust them. Arrays
are float32 or uint8, on the CPU, without a batch axis.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from demo.run.values import MAX_PROMPT, BadRequest, between, normalised, one_of, text_of, whole, without_word

__all__ = [
    "MAX_PROMPT",
    "BadRequest",
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

T = TypeVar("T")
Pixels = NDArray[np.uint8]  # sRGB (H, W, 3)
Decoded = Literal["exact", "tiny", "linear"]  # by the model's own decoder, or by a preview of one kind
Floating = NDArray[np.floating[Any]]

SCHEDULERS = {
    "ddim": "DDIM",
    "euler": "Euler",
    "euler-ancestral": "Euler ancestral",
    "dpm++2m": "DPM++ 2M",
    "unipc": "UniPC",
}
OWN = "own"  # in the place of a scheduler's name: the model's own, whatever it is
MIN_STEPS, MAX_STEPS = 1, 100
MIN_GUIDANCE, MAX_GUIDANCE = 1.0, 20.0
GUIDANCE = 5.0  # where neither the visitor nor the model says one
MIN_SIDE, MAX_SIDE = 64, 4096  # pixels
MAX_SEED = 2**32 - 1
GAINS = (1, 2, 4, 8, 16)  # how much a difference of two pictures may be amplified to be seen
MIDDLE = 128  # the grey that means "no difference"


@dataclass(frozen=True)
class Defaults:
    """What a run has where nobody says it: the manners of one model."""

    steps: int = 30
    guidance: float = GUIDANCE
    scheduler: str = OWN


@dataclass(frozen=True)
class Request:
    """One picture to make: `guidance` is w in `u + w (c - u)` and 1 is off; pixels, None is the model's own size."""

    prompt: str
    seed: int
    steps: int = Defaults.steps
    guidance: float = GUIDANCE
    scheduler: str = OWN
    negative_prompt: str = ""
    width: int | None = None
    height: int | None = None

    @classmethod
    def checked(
        cls,
        prompt: object,
        seed: object = None,
        steps: object = None,
        guidance: object = None,
        scheduler: object = None,
        negative_prompt: object = None,
        width: object = None,
        height: object = None,
        *,
        own: Defaults = Defaults(),  # it is frozen
    ) -> Request:
        """A Request from raw values (text, 7.0 for 7). What is None is the model's `own`; no seed: one is drawn.

        Prompts are normalised (values.normalised). Raises BadRequest about its field, whatever the values are.
        """
        count = own.steps if steps is None else steps
        strength = own.guidance if guidance is None else guidance
        names = {OWN: "the model's own", **SCHEDULERS}
        rule = _about("scheduler", lambda: one_of("The scheduler", OWN if scheduler is None else scheduler, names))
        return cls(
            prompt=_about("prompt", lambda: _prompt(prompt)),
            seed=_about("seed", lambda: _seed(seed)),
            steps=_about("steps", lambda: whole("Steps", count, MIN_STEPS, MAX_STEPS)),
            guidance=_about("guidance", lambda: between("Guidance", strength, MIN_GUIDANCE, MAX_GUIDANCE)),
            scheduler=own.scheduler if rule == OWN else rule,
            negative_prompt=_about(
                "negative_prompt",
                lambda: "" if negative_prompt is None else text_of("The negative prompt", negative_prompt),
            ),
            width=_about("width", lambda: _side("The width", width)),
            height=_about("height", lambda: _side("The height", height)),
        )


@dataclass(frozen=True)
class Watch:
    """What is recorded of a run besides its states; a model without such a part leaves those fields None.

    word_maps: which token each place looked at. guesses: the conditional guess (with the prompt) and the unconditional
    one (without it).
    """

    word_maps: bool = False
    guesses: bool = False


STATES_ONLY = Watch()


@dataclass(frozen=True, eq=False)
class Step:
    """One state of a run: `latents = alpha * picture + sigma * noise`.

    index counts steps *done*: 0 is the pure noise, `total` the result, so a run of N steps has N + 1 states.
    timestep is what the network saw on the way here and denoised, (C, h, w), the picture it guessed then; both are None
    at 0. latents (C, h, w) is in the denoiser's space; seconds is wall time since the run began.

    What a Watch asks for is None at 0 too. word_maps, float16 (T, h, w), is the share of its attention that a place
    gave to each of the T tokens, padding included: one in sum. conditional and unconditional (C, h, w) are the two
    pictures that `denoised = unconditional + guidance * (conditional - unconditional)` is mixed from.
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
        asked = self.request
        told: dict[str, Any] = {
            "prompt": asked.prompt,
            "negative_prompt": asked.negative_prompt,
            "seed": asked.seed,
            "steps": asked.steps,
            "guidance": asked.guidance,
            "scheduler": asked.scheduler,
            "model": self.model,
            "dtype": self.dtype,
            "decoder": self.frames[0].decoder if self.frames else "exact",
        }
        if asked.width is not None or asked.height is not None:
            told |= {"width": asked.width, "height": asked.height}
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
    }


def _about(field: str, check: Callable[[], T]) -> T:
    try:
        return check()
    except BadRequest as error:
        raise error.about(field) from None


def _prompt(value: object) -> str:
    text = text_of("The prompt", value)
    if not text:
        raise BadRequest("The prompt is empty: say in a few words what the picture should show.")
    return text


def _side(name: str, value: object) -> int | None:
    return None if value is None else whole(name, value, MIN_SIDE, MAX_SIDE)


def _seed(value: object) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return secrets.randbelow(MAX_SEED + 1)
    return whole("The seed", value, 0, MAX_SEED)
