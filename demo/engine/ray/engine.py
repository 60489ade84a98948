"""An engine whose runs are drawn by replicas, in other processes and on other machines: Ray Serve.

Here is only what needs no model: what may be asked, whose turn it is, which run is ended. A run crosses as a Request
and comes back state by state; whichever replica has a place draws it, and another one where that one is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from demo.engine.api import Level, Preview
from demo.engine.ray import serving
from demo.engine.ray.pull import Pull, asked
from demo.engine.stream import Desk, Outlet
from demo.run.finish import Finish, Finished
from demo.run.numbers import Atlas, Numbers
from demo.run.trace import STATES_ONLY, Frame, Request, Step, Trace, Watch
from demo.settings import Settings


class RayEngine:
    """As `api.Engine` says. `handle`: Serve's, of a deployment of `replica.Replica`."""

    def __init__(self, handle):
        self._handle, self._streams = handle, handle.options(stream=True, method_name="draw")
        face = asked(lambda: handle.face.remote().result())
        self.model, self.abilities, self.places, self._dtype = face.model, face.abilities, face.places, face.dtype
        self._desk = Desk(places=self.places)

    @classmethod
    def load(cls, settings: Settings) -> RayEngine:
        """The replicas that these settings ask for, at RAY_ADDRESS or on this machine. Raises BadModel."""
        return cls(serving.handle(settings))

    def steps(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Step]:
        """The N + 1 states of a run as numbers."""
        return self._stream(request, run, watch, past, False)

    def frames(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures, where it was drawn."""
        return self._stream(request, run, watch, past, True)

    def cancel(self, run: str) -> bool:
        """End the run of this name, at once here and within one step where it is drawn."""
        return self._desk.cancel(run)

    def cost(self, steps: int) -> None:
        """None: what runs on these machines costs its visitor nothing."""

    def trace(self, request: Request, frames: list[Frame]) -> Trace:
        """The record of a run, whole or stopped; made here, for its frames are."""
        unknown = None if self.abilities.vocabulary is None else tuple(self.unknown_words(request.prompt))
        return Trace(request, self.model, self._dtype, tuple(frames), unknown)

    def unknown_words(self, prompt: str) -> list[str]:
        """What of `prompt` the model was not trained on, as typed, each once."""
        return [] if self.abilities.vocabulary is None else self._asked("unknown_words", prompt)

    def numbers(self, prompt: str) -> Numbers:
        """The prompt as tokens and vectors."""
        return self._asked("numbers", prompt)

    def atlas(self) -> Atlas:
        """The words of the model and where each stands."""
        return self._asked("atlas")

    def preview(self) -> Preview:
        """The linear decoder with which a browser shows mixes of its own."""
        return self._asked("preview")

    def guesses(self, step: Step, request: Request) -> dict[str, np.ndarray | None]:
        """The guess with the prompt, without it, and mixed."""
        return self._asked("guesses", step, request)

    def exact(self, step: Step) -> dict[str, np.ndarray | None]:
        """The state and the guess of a step by the model's own decoder."""
        return self._asked("exact", step)

    def drown(self, image: np.ndarray, seed: int) -> tuple[Level, ...]:
        """The picture in the noise of `seed`, the noisiest first."""
        return self._asked("drown", image, seed)

    def classify(self, image: np.ndarray, seed: int, prompts: Sequence[str]) -> np.ndarray:
        """(levels, prompts): errors, of which the lowest is what the model takes the state for."""
        return self._asked("classify", image, seed, prompts)

    def finish(self, image: np.ndarray, wanted: Finish, request: Request) -> Finished:
        """The final touches on a run's picture."""
        return self._asked("finish", image, wanted, request)

    def _asked(self, name: str, *given) -> Any:
        return asked(lambda: self._handle.ask.remote(name, given).result())

    def _stream(self, request: Request, run: str | None, watch: Watch, past: Sequence[Frame], pictures: bool):
        self.abilities.check(request)

        def produce(outlet: Outlet) -> None:
            Pull(lambda: self._streams.remote(request, watch, tuple(past), pictures), outlet).run()

        return self._desk.stream(produce, run)
