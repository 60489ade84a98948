"""What is asked of a model: one picture, or a branch, which goes on otherwise from some state of another run.

Values from outside become a Request in `Request.checked` and `Request.branch` (by the rules of values.py) and nowhere
else, so everything behind that door may trust them. Knows the standard library alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from demo.run.values import BadRequest, between, one_of, text_of, whole

T = TypeVar("T")

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
MOST_PARENTS = 16  # runs that a branch may have behind it


@dataclass(frozen=True)
class Defaults:
    """What a run has where nobody says it: the manners of one model."""

    steps: int = 30
    guidance: float = GUIDANCE
    scheduler: str = OWN


@dataclass(frozen=True)
class Request:
    """One picture to make: `guidance` is w in `u + w (c - u)` and 1 is off; pixels, None is the model's own size.

    A branch leaves the run that `parent` asks for at its state `at`, 0..steps-1, and goes on from those very numbers
    with words and guidance of its own; the rest is the parent's. fresh, a seed, draws the noise of that state anew: of
    `alpha * picture + sigma * noise` the picture that was guessed is kept, alpha and sigma stay, the noise is another.
    """

    prompt: str
    seed: int
    steps: int = Defaults.steps
    guidance: float = GUIDANCE
    scheduler: str = OWN
    negative_prompt: str = ""
    width: int | None = None
    height: int | None = None
    parent: Request | None = None
    at: int = 0
    fresh: int | None = None

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
        branch_at: object = None,
        then: object = None,
        then_guidance: object = None,
        then_negative_prompt: object = None,
        fresh: object = None,
        *,
        unasked: object = None,
        own: Defaults = Defaults(),  # it is frozen
    ) -> Request:
        """A Request from raw values (text, 7.0 for 7). What is None is the model's `own`; no seed: one is drawn.

        Prompts are normalised (values.normalised); an empty one is refused, but with `unasked` True it is what is
        meant: nobody asks for anything, and then there must be none. With `branch_at` it is a branch of what the
        others say, which goes on from there with what `then` and its like say. Raises BadRequest about its field,
        whatever the values are.
        """
        count = own.steps if steps is None else steps
        strength = own.guidance if guidance is None else guidance
        names = {OWN: "the model's own", **SCHEDULERS}
        rule = _about("scheduler", lambda: one_of("The scheduler", OWN if scheduler is None else scheduler, names))
        asked = cls(
            prompt=_about("prompt", lambda: _unasked(prompt) if unasked is True else _prompt(prompt)),
            seed=_about("seed", lambda: _seed(seed)),
            steps=_about("steps", lambda: whole("Steps", count, MIN_STEPS, MAX_STEPS)),
            guidance=_about("guidance", lambda: _guidance(strength)),
            scheduler=own.scheduler if rule == OWN else rule,
            negative_prompt=_about("negative_prompt", lambda: _negative(negative_prompt)),
            width=_about("width", lambda: _side("The width", width)),
            height=_about("height", lambda: _side("The height", height)),
        )
        change = (then, then_guidance, then_negative_prompt, fresh)
        if branch_at is not None:
            return asked.branch(branch_at, *change)
        if any(value is not None for value in change):
            raise BadRequest("Say at which step it goes on otherwise (branch_at).").about("branch_at")
        return asked

    def branch(
        self,
        at: object,
        prompt: object = None,
        guidance: object = None,
        negative_prompt: object = None,
        fresh: object = None,
    ) -> Request:
        """The run that leaves this one at state `at`, from raw values; what is None stays. Raises BadRequest."""
        if self.parents >= MOST_PARENTS:
            raise BadRequest(f"A branch may have {MOST_PARENTS} runs behind it, and not more.").about("branch_at")
        last = self.steps - 1  # behind the result nothing follows
        state = _about("branch_at", lambda: whole("The step where a branch begins", at, 0, last))
        if fresh is not None and state == 0:
            raise BadRequest("At step 0 there is nothing but noise: another seed draws it anew.").about("fresh")
        change: dict[str, Any] = {}
        if prompt is not None:
            change["prompt"] = _about("then", lambda: _prompt(prompt))
        if guidance is not None:
            change["guidance"] = _about("then_guidance", lambda: _guidance(guidance))
        if negative_prompt is not None:
            change["negative_prompt"] = _about("then_negative_prompt", lambda: _negative(negative_prompt))
        if fresh is not None:
            fresh = _about("fresh", lambda: whole("The seed of the fresh noise", fresh, 0, MAX_SEED))
        return replace(self, parent=self, at=state, fresh=fresh, **change)

    @property
    def parents(self) -> int:
        """How many runs are behind this one."""
        return 0 if self.parent is None else self.parent.parents + 1

    @property
    def shared(self) -> int:
        """How many states are the parent's, the noise among them."""
        return 0 if self.parent is None else self.at + (self.fresh is None)

    def behind(self, index: int) -> Request:
        """What was asked of the run that made the guess on the way to state `index`: this one, or one behind it."""
        return self if self.parent is None or index > self.at else self.parent.behind(index)

    @property
    def renewals(self) -> dict[int, int]:
        """State -> seed of the noise that was drawn anew there, in this run and those behind it."""
        behind = {} if self.parent is None else self.parent.renewals
        kept = {at: seed for at, seed in behind.items() if at <= self.at}
        return kept if self.fresh is None else kept | {self.at: self.fresh}

    def to_json(self) -> dict[str, Any]:
        """Plain values, enough to ask for the same again."""
        told: dict[str, Any] = {
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "seed": self.seed,
            "steps": self.steps,
            "guidance": self.guidance,
            "scheduler": self.scheduler,
        }
        if self.width is not None or self.height is not None:
            told |= {"width": self.width, "height": self.height}
        if self.parent is not None:
            told["branch"] = {"at": self.at, "fresh": self.fresh, "parent": self.parent.to_json()}
        return told


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


def _unasked(value: object) -> str:
    if value is not None and text_of("The prompt", value):
        raise BadRequest("Nobody asks, and yet there is a prompt: one of the two.")
    return ""


def _guidance(value: object) -> float:
    return between("Guidance", value, MIN_GUIDANCE, MAX_GUIDANCE)


def _negative(value: object) -> str:
    return "" if value is None else text_of("The negative prompt", value)


def _side(name: str, value: object) -> int | None:
    return None if value is None else whole(name, value, MIN_SIDE, MAX_SIDE)


def _seed(value: object) -> int:
    if value is None or (isinstance(value, str) and not value.strip()):
        return secrets.randbelow(MAX_SEED + 1)
    return whole("The seed", value, 0, MAX_SEED)
