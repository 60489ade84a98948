"""A producer that calls back, read as an iterator: the one place where threads meet generators.

The producer runs in a thread of its own and hands items to an Outlet; the reader is a plain generator. Closing the
generator only sets a flag and returns, so an event loop may do it; nobody ever joins the thread. `aside` is for work
with a single result. Knows nothing of models.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future


class Stopped(BaseException):
    """Ends a producer that nobody listens to. Not an Exception, so that no `except Exception` on the way keeps it."""


class Outlet:
    """The producer's end: call it with an item; it waits for room and raises Stopped once the reader has gone."""

    def __init__(self, stop: threading.Event | None, room: int):
        self._stop, self._room = stop, room
        self._items: deque = deque()
        self._changed = threading.Condition()
        self._closed = self._ended = False
        self._error: BaseException | None = None

    def __call__(self, item) -> None:
        """Hands over one item."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._room or self.stopped)
            self.check()
            self._items.append(item)
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether the reader has left or was told to stop."""
        return self._closed or (self._stop is not None and self._stop.is_set())

    def check(self) -> None:
        """Raises Stopped if nobody listens any more; cheap enough to ask anywhere."""
        if self.stopped:
            raise Stopped

    def run(self, produce: Callable[[Outlet], None]) -> None:
        """The body of the thread: whatever ends `produce` is kept for the reader."""
        try:
            produce(self)
        except Stopped:
            pass  # asked for
        except BaseException as error:  # the reader's thread raises it again
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def read(self) -> Iterator:
        """The items in order; then the producer's error, if it had one. Ends early and silently when stopped."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._ended)
                if self.stopped:
                    return
                if not self._items:
                    break
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """The reader leaves. Returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def aside(work: Callable, *given):
    """`work(*given)` in a thread of its own; returns what it returns, raises what it raises.

    For whatever computes in parallel: OpenMP keeps idle helpers for each thread that ever did, until that thread ends.
    With more of them than cores, libgomp lets none of them wait awake, and a run on two cores took half as long again.
    """
    outcome: Future = Future()

    def run() -> None:
        try:
            outcome.set_result(work(*given))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return outcome.result()


def stream(produce: Callable[[Outlet], None], stop: threading.Event | None = None, room: int = 2) -> Iterator:
    """The items that `produce(outlet)` hands over, as a generator; at most `room` of them wait to be read.

    The thread starts at the first `next`. Setting `stop` or closing the generator makes the producer's next call to the
    outlet raise Stopped. An exception of the producer is raised here as itself.
    """
    outlet = Outlet(stop, room)
    try:
        threading.Thread(target=outlet.run, args=(produce,), name="stream", daemon=True).start()
        yield from outlet.read()
    finally:
        outlet.close()
