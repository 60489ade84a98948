"""Where the runs of one model sit: one thread computes for all of them, and passes that wait at the same moment meet.

A denoiser needs less than twice the time for twice the states, whatever their steps, prompts and seeds. So the passes
of runs under way are put into one batch, and each gets its own rows back; a small decoder's pictures likewise. A run
alone is computed as if there were no table, to the bit. Whatever else is asked goes alone, and first, for whoever asks
it has the next pass to ask for. One thread, because OpenMP keeps helpers for every thread that computes (see
`stream.aside`).
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from diffusers import UNet2DConditionModel

from demo.engine.stream import Hand

PATIENCE = 0.004  # seconds that a pass waits for the others' at most: a tenth of a quick one
MEET = UNet2DConditionModel  # its rows know nothing of each other, and its arguments come row by row
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Pass:
    """One call of a denoiser, and who listens to it; its `answer`: what the denoiser said, and how many runs met."""

    denoiser: Callable
    args: tuple
    kwargs: dict[str, Any]
    listener: Any = None
    answer: Future = field(default_factory=Future)

    @property
    def rows(self) -> int:
        """How many states it is about: two under guidance."""
        return len(self.args[0])

    def form(self) -> Any:
        """Equal in passes that can be one call, None where it can be none with any other."""
        if not isinstance(self.denoiser, MEET) or not self.args or not isinstance(self.args[0], torch.Tensor):
            return None
        try:
            return id(self.denoiser), len(self.args), _form((*self.args, self.kwargs), self.rows)
        except Unlike:
            return None

    def alone(self) -> Any:
        """What the denoiser says."""
        with self._heard(-1):
            return self.denoiser(*self.args, **self.kwargs)

    def with_others(self, passes: list[Pass], rows: list[slice]) -> list:
        """What it says to all `passes`, this one the first of them; `rows` are theirs in that one call."""
        counts = [one.rows for one in passes]
        args, kwargs = (
            _joined(all_of, counts) for all_of in zip(*((one.args, one.kwargs) for one in passes), strict=True)
        )
        with contextlib.ExitStack() as hearing:
            for one, its in zip(passes, rows, strict=True):
                hearing.enter_context(one._heard(its.stop - 1))
            answer = self.denoiser(*args, **kwargs)
        return [_part(answer, its) for its in rows]

    def _heard(self, row: int) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext() if self.listener is None else self.listener.listening(row)


@dataclass(eq=False)
class Decoding:
    """Latents that `show(latents, whose)` makes pictures of, as decoders.py has it; its `answer` as that of a Pass."""

    show: Callable[[torch.Tensor, str], list]
    latents: torch.Tensor
    whose: str
    answer: Future = field(default_factory=Future)

    @property
    def rows(self) -> int:
        """How many pictures it makes."""
        return len(self.latents)

    def form(self) -> Any:
        """Equal in what can be one call."""
        return id(self.show), self.latents.shape[1:], self.latents.dtype

    def alone(self) -> list:
        """Its pictures."""
        return self.show(self.latents, self.whose)

    def with_others(self, several: list[Decoding], rows: list[slice]) -> list[list]:
        """The pictures of each of `several`."""
        pictures = self.show(torch.cat([one.latents for one in several]), self.whose)
        return [pictures[its] for its in rows]


class Unlike(Exception):
    """A value of which nobody knows how to put two together."""


class Table(Hand):
    """Computes in one thread, which is kept a while; `places` runs at most may sit here."""

    def __init__(self, places: int = 1):
        super().__init__()
        self.places = places
        self._seated = 0
        self._asked: deque[Pass | Decoding] = deque()

    @contextlib.contextmanager
    def seat(self) -> Iterator[None]:
        """While a run is under way: the others' passes wait a moment for its own."""
        with self._changed:
            self._seated += 1
        try:
            yield
        finally:
            with self._changed:
                self._seated -= 1
                self._changed.notify_all()

    def alone(self, work: Callable, *given, **named):
        """What `work` returns or raises, done here between two passes, with no gradients."""
        answer: Future = Future()
        self(partial(_settle, answer, partial(work, *given, **named)))
        return answer.result()

    def ask(self, denoiser: Callable, args: tuple, kwargs: dict[str, Any], listener=None) -> tuple[Any, int]:
        """What the denoiser answers, and of how many runs the passes met in that call.

        `listener` hears the last row of this pass, and nobody else's: see attention.py.
        """
        asked = Pass(denoiser, args, kwargs, listener)
        self._add(self._asked, asked)
        return asked.answer.result()

    def show(self, show: Callable, latents: torch.Tensor, whose: str) -> list:
        """The pictures that `show(latents, whose)` makes, in one call with others who wait for theirs."""
        asked = Decoding(show, latents, whose)
        self._add(self._asked, asked)
        return asked.answer.result()[0]

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._asked, self._idle)
            if not self._jobs and self._asked:
                self._changed.wait_for(lambda: self._jobs or len(self._asked) >= self._seated, PATIENCE)
            if self._jobs:
                return self._jobs.popleft()
            if self._asked:
                return partial(_meet, self._taken())
            self._there -= 1
            return None

    def _taken(self) -> list[Pass | Decoding]:
        """What waits longest, pictures before passes, and what can be one call with it."""
        first = next((one for one in self._asked if isinstance(one, Decoding)), self._asked[0])
        form = first.form()
        others = [one for one in self._asked if one is not first and form is not None and one.form() == form]
        taken = [first, *others[: self.places - 1]]
        for one in taken:
            self._asked.remove(one)
        return taken


