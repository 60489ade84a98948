"""A producer that calls back, read as an iterator: the one place where threads meet generators.

The producer runs in a thread of its own and hands items to an Outlet; the reader is a Stream. Closing or cancelling it
wakes both sides and returns, so an event loop may do it; nobody ever joins the thread. `aside` is for work
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
    """The producer's end: call it with an item; it waits for room and raises Stopped once nobody wants more."""

    def __init__(self, room: int):
        self._room = room
        self._items: deque = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None
        self.stopped = False  # whether the reader has left or somebody cancelled

    def __call__(self, item) -> None:
        """Hands over one item."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._room or self.stopped)
            self.check()
            self._items.append(item)
            self._changed.notify_all()

    def check(self) -> None:
        """Raises Stopped if nobody wants more; cheap enough to ask anywhere."""
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

    def take(self):
        """The next item. Raises StopIteration after the last one and once stopped, or the producer's own error."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended or self.stopped)
            if self._items and not self.stopped:
                self._changed.notify_all()
                return self._items.popleft()
            if self._error is not None and not self.stopped:
                raise self._error
            raise StopIteration

    def stop(self) -> None:
        """Nobody wants more: wakes whoever waits, on either side. Returns at once."""
        with self._changed:
            self.stopped = True
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


class Stream:
    """The items that `produce(outlet)` hands over, as an iterator; at most `room` of them wait to be read.

    The thread starts at the first `next`. `cancel`, from any thread, or `close` makes the producer's next call to the
    outlet raise Stopped and ends the iteration at once, without an exception. An exception of the producer is raised
    here as itself. `over` is called once, when the iteration has ended, however it did.
    """

    def __init__(self, produce: Callable[[Outlet], None], room: int = 2, over: Callable[[], object] = lambda: None):
        self._produce, self._over = produce, over
        self._outlet = Outlet(room)
        self._begun = self._ended = False

    def __iter__(self) -> Iterator:
        return self

    def __next__(self):
        if self._ended or self._outlet.stopped:
            self.close()
            raise StopIteration
        if not self._begun:
            self._begun = True
            threading.Thread(target=self._outlet.run, args=(self._produce,), name="stream", daemon=True).start()
        try:
            return self._outlet.take()
        except BaseException:
            self.close()
            raise

    def cancel(self) -> None:
        """End the iteration and the producer, from any thread. Returns at once."""
        self._outlet.stop()

    def close(self) -> None:
        """The reader leaves. Returns at once; nobody ever joins the thread."""
        self._outlet.stop()
        if not self._ended:
            self._ended = True
            self._over()

    __del__ = close
