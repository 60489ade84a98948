"""The records of a run: what was asked (Request, Watch), what happened (Step, Frame), what repeats it (Trace).

Knows numpy and the standard library, nothing of models, pages or files. Values from outside become a Request in
`Request.checked` and nowhere else, so everything behind that door may trust them. Arrays are float32 or uint8, on the
CPU, without a batch axis.
"""

from __future__ import annotations

import hashlib
import math
import numbers
import secrets
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

SCHEDULERS = {
    "ddim": "DDIM",
    "euler": "Euler",
    "euler-ancestral": "Euler ancestral",
    "dpm++2m": "DPM++ 2M",
    "unipc": "UniPC",
}
MAX_PROMPT = 500  # characters
MIN_STEPS, MAX_STEPS = 1, 100
MIN_GUIDANCE, MAX_GUIDANCE = 1.0, 20.0
GUIDANCE = 5.0  # where neither the visitor nor the model says one
MAX_SEED = 2**32 - 1
GAINS = (1, 2, 4, 8, 16)  # how much a difference of two pictures may be amplified to be seen
MIDDLE = 128  # the grey that means "no difference"
CLOSING = tuple(",;:.!?")  # no space comes before these


class BadRequest(ValueError):
    """What was asked cannot be run; the text is one clear sentence for the visitor, `field` the form's name for it."""

    field: str | None = None

    def about(self, field: str) -> BadRequest:
        """The same error, with the field that it is about."""
        self.field = field
        return self


@dataclass(frozen=True)
class Request:
    """One picture to make: `guidance` is w in `u + w (c - u)` and 1 is off; pixels, None is the model's own size."""

    prompt: str
    seed: int
    steps: int = 30
    guidance: float = GUIDANCE
    scheduler: str = "ddim"
    negative_prompt: str = ""
    width: int | None = None
    height: int | None = None

    @classmethod
    def checked(cls, prompt, seed=None, steps=30, guidance=None, scheduler="ddim", *, own=GUIDANCE) -> Request:
        """A Request from raw values (text, 7.0 for 7; no seed: one is drawn; no guidance: the model's `own`).

        Raises BadRequest about its field.
        """
        checks = {
            "prompt": lambda: _prompt(prompt),
            "seed": lambda: _seed(seed),
            "steps": lambda: whole("Steps", steps, MIN_STEPS, MAX_STEPS),
            "guidance": lambda: between("Guidance", own if guidance is None else guidance, MIN_GUIDANCE, MAX_GUIDANCE),
            "scheduler": lambda: _scheduler(scheduler),
        }
        values = {}
        for name, check in checks.items():
            try:
                values[name] = check()
            except BadRequest as error:
                raise error.about(name) from None
        return cls(**values)


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
    latents: np.ndarray
    denoised: np.ndarray | None
    seconds: float
    word_maps: np.ndarray | None = None
    conditional: np.ndarray | None = None
    unconditional: np.ndarray | None = None

    @property
    def noise_left(self) -> float:
        """Share of the variance that is still noise, [0, 1]."""
        return noise_left(self.alpha, self.sigma)


