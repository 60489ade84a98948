"""A request in, the states of its run out, one by one: N steps give N + 1, the pure noise first and the result last.

The pipeline runs as diffusers wrote it, in a thread of its own, on a copy whose scheduler is tapped; what it computes
is bit for bit what it computes unwatched. The engine knows nothing of pages, files or messages.
"""

from __future__ import annotations

import contextlib
import copy
import re
import threading
import time
import unicodedata
from collections.abc import Iterator

import numpy as np
import torch

from demo import latents
from demo.pipeline import BadModel, find, new_scheduler, offered_schedulers, open_pipeline, read_vocabulary
from demo.stream import Outlet, stream
from demo.tap import State, Tap
from demo.trace import BadRequest, Frame, Request, Step, Trace

__all__ = ["BadModel", "Engine"]

POLL = 0.05  # seconds between two looks at the stop flag while another run has the model


class Engine:
    """One model. Runs take turns on it: each waits, stoppably, until the one before has ended."""

    def __init__(self, pipe, model: str, vocabulary: frozenset[str] | None = None):
        self.model = model  # for display, as in the trace
        self.vocabulary = vocabulary  # lower case; None if the model ships no list of its words
        self.schedulers = offered_schedulers(pipe)  # key -> label, those that work with this model
        self._pipe = pipe
        self._turn = threading.Lock()

    @classmethod
    def load(cls, model: str) -> Engine:
        """The engine of a folder in diffusers' layout, or of a hub id. Raises BadModel in one sentence."""
        source = find(model)
        pipe = open_pipeline(source)
        return cls(pipe, model if isinstance(source, str) else source.resolve().name, read_vocabulary(source))

    def unknown_words(self, prompt: str) -> list[str]:
        """The words (and emoji) of `prompt` that the model was not trained on, as typed, each once."""
        if self.vocabulary is None:
            return []
        words = re.findall(r"\w+(?:['’]\w+)?|[^\w\s]", prompt)
        unknown = [word for word in words if _is_word(word) and not self._knows(word)]
        return list(dict.fromkeys(unknown))

    def steps(self, request: Request, stop: threading.Event | None = None) -> Iterator[Step]:
        """The N + 1 states of a run as numbers; `stop` or closing ends it within one step. Raises BadRequest."""
        return self._stream(request, stop, lambda step: step)

    def frames(self, request: Request, stop: threading.Event | None = None) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures."""
        return self._stream(request, stop, Darkroom(self._pipe).develop)

    def trace(self, request: Request, frames: list[Frame]) -> Trace:
        """The record of a run, whole or stopped."""
        unknown = None if self.vocabulary is None else tuple(self.unknown_words(request.prompt))
        return Trace(request, self.model, str(self._pipe.dtype).removeprefix("torch."), tuple(frames), unknown)

    def _stream(self, request, stop, develop) -> Iterator:
        if request.scheduler not in self.schedulers:
            offered = ", ".join(self.schedulers)
            raise BadRequest(f"The model {self.model} runs with the scheduler {offered}, not {request.scheduler}.")

        def produce(outlet: Outlet) -> None:
            with self._my_turn(outlet), torch.inference_mode():  # grad mode belongs to the thread
                self._run(request, lambda step: outlet(develop(step)))

        return stream(produce, stop)

    @contextlib.contextmanager
    def _my_turn(self, outlet: Outlet):
        outlet.check()
        while not self._turn.acquire(timeout=POLL):
            outlet.check()
        try:
            yield
        finally:
            self._turn.release()

    def _run(self, request: Request, see) -> None:
        began = time.perf_counter()
        pipe = copy.copy(self._pipe)  # shares the weights; the scheduler is this run's own
        pipe.scheduler = new_scheduler(pipe, request.scheduler)

        def report(state: State) -> None:
            see(_as_step(pipe, request, state, time.perf_counter() - began))

        Tap(pipe.scheduler, report)
        pipe(**_arguments(request))

    def _knows(self, word: str) -> bool:
        word = word.casefold()
        return word in self.vocabulary or re.split("['’]", word)[0] in self.vocabulary


class Darkroom:
    """Develops the Steps of one run into Frames, in their order."""

    def __init__(self, pipe):
        self._pipe = pipe
        self._before: np.ndarray | None = None

    def develop(self, step: Step) -> Frame:
        """Both pictures in one batch; those of the result one by one, as the pipeline itself decodes it."""
        planes = [step.latents] if step.denoised is None else [step.latents, step.denoised]
        batches = [[plane] for plane in planes] if step.index == step.total else [planes]
        pictures = [picture for batch in batches for picture in self._decode(batch)]
        image, guess = pictures[0], pictures[1] if len(pictures) > 1 else None
        change, gain = (None, 1.0) if self._before is None else latents.change(image, self._before)
        self._before = image
        return Frame(
            index=step.index,
            total=step.total,
            timestep=step.timestep,
            alpha=step.alpha,
            sigma=step.sigma,
            seconds=step.seconds,
            image=image,
            denoised=guess,
            change=change,
            gain=gain,
        )

    def _decode(self, planes: list[np.ndarray]) -> list[np.ndarray]:
        return latents.decode(self._pipe, torch.from_numpy(np.stack(planes)))


def _as_step(pipe, request: Request, state: State, seconds: float) -> Step:
    def plain(tensor) -> np.ndarray | None:
        if tensor is None:
            return None
        return latents.planes(pipe, tensor, request.height, request.width)[0].float().cpu().numpy().copy()

    return Step(
        index=state.index,
        total=state.total,
        timestep=state.timestep,
        alpha=state.alpha,
        sigma=state.sigma,
        latents=plain(state.latents),
        denoised=plain(state.denoised),
        seconds=seconds,
    )


def _arguments(request: Request) -> dict:
    """What the pipeline is called with; what was not asked for is left to the pipeline."""
    arguments = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "width": request.width,
        "height": request.height,
        "generator": torch.Generator("cpu").manual_seed(request.seed),
        "output_type": "latent",
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _is_word(text: str) -> bool:
    """Letters, digits and pictures count, punctuation and the joints inside an emoji do not."""
    return any(unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) == "So" for letter in text)
