"""A request in, the states of its run out, one by one: N steps give N + 1, the pure noise first and the result last.

The pipeline runs as diffusers wrote it, in a thread of its own, on a copy whose scheduler is tapped; what it computes
is bit for bit what it computes unwatched. The engine knows nothing of pages, files or messages.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import re
import threading
import time
import unicodedata
from collections.abc import Iterator

import numpy as np
import torch

from demo import latents
from demo.attention import Listener, listening, why_no_words
from demo.door import stand_before, why_no_sides
from demo.finish import Finish, Finished, Upscaler, finish
from demo.pipeline import (
    BadModel,
    find,
    new_scheduler,
    offered_schedulers,
    open_pipeline,
    own_guidance,
    read_vocabulary,
)
from demo.prompt import Reader, can_show
from demo.stream import Outlet, aside, stream
from demo.tap import State, Tap
from demo.trace import GUIDANCE, BadRequest, Frame, Request, Step, Trace, Watch

__all__ = ["BadModel", "Engine"]

POLL = 0.05  # seconds between two looks at the stop flag while another run has the model
STATES_ONLY = Watch()


class Engine:
    """One model. Runs take turns on it: each waits, stoppably, until the one before has ended."""

    def __init__(
        self,
        pipe,
        model: str,
        vocabulary: frozenset[str] | None = None,
        upscaler: str = "",
        guidance: float = GUIDANCE,
    ):
        self.model = model  # for display, as in the trace
        self.vocabulary = vocabulary  # lower case; None if the model ships no list of its words
        self.guidance = guidance  # what a run has where nobody says one
        self.schedulers = offered_schedulers(pipe)  # key -> label, those that work with this model
        self.can = _abilities(pipe, upscaler)  # name of a panel -> None, or why this model cannot fill it
        self._pipe = pipe
        self._upscaler = Upscaler(lambda: open_pipeline(find(upscaler))) if upscaler else None
        self._turn = threading.Lock()

    @classmethod
    def load(cls, model: str, upscaler: str = "") -> Engine:
        """The engine of a folder in diffusers' layout, or of a hub id. Raises BadModel in one sentence."""
        source = find(model)
        if upscaler:
            find(upscaler)  # it is opened when it is first used, but what is not there can be said now
        pipe = aside(open_pipeline, source)
        name = model if isinstance(source, str) else source.resolve().name
        return cls(pipe, name, read_vocabulary(source), upscaler, own_guidance(pipe, source))

    def unknown_words(self, prompt: str) -> list[str]:
        """The words (and emoji) of `prompt` that the model was not trained on, as typed, each once."""
        if self.vocabulary is None:
            return []
        words = re.findall(r"\w+(?:['’]\w+)?|[^\w\s]", prompt)
        unknown = [word for word in words if _is_word(word) and not self._knows(word)]
        return list(dict.fromkeys(unknown))

    def steps(
        self, request: Request, stop: threading.Event | None = None, watch: Watch = STATES_ONLY
    ) -> Iterator[Step]:
        """The N + 1 states of a run as numbers; `stop` or closing ends it within one step. Raises BadRequest."""
        return self._stream(request, stop, watch, lambda step: step)

    def frames(
        self, request: Request, stop: threading.Event | None = None, watch: Watch = STATES_ONLY
    ) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures."""
        return self._stream(request, stop, watch, latents.Darkroom(self._pipe).develop)

    def sides(self, step: Step, request: Request) -> dict[str, np.ndarray | None]:
        """The guess with the prompt, without it, and mixed at the request's guidance, uint8 (H, W, 3), decoded now.

        None for what `step` lacks. Needs no turn: it may be asked while somebody's run is under way.
        """
        with_prompt, without, guided = step.with_prompt, step.without_prompt, step.denoised
        if with_prompt is not None:
            guided = without + np.float32(request.guidance) * (with_prompt - without)
        planes = {"with_prompt": with_prompt, "without_prompt": without, "guided": guided}
        return {name: plane if plane is None else self._decoded(plane) for name, plane in planes.items()}

    @functools.cached_property
    def reader(self) -> Reader:
        """What turns a prompt into this model's numbers, without a run; ask `can["numbers"]` first."""
        return Reader(self._pipe, self.vocabulary)

    @functools.cached_property
    def preview(self) -> latents.Preview:
        """The linear decoder with which a browser shows mixes of its own; fitted when first asked for."""
        return aside(latents.linear_preview, self._pipe)

    def finish(self, image: np.ndarray, wanted: Finish, request: Request) -> Finished:
        """The final touches on a run's picture, enlarged by the upscaler if there is one. Raises BadModel."""

        def enlarge(picture):
            seeded = torch.Generator("cpu").manual_seed(request.seed)
            return self._upscaler(picture, prompt=request.prompt, generator=seeded)

        return aside(finish, image, wanted, enlarge) if self._upscaler else finish(image, wanted)

    def trace(self, request: Request, frames: list[Frame]) -> Trace:
        """The record of a run, whole or stopped."""
        unknown = None if self.vocabulary is None else tuple(self.unknown_words(request.prompt))
        return Trace(request, self.model, str(self._pipe.dtype).removeprefix("torch."), tuple(frames), unknown)

    def _stream(self, request, stop, watch, develop) -> Iterator:
        if request.scheduler not in self.schedulers:
            offered = ", ".join(self.schedulers)
            raise BadRequest(f"The model {self.model} runs with the scheduler {offered}, not {request.scheduler}.")

        def produce(outlet: Outlet) -> None:
            with self._my_turn(outlet), torch.inference_mode():  # grad mode belongs to the thread
                self._run(request, watch, lambda step: outlet(develop(step)))

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

    def _run(self, request: Request, watch: Watch, see) -> None:
        began = time.perf_counter()
        pipe = copy.copy(self._pipe)  # shares the weights; the scheduler is this run's own
        pipe.scheduler = new_scheduler(pipe, request.scheduler)
        door = stand_before(pipe, request.guidance) if watch.sides and self.can["sides"] is None else None
        with listening(pipe.unet if watch.words and self.can["words"] is None else None) as listener:

            def report(state: State) -> None:
                see(_as_step(pipe, request, state, listener, time.perf_counter() - began))

            Tap(pipe.scheduler, report, door and door.halves)
            pipe(**_arguments(request))

    def _decoded(self, plane: np.ndarray) -> np.ndarray:
        return aside(latents.decode, self._pipe, torch.from_numpy(plane[None]))[0]

    def _knows(self, word: str) -> bool:
        word = word.casefold()
        return word in self.vocabulary or re.split("['’]", word)[0] in self.vocabulary


def _as_step(pipe, request: Request, state: State, listener: Listener, seconds: float) -> Step:
    def plain(tensor) -> np.ndarray | None:
        if tensor is None:
            return None
        return latents.planes(pipe, tensor, request.height, request.width)[0].float().cpu().numpy().copy()

    here = plain(state.latents)
    return Step(
        index=state.index,
        total=state.total,
        timestep=state.timestep,
        alpha=state.alpha,
        sigma=state.sigma,
        latents=here,
        denoised=plain(state.denoised),
        seconds=seconds,
        words=listener.take(*here.shape[1:]),
        with_prompt=plain(state.with_prompt),
        without_prompt=plain(state.without_prompt),
    )


def _abilities(pipe, upscaler: str) -> dict[str, str | None]:
    return {
        "words": why_no_words(pipe),
        "sides": why_no_sides(pipe),
        "numbers": can_show(pipe),
        "upscaler": None if upscaler else "No upscaler is set (DEMO_UPSCALER), so enlarging is plain resizing.",
    }


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
