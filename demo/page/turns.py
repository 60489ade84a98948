"""The waiting line: runs take turns on the engine in the order in which they were asked for.

Knows threads and nothing else. The engine has a lock of its own; the line is there so that the wait is fair, can be
shown while it lasts, and can be left.
"""

from __future__ import annotations

import threading
import time


class Turns:
    """A first-come, first-served line of opaque tickets."""

    def __init__(self):
        self._line: list[object] = []
        self._changed = threading.Condition()

    def join(self) -> object:
        """A ticket at the end of the line."""
        ticket = object()
        with self._changed:
            self._line.append(ticket)
        return ticket

    def leave(self, ticket: object) -> None:
        """Give the place up, whether it was served or not. Never blocks for long; leaving twice is fine."""
        with self._changed:
            if ticket in self._line:
                self._line.remove(ticket)
                self._changed.notify_all()

    def ahead(self, ticket: object) -> int:
        """How many come before this ticket: 0 is its turn."""
        with self._changed:
            return self._line.index(ticket)

    def wait(self, ticket: object, stop: threading.Event, seconds: float) -> int:
        """Wait until `ahead` changes, `stop` is set (seen within 0.1 s) or the time is up; returns `ahead`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            before = now = self._line.index(ticket)
            while now == before and now > 0 and not stop.is_set() and time.monotonic() < deadline:
                self._changed.wait(0.1)
                now = self._line.index(ticket)
            return now
