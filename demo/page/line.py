"""The waiting line: runs are drawn a few at a time, begun in the order in which they were asked for.

Knows threads and nothing else. Who is in it is opaque; whoever joins or leaves may hear at once where everybody stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """First come, first served: `places` have their turn at once, and `most` may wait behind them.

    `placed(one, before)` is called where a place in the line is new, `before` being those who come first. It runs under
    the line's lock, so two places of one member are never told in the wrong order; it must be quick and must not come
    back to the line.
    """

    def __init__(self, most: int, placed: Callable[[T, list[T]], None] = lambda one, before: None, places: int = 1):
        self.most, self.places, self._placed = most, places, placed
        self._members: list[T] = []
        self._begun: list[T] = []  # those of the members whose turn it is
        self._changed = threading.Condition()

    def join(self, one: T) -> None:
        """Stand at the end."""
        with self._changed:
            self._members.append(one)
            self._tell(len(self._members) - 1)
            self._changed.notify_all()

    @property
    def full(self) -> bool:
        """Whether nobody more should join."""
        return len(self._members) >= self.places + self.most

    def leave(self, one: T, waiting: bool = False) -> bool:
        """Give the place up, or only a `waiting` one, whose turn has not begun; False where `one` had none."""
        with self._changed:
            if one not in self._members or (waiting and one in self._begun):
                return False
            at = self._members.index(one)
            del self._members[at]
            if one in self._begun:
                self._begun.remove(one)
            self._tell(at)
            self._changed.notify_all()
            return True

    def turn(self, seconds: float | None = None) -> T | None:
        """Whoever's turn begins now; waits up to `seconds` (None: for ever) while it is nobody's."""
        with self._changed:
            self._changed.wait_for(lambda: self._next() is not None, seconds)
            one = self._next()
            if one is not None:
                self._begun.append(one)
            return one

    def wait(self) -> None:
        """Until somebody is there."""
        with self._changed:
            self._changed.wait_for(lambda: self._members)

    def members(self) -> list[T]:
        """Everybody, in the order in which they came."""
        with self._changed:
            return list(self._members)

    def _next(self) -> T | None:
        waiting = (one for one in self._members if one not in self._begun)
        return next(waiting, None) if len(self._begun) < self.places else None

    def _tell(self, since: int) -> None:
        for ahead, one in enumerate(self._members):
            if ahead >= max(since, self.places):
                self._placed(one, self._members[:ahead])
