"""A request in, the states of its run out, one by one: N steps give N + 1, the pure noise first and the result last.

The pipeline runs as diffusers wrote it, in a thread of its own, on a copy whose scheduler is tapped; what it computes
is bit for bit what it computes unwatched. The engine knows nothing of pages, files or messages.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from demo.engine import decoders, latents, precision
from demo.engine.abilities import abilities_of
from demo.engine.api import BrokenRun, Preview
from demo.engine.attention import Listener, listening
from demo.engine.darkroom import Darkroom
from demo.engine.door import stand_before
from demo.engine.families import arguments, own_size
from demo.engine.hub import fetched
from demo.engine.machine import Carrier, memory_told
from demo.engine.pipeline import find, open_pipeline, quiet, read_vocabulary
from demo.engine.prompt import Reader
from demo.engine.refusals import refuse_folder, refuse_parts
from demo.engine.safety import must_pass
from demo.engine.schedulers import new_scheduler
from demo.engine.stream import Desk, Outlet, aside
from demo.engine.tap import State, Tap
from demo.run.finish import Finish, Finished, Upscaler, finish
from demo.run.numbers import Atlas, Numbers
from demo.run.trace import OWN, STATES_ONLY, BadRequest, Frame, Request, Step, Trace, Watch


class DiffusersEngine:
    """A diffusers pipeline in this process, as `api.Engine` says."""

    def __init__(
        self,
        pipe,
        model: str,
        vocabulary: frozenset[str] | None = None,
        upscaler: str = "",
        source: Path | str = "",
        preview: str = "",
        cache: Path | None = None,
        offload: str = "",
    ):
        self.model = model  # for display, as in the trace
        self.abilities = abilities_of(pipe, source, vocabulary, upscaler)
        self._size = own_size(pipe, source) or (None, None)
        self._words = vocabulary
        self._pipe, self._cache, self._offload = pipe, cache, offload
        self._exact, self._decoder = decoders.exact(pipe), decoders.choose(pipe, preview, self.preview)
        self._upscaler = Upscaler(lambda: open_pipeline(find(upscaler))) if upscaler else None
        self._desk, self._lazy = Desk(), threading.Lock()
        self._made: dict[str, object] = {}  # what is made once, when first asked for

    @classmethod
    def load(
        cls,
        model: str,
        upscaler: str = "",
        *,
        preview: str = "",
        cache: Path | None = None,
        dtype: str = "",
        offload: str = "",
    ) -> DiffusersEngine:
        """The engine of a folder in diffusers' layout, or of a hub id. Raises BadModel in one sentence.

        preview: what `decoders.choose` is asked for. cache: where what is found out once about the model is kept; None
        finds nothing out. dtype: what the denoiser computes in, "" what suits. offload: see `machine.place`.
        """
        source = find(model)
        if upscaler:
            find(upscaler)  # it is opened when it is first used, but what is not there can be said now
        with quiet():
            folder = source if isinstance(source, Path) else fetched(source)
            refuse_folder(folder)
        pipe = aside(open_pipeline, folder, dtype, offload)
        refuse_parts(pipe)
        if pipe.device.type == "cpu" and not offload and (cache or dtype):
            aside(precision.settle, pipe, cache, dtype)
        name = model if isinstance(source, str) else source.resolve().name
        return cls(pipe, name, read_vocabulary(folder), upscaler, source, preview, cache, offload)

    def lent(self, device: str) -> DiffusersEngine:
        """This engine for runs on `device`: the denoiser moves there, what panels ask here has a copy there.

        It shares no lock and no thread, so a process that is forked from this one finds none taken.
        """
        there, pipe = copy.copy(self), copy.copy(self._pipe)
        for name, part in self._pipe.components.items():
            if isinstance(part, torch.nn.Module):
                setattr(pipe, name, (part if name in ("unet", "transformer") else copy.deepcopy(part)).to(device))
        there._pipe, there._exact = pipe, decoders.exact(pipe)
        there._decoder = there._exact  # a GPU has time for it
        there._desk, there._lazy, there._made = Desk(), threading.Lock(), {}
        return there

    def unknown_words(self, prompt: str) -> list[str]:
        """What of `prompt` the model was not trained on, as typed, each once, by its own tokenizer.

        [] where it ships no vocabulary, or has a tokenizer that cannot be asked.
        """
        can_tell = self.abilities.vocabulary is not None and self.abilities.can("numbers")
        return self._reader().unknown_words(prompt) if can_tell else []

    def steps(self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY) -> Iterator[Step]:
        """The N + 1 states of a run as numbers."""
        return self._stream(request, run, watch, lambda step: step)

    def frames(self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures, the last one checked where the pipeline has a checker."""
        darkroom = Darkroom(self._exact, self._decoder)

        def develop(step: Step) -> Frame:
            frame = darkroom.develop(step)
            if step.index == step.total:
                must_pass(self._pipe, frame.image)
            return frame

        return self._stream(request, run, watch, develop)

    def cancel(self, run: str) -> bool:
        """End the run of this name within one step, from any thread."""
        return self._desk.cancel(run)

    def guesses(self, step: Step, request: Request) -> dict[str, np.ndarray | None]:
        """The guess with the prompt, without it, and mixed at the request's guidance, uint8 (H, W, 3), decoded now.

        None for what `step` lacks. Needs no turn: it may be asked while somebody's run is under way.
        """
        conditional, unconditional, guided = step.conditional, step.unconditional, step.denoised
        if conditional is not None:
            guided = unconditional + np.float32(request.guidance) * (conditional - unconditional)
        planes = {"conditional": conditional, "unconditional": unconditional, "guided": guided}
        return {name: plane if plane is None else self._decoded(plane) for name, plane in planes.items()}

    def exact(self, step: Step) -> dict[str, np.ndarray | None]:
        """The state and the guess of a step by the model's own decoder, uint8 (H, W, 3), decoded now, as `guesses`."""
        planes = {"state": step.latents, "guess": step.denoised}
        return {name: plane if plane is None else self._decoded(plane) for name, plane in planes.items()}

    def numbers(self, prompt: str) -> Numbers:
        """The prompt as tokens and vectors, by the model's own tokenizer and text encoder."""
        return self._reader().numbers(prompt)

    def atlas(self) -> Atlas:
        """The words of the model and where each stands; built when first asked for."""
        return self._once("atlas", self._reader().atlas)

    def preview(self) -> Preview:
        """The linear decoder with which a browser shows mixes of its own; fitted when first asked for."""
        return self._once("preview", lambda: aside(decoders.fitted, self._pipe, self._cache))

    def finish(self, image: np.ndarray, wanted: Finish, request: Request) -> Finished:
        """The final touches on a run's picture, enlarged by the upscaler if there is one.

        Raises BadModel, and BrokenRun where the upscaler makes no picture of it.
        """

        def enlarge(picture: Image.Image) -> Image.Image:
            seeded = torch.Generator("cpu").manual_seed(request.seed)
            # As numbers, for made into a picture by the pipeline what is not finite would be black.
            pixels = self._upscaler(picture, prompt=request.prompt, generator=seeded, output_type="np")
            if not np.isfinite(pixels).all():
                raise BrokenRun("The upscaler gave numbers that are not finite, so there is no enlarged picture.")
            return Image.fromarray((pixels * 255).round().astype(np.uint8))

        return aside(finish, image, wanted, enlarge) if self._upscaler else finish(image, wanted)

    def trace(self, request: Request, frames: list[Frame]) -> Trace:
        """The record of a run, whole or stopped."""
        unknown = None if self._words is None else tuple(self.unknown_words(request.prompt))
        return Trace(request, self.model, precision.dtype_of(self._pipe), tuple(frames), unknown)

    def _reader(self) -> Reader:
        if (reason := self.abilities.cannot.get("numbers")) is not None:
            raise BadRequest(reason)
        return self._once("reader", lambda: Reader(self._pipe, self._words))

    def _once(self, name: str, make: Callable):
        """What `make` makes, made by the first who asks while the others wait for it."""
        with self._lazy:
            if name not in self._made:
                self._made[name] = make()
            return self._made[name]

    def _stream(self, request, run, watch, develop) -> Iterator:
        self.abilities.check(request)
        if request.scheduler == OWN:
            request = replace(request, scheduler=self.abilities.own.scheduler)
        width, height = self._size
        request = replace(request, width=request.width or width, height=request.height or height)

        def produce(outlet: Outlet) -> None:
            with torch.inference_mode():  # grad mode belongs to the thread
                self._run(request, watch, lambda step: outlet(develop(step), last=step.index == step.total))

        return self._desk.stream(produce, run)

    def _run(self, request: Request, watch: Watch, see) -> None:
        began = time.perf_counter()
        carrier = Carrier(self._pipe.device.type)
        pipe = copy.copy(self._pipe)  # shares the weights; the scheduler is this run's own
        pipe.scheduler = new_scheduler(pipe, request.scheduler)
        door = stand_before(pipe, request.guidance) if watch.guesses and self.abilities.can("guidance") else None
        with listening(pipe.unet if watch.word_maps and self.abilities.can("word_maps") else None) as listener:

            def report(state: State) -> None:
                landing = _as_step(pipe, request, state, listener, carrier, began)

                def tell() -> None:
                    step = landing()
                    must_be_finite(step)
                    see(step)

                carrier.tell(tell)

            tap = Tap(pipe.scheduler, report, door and door.guesses)
            with memory_told(self._offload):
                pipe(**arguments(pipe, request), generator=torch.Generator("cpu").manual_seed(request.seed))
                carrier.finish()
            tap.must_be_through()

    def _decoded(self, plane: np.ndarray) -> np.ndarray:
        return aside(latents.decode, self._pipe, torch.from_numpy(plane[None]))[0]