@contextlib.contextmanager
def reading_at(table: Table, pipe) -> Iterator[None]:
    """In here `pipe`, a run's own copy, has its prompt read at the table, where it can be asked to read."""
    read = getattr(pipe, "encode_prompt", None)
    if read is None:
        yield
        return
    pipe.encode_prompt = partial(table.alone, read)
    try:
        yield
    finally:
        del pipe.encode_prompt  # which held the pipeline that holds it


def _meet(asked: list[Pass] | list[Decoding]) -> None:
    """Answer them in one call; where that breaks, one by one, for only one of them may be broken."""
    try:
        with torch.inference_mode():
            answers = _together(asked) if len(asked) > 1 else [asked[0].alone()]
    except Exception as error:
        if len(asked) > 1:
            log.warning("a call for %d runs broke, so they are tried one by one", len(asked), exc_info=error)
            for one in asked:
                _meet([one])
            return
        asked[0].answer.set_exception(error)
    except BaseException as error:
        for one in asked:
            one.answer.set_exception(error)
    else:
        for one, answer in zip(asked, answers, strict=True):
            one.answer.set_result((answer, len(asked)))


def _together(asked: list) -> list:
    ends = [*itertools.accumulate(one.rows for one in asked)]
    rows = [slice(end - one.rows, end) for one, end in zip(asked, ends, strict=True)]
    return asked[0].with_others(asked, rows)


def _form(value: Any, rows: int) -> Any:
    """What has to be equal of two values that are put together. Raises Unlike."""
    if isinstance(value, torch.Tensor):
        if value.ndim and len(value) != rows:
            raise Unlike
        return value.shape[1:], value.device, value.dtype if value.ndim > 1 else None  # a time may be of either kind
    if isinstance(value, dict):
        return tuple((name, _form(value[name], rows)) for name in sorted(value))
    if isinstance(value, tuple):
        return tuple(_form(one, rows) for one in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise Unlike


def _joined(values: list, rows: list[int]) -> Any:
    """Values of one form, one of each pass, as one."""
    first = values[0]
    if isinstance(first, torch.Tensor):
        return torch.cat([one if one.ndim else one.expand(count) for one, count in zip(values, rows, strict=True)])
    if isinstance(first, dict):
        return {name: _joined([one[name] for one in values], rows) for name in first}
    if isinstance(first, tuple):
        return tuple(_joined(list(each), rows) for each in zip(*values, strict=True))
    return first


def _part(answer: Any, rows: slice) -> Any:
    """The rows of one pass, laid out as the denoiser does it."""
    if isinstance(answer, tuple):
        return tuple(one[rows] for one in answer)
    return type(answer)(**{name: one[rows] for name, one in answer.items()})


def _settle(answer: Future, work: Callable) -> None:
    try:
        with torch.inference_mode():
            answer.set_result(work())
    except BaseException as error:
        answer.set_exception(error)