@dataclass(frozen=True, eq=False)
class Frame:
    """A Step as pictures, uint8 sRGB (H, W, 3).

    image is the decoded state, denoised the decoded guess (None at 0), change this state minus the one before
    (None at 0): 128 is "no change", and a difference of d levels is drawn as 128 + gain * d. step is the Step itself,
    for what shows numbers; the hash does not know it.
    """

    index: int
    total: int
    timestep: float | None
    alpha: float
    sigma: float
    seconds: float
    image: np.ndarray
    denoised: np.ndarray | None = None
    change: np.ndarray | None = None
    gain: float = 1.0
    step: Step | None = field(default=None, repr=False)

    @property
    def noise_left(self) -> float:
        """Share of the variance that is still noise, [0, 1]."""
        return noise_left(self.alpha, self.sigma)

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the exact RGB bytes of `image`, row by row."""
        return hashlib.sha256(np.ascontiguousarray(self.image).tobytes()).hexdigest()


@dataclass(frozen=True, eq=False)
class Trace:
    """Enough to repeat a run, and to prove that it was repeated."""

    request: Request
    model: str
    dtype: str
    frames: tuple[Frame, ...]
    unknown_words: tuple[str, ...] | None = None  # None: the model ships no list of its words

    def to_json(self) -> dict:
        """Plain numbers, strings and lists; `states` holds one entry per frame, the noise first."""
        asked = self.request
        told = {
            "prompt": asked.prompt,
            "negative_prompt": asked.negative_prompt,
            "seed": asked.seed,
            "steps": asked.steps,
            "guidance": asked.guidance,
            "scheduler": asked.scheduler,
            "model": self.model,
            "dtype": self.dtype,
        }
        if self.unknown_words is not None:
            told["unknown_words"] = list(self.unknown_words)
        return told | {"states": [_state(frame) for frame in self.frames]}


def noise_left(alpha: float, sigma: float) -> float:
    """sigma^2 / (alpha^2 + sigma^2), [0, 1]: the one scale on which all schedulers compare."""
    return sigma**2 / (alpha**2 + sigma**2)


def difference(after: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, float]:
    """What `after` has that `before` has not: uint8 (H, W, 3) with 128 + gain * (after - before), and the gain.

    The gain is the largest of GAINS that clips no more than one value in a hundred.
    """
    signed = after.astype(np.int16) - before
    typical = np.percentile(np.abs(signed), 99)
    gain = max((g for g in GAINS if g * typical < MIDDLE), default=GAINS[0])
    return np.clip(MIDDLE + gain * signed, 0, 255).astype(np.uint8), float(gain)


def without_word(prompt: str, start: int, end: int) -> str:
    """`prompt` without its characters start..end, closed up where they were; the rest stays as it was typed.

    Removing nothing returns the very prompt, so that the two runs are one. Raises ValueError for a span outside of it.
    """
    if not 0 <= start <= end <= len(prompt):
        raise ValueError(f"there are no characters {start} to {end} in a prompt of {len(prompt)}")
    if start == end:
        return prompt
    before, after = prompt[:start].rstrip(), prompt[end:].lstrip()
    space = " " if len(before) < start or len(after) < len(prompt) - end else ""  # none inside a word
    if after[:1] in CLOSING and (not before or before[-1] in CLOSING):
        after = after[1:].lstrip()  # "a fox, [red], at night" keeps one comma, "[red], a fox" none
    if not after:
        return before.rstrip(",;:").rstrip()
    return before + after if not before or after[0] in CLOSING else before + space + after


def whole(name: str, value, low: int, high: int) -> int:
    """`value`, or what it spells, as an int from low to high. Raises BadRequest, which calls it `name`."""
    number = _number(value)
    if number is None or not math.isfinite(number) or number != int(number) or not low <= number <= high:
        raise BadRequest(f"{name} must be a whole number from {low} to {high}, not {_shown(value)}.")
    return int(number)


def between(name: str, value, low: float, high: float) -> float:
    """`value`, or what it spells, as a float from low to high. Raises BadRequest, which calls it `name`."""
    number = _number(value)
    if number is None or not low <= number <= high:  # NaN is between nothing
        raise BadRequest(f"{name} must be a number from {low:g} to {high:g}, not {_shown(value)}.")
    return float(number)


def _state(frame: Frame) -> dict:
    return {
        "index": frame.index,
        "timestep": frame.timestep,
        "alpha": frame.alpha,
        "sigma": frame.sigma,
        "noise_left": frame.noise_left,
        "seconds": round(frame.seconds, 4),
        "sha256": frame.sha256,
    }


def _prompt(value) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"The prompt must be text, not {_shown(value)}.")
    text = value.strip()
    if not text:
        raise BadRequest("The prompt is empty: say in a few words what the picture should show.")
    if len(text) > MAX_PROMPT:
        raise BadRequest(f"The prompt has {len(text)} characters; at most {MAX_PROMPT} are allowed.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadRequest("The prompt holds half a character (a lone surrogate), which is no text.")
    return text


def _seed(value) -> int:
    if value is None or value == "":
        return secrets.randbelow(MAX_SEED + 1)
    return whole("The seed", value, 0, MAX_SEED)


def _number(value) -> float | int | None:
    """The number that `value` is or spells, None where there is none."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                continue
    return None


def _scheduler(value) -> str:
    if isinstance(value, str):
        for key, label in SCHEDULERS.items():
            if value.strip().casefold() in (key, label.casefold()):
                return key
    raise BadRequest(f"The scheduler must be one of {', '.join(SCHEDULERS)}, not {_shown(value)}.")


def _shown(value) -> str:
    """`value` as a sentence can carry it: quoted, short, on one line."""
    text = repr(value) if isinstance(value, str | bytes | numbers.Number | None) else f"a {type(value).__name__}"
    return text if len(text) <= 40 else text[:37] + "..."
