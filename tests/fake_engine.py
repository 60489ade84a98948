"""An engine without a model: a disc comes out of noise in a straight line, so that every number is known beforehand."""

from __future__ import annotations

import re
import threading
import time

import numpy as np

from demo.trace import SCHEDULERS, Frame, Request, Trace

SIZE = 64


class FakeEngine:
    """As much of `demo.engine.Engine` as the page uses. `pause` is the time of one step; `breaks_at` raises there."""

    model = "fake"
    schedulers = SCHEDULERS
    vocabulary = frozenset("a an the on in at cat fox blue red wearing riding crown skateboard space night".split())

    def __init__(self, pause: float = 0.0, breaks_at: int | None = None, size: int = SIZE):
        self.pause, self.breaks_at, self.size = pause, breaks_at, size
        self.drawn = 0  # states drawn so far, over all runs
        self._one = threading.Lock()

    def unknown_words(self, prompt: str) -> list[str]:
        return [word for word in re.findall(r"[\w']+", prompt.lower()) if word not in self.vocabulary]

    def frames(self, request: Request, stop: threading.Event | None = None):
        with self._one:
            before = None
            for index in range(request.steps + 1):
                if stop is not None and stop.is_set():
                    return
                if index == self.breaks_at:
                    raise RuntimeError("the fake breaks here")
                time.sleep(self.pause if index else 0)
                frame = self._frame(request, index, before)
                before = frame.image
                self.drawn += 1
                yield frame

    def trace(self, request: Request, frames: list[Frame]) -> Trace:
        return Trace(request, self.model, "float32", tuple(frames), tuple(self.unknown_words(request.prompt)))

    def _frame(self, request: Request, index: int, before) -> Frame:
        share = index / request.steps
        noise = np.random.default_rng(request.seed).integers(0, 256, (self.size, self.size, 3)).astype(np.float32)
        image = np.round((1 - share) * noise + share * self.disc(request)).astype(np.uint8)
        change = None if before is None else image.astype(np.int16) - before.astype(np.int16)
        return Frame(
            index=index,
            total=request.steps,
            timestep=None if index == 0 else 999.0 * (1 - (index - 1) / request.steps),
            alpha=share,
            sigma=1 - share,
            seconds=index * self.pause,
            image=image,
            denoised=None if index == 0 else self.disc(request).astype(np.uint8),
            change=None if change is None else np.clip(128 + 4 * change, 0, 255).astype(np.uint8),
            gain=4.0,
        )

    def disc(self, request: Request) -> np.ndarray:
        """The picture of every run, float (size, size, 3): a disc on white whose colour is the prompt's."""
        y, x = np.mgrid[: self.size, : self.size] / (self.size - 1) - 0.5
        colour = (40, 110, 235) if "blue" in request.prompt else (225, 60, 35)
        return np.where((x**2 + y**2 < 0.14)[..., None], np.float32(colour), np.float32(255))
