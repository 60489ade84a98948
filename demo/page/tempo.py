"""How long a visitor will wait, from how long the states of the last runs took. Reads no clock itself."""

from __future__ import annotations

import statistics
import threading
from collections import deque
from collections.abc import Sequence

from demo.page.visit import Visit

RUNS = 8  # the last ones, which count


class Tempo:
    """Seconds of the machine that a state takes, as the last runs had it: runs at once share them evenly."""

    def __init__(self, places: int = 1) -> None:
        self._places = places
        self._seconds: deque[float] = deque(maxlen=RUNS)
        self._runs, self._now, self._share = 0, 0.0, 0.0  # under way; the clock; seconds that each had of the machine
        self._lock = threading.Lock()

    def begin(self, now: float) -> float:
        """A run begins; what `end` has to be told."""
        with self._lock:
            self._pass(now)
            self._runs += 1
            return self._share

    def end(self, now: float, begun: float, states: int) -> None:
        """It has ended and drew so many states; none is no measure."""
        with self._lock:
            self._pass(now)
            self._runs -= 1
            if states > 0:
                self._seconds.append((self._share - begun) / states)

    def expected(self, before: Sequence[Visit]) -> float | None:
        """Seconds until it is the turn of whoever comes after those; None while nothing has been measured."""
        with self._lock:
            one = statistics.median(self._seconds) if self._seconds else None
        left = [max(0, visit.run.request.steps + 1 - len(visit.frames)) for visit in before]
        return None if one is None else one * _until_free(left[: self._places], left[self._places :], self._places)

    def _pass(self, now: float) -> None:
        if self._runs:
            self._share += (now - self._now) / self._runs
        self._now = now


def _until_free(drawn: list[int], waiting: list[int], places: int) -> int:
    """States until a place is free and nobody waits for it, where all that are `drawn` go on by one at a time."""
    states, waiting = 0, [*waiting]
    while len(drawn) >= places:
        least = min(drawn)
        states += least * len(drawn)
        drawn = [left - least for left in drawn if left > least]
        while waiting and len(drawn) < places:
            drawn.append(waiting.pop(0))
    return states
