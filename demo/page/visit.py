"""One run while it is under way: what is told of it, who listens, and since when nobody does.

One thread at a time tells (who starts it, who draws it, who packs it, in this order); any number of readers follow.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

from demo.engine.api import Withheld
from demo.page.limits import NOBODY, Who
from demo.run import messages
from demo.run.store import Run, Runs
from demo.run.trace import Frame

ABSENT = 2.0  # seconds that the end of a run waits for somebody to hear it
ARRIVING = 0.02  # seconds between two looks whether somebody reads by now; a browser asks first, and then it reads


def always() -> bool:
    """Whoever iterates is there."""
    return True


class Visit:
    """A run of the store that has not ended. `told`: whether its messages are kept, or its frames alone."""

    def __init__(self, run: Run, runs: Runs, told: bool = True, who: Who = NOBODY):
        self.run, self.told, self.who = run, told, who
        self.frames: list[Frame] = []
        self.heard: int | None = None  # tokens whose word maps are sent, None: all
        self.parent: str | None = None  # the key of the run that a branch leaves
        self.error: Exception | None = None  # what the run broke with
        self.context = contextvars.copy_context()  # in which an engine elsewhere finds whose run it is
        self.seen = time.monotonic()  # when somebody last read or asked
        self._runs = runs
        self._ears: set[_Ear] = set()

    def tell(self, make: Callable[..., str], *what, last: bool = False, **more) -> None:
        """Keep one more message, `make(key, number, ...)`, or the `last` one, and wake whoever follows."""
        if self.told:
            self._runs.add(self.run, make(self.run.key, len(self.run.messages), *what, **more), last=last)
            self.wake()

    def draw(self, frame: Frame) -> None:
        """One more state is there."""
        before = self.frames[-1] if self.frames else None
        self.frames.append(frame)
        if self.told:
            text = messages.frame(self.run.key, len(self.run.messages), frame, before, self.heard)
            self._runs.add(self.run, text, frame)
            self.wake()

    def broke(self, error: Exception) -> None:
        """It cannot go on. Of one whose picture must not be shown no frame is kept."""
        self.error = error
        if isinstance(error, Withheld):
            self.frames.clear()
            self._runs.withhold(self.run)

    def wake(self) -> None:
        """There is something new, or it has ended; from any thread."""
        for ear in list(self._ears):
            ear.ring()

    async def follow(self, present: Callable[[], bool], look: float) -> AsyncIterator[str]:
        """Every message from the first to the last; meanwhile, at least every `look` s, who is `present` is noted.

        Nothing is told while nobody is: whoever takes this would keep it for somebody who may never come.
        """
        number, until = 0, math.inf
        with self._listening() as ear:
            while True:
                ended = self.run.ended  # before the messages are read, so that none is left behind
                here = present()
                if here:
                    self.seen = time.monotonic()
                    for text in self.run.messages[number:]:
                        number += 1
                        yield text
                if ended:
                    until = min(until, time.monotonic() + ABSENT)
                    if here or time.monotonic() >= until:
                        return
                await ear.wait(look if here else ARRIVING)

    async def over(self, present: Callable[[], bool], look: float) -> None:
        """Until it has ended, as `follow`."""
        with self._listening() as ear:
            while not self.run.ended:
                if present():
                    self.seen = time.monotonic()
                await ear.wait(look)

    @contextlib.contextmanager
    def _listening(self):
        ear = _Ear()
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)


def until_checked(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The noise at once, which shows nothing, and all others when the last one is there: it comes only if it passed.

    Of a run that is stopped before that, nothing else comes.
    """
    held: list[Frame] = []
    for frame in frames:
        held.append(frame)
        if frame.index in (0, frame.total):
            yield from held
            held.clear()


class _Ear:
    """Wakes one coroutine from any thread."""

    def __init__(self) -> None:
        self._loop, self._rung = asyncio.get_running_loop(), asyncio.Event()

    def ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # its loop has closed: nobody listens
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()
