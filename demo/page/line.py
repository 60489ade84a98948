"""The waiting line: runs are drawn one at a time, in the order in which they were asked for.

Knows threads and nothing else. Who is in it is opaque; whoever joins or leaves may hear at once where everybody stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Line(Generic[T]):
    """First come, first served. `most` may wait behind the first; `placed(one, ahead)` is called where a place is new.

    `placed` runs under the line's lock, so two places of one member are never told in the wrong order; it must be quick
    and must not come back to the line.
    """

    def __init__(self, most: int, placed: Callable[[T, int], None] = lambda one, ahead: None):
        self.most, self._placed = most, placed
        self._members: list[T] = []
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
        return len(self._members) > self.most

    def leave(self, one: T, waiting: bool = False) -> bool:
        """Give the place up, or only a `waiting` one, which is not the first; False where `one` had none (any more)."""
        with self._changed:
            at = self._members.index(one) if one in self._members else -1
            if at < (1 if waiting else 0):
                return False
            del self._members[at]
            self._tell(at)
            self._changed.notify_all()
            return True

    def first(self, seconds: float | None = None) -> T | None:
        """Whoever's turn it is; waits up to `seconds` (None: for ever) while nobody is there."""
        with self._changed:
            self._changed.wait_for(lambda: self._members, seconds)
            return self._members[0] if self._members else None

    def members(self) -> list[T]:
        """Everybody, the first one first."""
        with self._changed:
            return list(self._members)

    def _tell(self, since: int) -> None:
        for ahead, one in enumerate(self._members):
            if ahead >= max(since, 1):
                self._placed(one, ahead)