def _as_step(
    pipe, request: Request, state: State, listener: Listener, carrier: Carrier, began: float
) -> Callable[[], Step]:
    """The Step of a state, whose numbers are on their way to the CPU; asked for, it waits until they are there."""

    def plain(tensor) -> Callable[[], np.ndarray | None]:
        if tensor is None:
            return lambda: None
        return carrier.off(latents.planes(pipe, tensor, request.height, request.width)[0])

    here = latents.planes(pipe, state.latents, request.height, request.width)[0]
    word_maps = listener.take(*here.shape[1:])
    parts = {name: plain(getattr(state, name)) for name in ("latents", "denoised", "conditional", "unconditional")}
    return lambda: Step(
        index=state.index,
        total=state.total,
        timestep=state.timestep,
        alpha=state.alpha,
        sigma=state.sigma,
        word_maps=word_maps,
        **{name: landed() for name, landed in parts.items()},
        seconds=time.perf_counter() - began,
    )


def must_be_finite(step: Step) -> None:
    """Raises BrokenRun where a number of `step` is none: decoded it would be black, and look like a picture."""
    parts = (step.latents, step.denoised, step.conditional, step.unconditional, step.word_maps)
    levels = (step.alpha, step.sigma)
    if not np.isfinite(levels).all() or not all(np.isfinite(part).all() for part in parts if part is not None):
        raise BrokenRun(
            f"The run broke at step {step.index} of {step.total}: the model's numbers are no longer finite and make no "
            "picture; another scheduler, seed or guidance may get through."
        )
