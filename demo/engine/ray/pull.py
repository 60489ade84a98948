"""One run as a front reads it: from whichever replica draws it, and from another one where that is lost.

What draws a run may die in it: its process, its machine, the way there. The run is asked for anew, and of the same
request come the same states: those that were told are passed over, when they have been compared, and the timeline goes
on. In company the last digits may be others; a run that is near goes on and the log says so, any other is broken.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
from ray.exceptions import (
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
    TaskCancelledError,
    WorkerCrashedError,
)

from demo.engine.api import BrokenRun
from demo.engine.ray.replica import FULL
from demo.engine.stream import Outlet
from demo.run.trace import Frame, Step

LOST = (RayActorError, NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError)  # whoever drew it is gone
MOST_LOST = 3  # replicas that may be lost on the way; a request that kills each of them must not kill all
NEAR = 0.02  # of a state, whose numbers are about 1: sums in another order are nearer
GONE = "Whatever drew this run was lost {} times, so it is given up; nothing is lost of what was asked, so try again."
OTHERS = "What drew this run was lost, and what took over draws it otherwise, so it cannot go on; try again."
log = logging.getLogger(__name__)


class Pull:
    """Hands the states of one run to `outlet`. `ask` has a replica draw it: an iterator of bytes, with `cancel`."""

    def __init__(self, ask: Callable, outlet: Outlet):
        self._ask, self._outlet = ask, outlet
        self._answer = None
        self._told: list[bytes] = []  # of each state that was handed on, the hash of its numbers
        self._last: Step | None = None  # of those
        self._began: float | None = None  # by this clock, and of the replica that it comes from now
        self._late = 0.0

    def run(self) -> None:
        """All of it. Raises what the run raised, as itself."""
        threading.Thread(target=self._call_off, name="call off", daemon=True).start()
        lost = 0
        while not self._through:
            try:
                self._once()
            except LOST as error:
                lost += 1
                self._outlet.check()
                if lost > MOST_LOST:
                    raise BrokenRun(GONE.format(lost)) from error
                log.warning("what drew a run was lost after %d states (%s)", len(self._told), type(error).__name__)
            except RayTaskError as error:
                raise own(error) from error
            except (TaskCancelledError, CancelledError):
                self._outlet.check()  # which is why
                raise

    @property
    def _through(self) -> bool:
        return self._last is not None and self._last.index == self._last.total

    def _once(self) -> None:
        """From one replica, until its last state; or until it says that it has no place."""
        self._answer, first = self._ask(), True
        try:
            self._outlet.check()
            for packed in self._answer:
                if packed == FULL:
                    return
                item = pickle.loads(packed)
                if first:
                    self._clock(item)
                first = False
                self._tell(item)
        finally:
            if not self._through:
                self._answer.cancel()

    def _clock(self, item: Step | Frame) -> None:
        """Seconds go on where another replica does, though it begins at none."""
        began = time.monotonic() - item.seconds
        self._began = began if self._began is None else self._began
        self._late = began - self._began

    def _tell(self, item: Step | Frame) -> None:
        step = item.step if isinstance(item, Frame) else item
        told = hashlib.sha256(step.latents.tobytes()).digest()
        if step.index < len(self._told):
            if told != self._told[step.index]:
                self._compare(step)
            return
        self._outlet(_later(item, self._late) if self._late else item, last=step.index == step.total)
        self._told.append(told)
        self._last = step

    def _compare(self, step: Step) -> None:
        """A state that is not, to the bit, what was told. Raises BrokenRun where the next would not be its next."""
        if step.index < self._last.index:
            return  # what counts is where the two are joined
        far = float(np.abs(step.latents - self._last.latents).max())
        if not far <= NEAR * max(1.0, float(np.abs(self._last.latents).max())):
            raise BrokenRun(OTHERS)
        log.warning("a run goes on from a replica whose last digits are others, by %.2g at state %d", far, step.index)

    def _call_off(self) -> None:
        """As soon as nobody wants more, the replica is told; whoever closes a stream never waits for that."""
        if self._outlet.over() and self._answer is not None:
            self._answer.cancel()


def own(error: RayTaskError) -> Exception:
    """What was raised elsewhere, as it was raised there: Ray raises a class that is made of both."""
    return error.cause if isinstance(error.cause, Exception) else error


def asked(ask: Callable[[], bytes]) -> object:
    """What one answer of a replica says; asked again where that replica is lost, for no answer changes anything."""
    for _ in range(MOST_LOST + 1):
        try:
            return pickle.loads(ask())
        except LOST as error:
            log.warning("what answered was lost (%s), so another is asked", type(error).__name__)
        except RayTaskError as error:
            raise own(error) from error
    raise BrokenRun(GONE.format(MOST_LOST + 1))


def _later(item: Step | Frame, seconds: float) -> Step | Frame:
    if isinstance(item, Frame):
        step = item.step and replace(item.step, seconds=item.step.seconds + seconds)
        return replace(item, seconds=item.seconds + seconds, step=step)
    return replace(item, seconds=item.seconds + seconds)
