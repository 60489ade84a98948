"""A producer that calls back, read as an iterator: the one place where threads meet generators.

The producer runs in another thread and hands items to an Outlet; the reader is a Stream. Closing or cancelling it
wakes both sides and returns, so an event loop may do it; nobody ever joins the thread. A Desk lets producers take turns
and ends each by its name. `aside` is for work with a single result. Knows nothing of models.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from demo.run.trace import BadRequest

IDLE = 10.0  # seconds after which a thread that has nothing to do ends


class Stopped(BaseException):
    """Ends a producer that nobody listens to. Not an Exception, so that no `except Exception` on the way keeps it."""


class Outlet:
    """The producer's end: call it with an item; it waits for room and raises Stopped once nobody wants more.

    The last item needs no room, so that a producer who says which it is never waits when all its work is done.
    """

    def __init__(self, room: int):
        self._room = room
        self._items: deque = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None
        self.stopped = False  # whether the reader has left or somebody cancelled

    def __call__(self, item, last: bool = False) -> None:
        """Hands over one item."""
        with self._changed:
            self._changed.wait_for(lambda: last or len(self._items) < self._room or self.stopped)
            self.check()
            self._items.append(item)
            self._changed.notify_all()

    def check(self) -> None:
        """Raises Stopped if nobody wants more; cheap enough to ask anywhere."""
        if self.stopped:
            raise Stopped

    def run(self, produce: Callable[[Outlet], None]) -> None:
        """The whole work of the other thread: whatever ends `produce` is kept for the reader."""
        try:
            self.check()  # it may have waited long for its turn
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

    def over(self) -> bool:
        """Waits until nobody wants more or the producer has ended; whether it is the first of these. For whoever has to
        be told at once, as a producer elsewhere."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopped or self._ended)
            return self.stopped

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


def afresh(work: Callable[[], None]) -> None:
    """`work` in a thread of its own, not waited for."""
    threading.Thread(target=work, name="stream", daemon=True).start()


class Stream:
    """The items that `produce(outlet)` hands over, as an iterator; at most `room` of them wait to be read.

    It is begun at the first `next`, by `begin`, which has it done in another thread. `cancel`, from any thread, or
    `close` makes the producer's next call to the outlet raise Stopped and ends the iteration at once, without an
    exception. An exception of the producer is raised here as itself.
    """

    def __init__(self, produce: Callable[[Outlet], None], room: int = 2, begin: Callable = afresh):
        self._produce, self._begin = produce, begin
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
            self._begin(functools.partial(self._outlet.run, self._produce))
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
        self._ended = True
        self._outlet.stop()

    __del__ = close

    @property
    def over(self) -> bool:
        """Whether it has ended, been closed or cancelled."""
        return self._ended or self._outlet.stopped


class Hand:
    """Does one thing after the other in one thread, which is kept: what is made anew for each keeps memory of its own.

    With `most` threads, as many things at once. A thread ends after `idle` seconds with nothing to do, for its OpenMP
    helpers are in the way of others (see `aside`), and comes back with the next thing. What is done must not raise.
    """

    def __init__(self, idle: float = IDLE, most: int = 1):
        self._idle, self._most = idle, most
        self._jobs: deque[Callable[[], None]] = deque()
        self._changed = threading.Condition()
        self._there = self._free = 0  # threads, and how many of them wait for something to do

    def __call__(self, work: Callable[[], None]) -> None:
        """Have `work` done after all that was asked for before. Returns at once."""
        self._add(self._jobs, work)

    def _add(self, jobs: deque, job) -> None:
        with self._changed:
            jobs.append(job)
            self._changed.notify_all()
            if self._there < self._most and len(jobs) > self._free:
                self._there += 1
                threading.Thread(target=self._serve, name="hand", daemon=True).start()

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            work()
            del work  # nothing of a run is held while the next is waited for

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._free += 1
            self._changed.wait_for(lambda: self._jobs, self._idle)
            self._free -= 1
            if self._jobs:
                return self._jobs.popleft()
            self._there -= 1
            return None


class Desk:
    """Streams whose producers take turns, first come, first served; each may have a name by which it is cancelled.
    `places` of them work at once."""

    def __init__(self, room: int = 2, places: int = 1):
        self._room, self._hand = room, Hand(most=places)
        self._named = weakref.WeakValueDictionary[str, Stream]()

    def stream(self, produce: Callable[[Outlet], None], name: str | None = None) -> Stream:
        """A Stream whose `produce` has its turn some time after the first `next`.

        Raises BadRequest where another of this name is under way.
        """
        if name is not None and self._under_way(name):
            raise BadRequest("A run of this name is already under way; each run needs a name of its own.")
        stream = Stream(produce, self._room, self._hand)
        if name is not None:
            self._named[name] = stream
        return stream

    def once(self, work: Callable, *given):
        """What `work(*given)` returns or raises, when it is its turn."""
        return next(self.stream(lambda outlet: outlet(work(*given), last=True)))

    def cancel(self, name: str) -> bool:
        """End the stream of this name, wherever it is, from any thread; False where none is under way."""
        stream = self._under_way(name)
        if stream is not None:
            stream.cancel()
        return stream is not None

    def _under_way(self, name: str) -> Stream | None:
        stream = self._named.get(name)
        return None if stream is None or stream.over else stream
