"""What may stand in each message of a run, and in the file of a recorded one: schema 1, as types.

The one description; schema.py makes JSON Schema of it, for readers that know no Python. Knows types alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

from demo.run.numbers import Told
from demo.run.packed import Channels, Floats, WordMaps
from demo.run.trace import Decoded

SCHEMA: Literal[1] = 1


class Rule(NamedTuple):
    """What a value must be beyond its Python type, in the words of JSON Schema."""

    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None


Key = Annotated[str, Rule("^[A-Za-z0-9_-]{24}$")]
Picture = Annotated[str, Rule("^data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$")]
Hash = Annotated[str, Rule("^[0-9a-f]{64}$")]
Count = Annotated[int, Rule(minimum=0)]
Side = Annotated[int, Rule(minimum=1)]
Share = Annotated[float, Rule(minimum=0, maximum=1)]
Alike = Annotated[float, Rule(minimum=-1, maximum=1)]
Positive = Annotated[float, Rule(minimum=0)]


class Message(TypedDict):
    """What every message carries; `run` is None only where no key could be understood."""

    schema: Literal[1]
    run: Key | None
    number: Count


class Left(TypedDict):
    """The run that a branch leaves at its state `at`: its key, None where it is not kept, and what it asked for.

    fresh: the seed by which the noise of that state was drawn anew, None where it stayed. branch: what that run left
    itself, absent where it is no branch.
    """

    run: Key | None
    at: Count
    fresh: Count | None
    prompt: str
    negative_prompt: str
    guidance: Positive
    branch: NotRequired[Left]


class Begin(Message):
    """What is about to run, with the seed that was drawn and the prompt as it was normalised.

    unknown: words the model was not trained on, None where it ships no list. tokens: None where they cannot be shown.
    branch: where it comes from; absent where it is no branch.
    """

    kind: Literal["begin"]
    total: Side
    prompt: str
    negative_prompt: str
    seed: Count
    guidance: Positive
    scheduler: str
    model: str
    unknown: list[str] | None
    tokens: list[Told] | None
    branch: NotRequired[Left]


class Waiting(Message):
    """`ahead` runs of other visitors have to end first, which takes about so many seconds."""

    kind: Literal["waiting"]
    ahead: Count
    seconds: Positive | None


class Shown(Message):
    """One state with its pictures and insides; index counts from 0, the noise, to total, the result.

    alpha, sigma, noise_left are of this state; timestep is what the denoiser was told on the way here. changed: levels
    between this state and the one before. decoder: what made the pictures, "exact" where it is not said; the state of
    the result is exact always. company: runs that were computed in the call that led here, 1 where it is not said.
    """

    kind: Literal["frame"]
    index: Count
    total: Side
    timestep: float | None
    alpha: Positive
    sigma: Positive
    noise_left: Share
    seconds: Positive
    sha256: Hash
    height: Side
    width: Side
    gain: Positive
    decoder: NotRequired[Decoded]
    company: NotRequired[Side]
    state: Picture
    guess: Picture | None
    change: Picture | None
    changed: Positive | None
    sentence: str
    channels: Channels | None
    word_maps: WordMaps | None
    conditional: Floats | None
    unconditional: Floats | None


class Drawn(Message):
    """No state comes any more, and the denoiser is free: `count` states are there, all of them unless `stopped`."""

    kind: Literal["drawn"]
    count: Count
    stopped: bool


class Curves(TypedDict):
    """One value per state: see measure.curves. layout and detail are None for a run that was stopped."""

    noise_left: list[Share]
    change: list[Positive | None]
    layout: list[Alike] | None
    detail: list[Share] | None


class Done(Message):
    """The end of a run, and what could only be said then. gif: where it is, None where there is none (note says why).

    point: the index from which on the layout was decided, None where it cannot be known. A recorded run has no `drawn`,
    so count and stopped stand here as well.
    """

    kind: Literal["done"]
    count: Count
    stopped: bool
    gif: str | None
    gif_bytes: Count
    note: str | None
    curves: Curves
    point: Count | None
    sentences: list[str]


class Trouble(Message):
    """The run could not start, for what the form's `field` holds, or broke after `count` states."""

    kind: Literal["trouble"]
    sentence: str
    field: str | None
    count: Count


KINDS: dict[str, type] = {
    "begin": Begin,
    "waiting": Waiting,
    "frame": Shown,
    "drawn": Drawn,
    "done": Done,
    "trouble": Trouble,
}


class Answers(TypedDict):
    """What the page asks about a prompt and a model: as Numbers.to_json, Numbers.told_one of each token that is not
    padding, and Atlas.to_json; None where the model cannot show it."""

    numbers: dict[str, Any] | None
    tokens: list[dict[str, Any]] | None
    atlas: dict[str, Any] | None


class Recorded(TypedDict):
    """The file: `begin`, the frames in order and `done`, numbered 0, 1, 2, ... and whole."""

    schema: Literal[1]
    recorded: Literal[True]
    messages: list[Begin | Shown | Done]
    answers: Answers
