"""Who is listening: the event streams that browsers and programs have open right now, by Gradio's name of the session.

Gradio runs what was asked for whether or not anybody reads the answers, so the page counts the readers itself, at the
door (guard.py). Knows names and numbers, nothing of HTTP.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Readers:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self.counting = False  # set by the guard; without one nobody can be counted, and everybody is taken for present
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """A stream of this session is open for as long as this lasts."""
        with self._lock:
            self._open[session] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[session] -= 1
                if not self._open[session]:
                    del self._open[session]

    def of(self, session: str | None) -> Callable[[], bool]:
        """A question to be asked again and again: does anybody read the stream of this session?"""
        return lambda: not self.counting or session in self._open
