"""A request in, the states of its run out, one by one: N steps give N + 1, the pure noise first and the result last.

The pipeline runs as diffusers wrote it, in a thread of its own, on a copy whose scheduler is tapped; what it computes
is bit for bit what it computes unwatched. The engine knows nothing of pages, files or messages.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from demo.engine import decoders, drowned, latents, precision
from demo.engine.abilities import abilities_of
from demo.engine.api import BrokenRun, Level, Preview
from demo.engine.attention import listener_to
from demo.engine.darkroom import Darkroom
from demo.engine.door import stand_before
from demo.engine.families import arguments, own_size
from demo.engine.hub import fetched
from demo.engine.landing import as_step, must_be_finite
from demo.engine.lora import find_lora
from demo.engine.machine import Carrier, memory_told
from demo.engine.past import Past, aged, behind_it
from demo.engine.pipeline import find, open_pipeline, quiet, read_vocabulary
from demo.engine.prompt import Reader
from demo.engine.refusals import refuse_folder, refuse_parts
from demo.engine.safety import must_pass
from demo.engine.schedulers import new_scheduler
from demo.engine.single_file import refuse_file
from demo.engine.stream import Desk, Outlet, aside
from demo.engine.table import Table, reading_at
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
        places: int = 1,
    ):
        self.model, self.places = model, places
        self.abilities = abilities_of(pipe, source, vocabulary, upscaler)
        self._size = own_size(pipe, source) or (None, None)
        self._words = vocabulary
        self._pipe, self._cache, self._offload = pipe, cache, offload
        self._exact, self._decoder = decoders.exact(pipe), decoders.choose(pipe, preview, self.preview)
        self._upscaler = Upscaler(lambda: open_pipeline(find(upscaler))) if upscaler else None
        self._desk, self._table, self._lazy = Desk(places=places), Table(places), threading.Lock()
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
        lora: str = "",
        places: int = 1,
    ) -> DiffusersEngine:
        """The engine of a folder in diffusers' layout, a checkpoint in one file, or a hub id. Raises BadModel.

        preview: what `decoders.choose` is asked for. cache: where what is found out once about the model is kept; None
        finds nothing out. dtype: what the denoiser computes in, "" what suits. offload: see `machine.place`. lora: see
        `lora.find_lora`. places: runs that may be under way at once, see table.py.
        """
        source = find(model)
        if upscaler:
            find(upscaler)  # it is opened when it is first used, but what is not there can be said now
        with quiet():
            folder = source if isinstance(source, Path) else fetched(source, dtype, offload)
            (refuse_file if folder.is_file() else refuse_folder)(folder)
            added = find_lora(lora) if lora else None
        pipe = aside(open_pipeline, folder, dtype, offload, added)
        refuse_parts(pipe)
        if pipe.device.type == "cpu" and not offload and (cache or dtype):
            aside(precision.settle, pipe, cache, dtype)
        name = model if isinstance(source, str) else source.resolve().name
        name = f"{name} with {added}" if added else name
        return cls(pipe, name, read_vocabulary(folder), upscaler, source, preview, cache, offload, places)

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
        there._desk, there._table, there._lazy, there._made = Desk(), Table(), threading.Lock(), {}
        return there

    def unknown_words(self, prompt: str) -> list[str]:
        """What of `prompt` the model was not trained on, as typed, each once, by its own tokenizer.

        [] where it ships no vocabulary, or has a tokenizer that cannot be asked.
        """
        can_tell = self.abilities.vocabulary is not None and self.abilities.can("numbers")
        return self._reader().unknown_words(prompt) if can_tell else []

    def steps(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Step]:
        """The N + 1 states of a run as numbers."""
        return self._stream(request, run, watch, past, lambda step: step)

    def frames(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures, the last one checked where the pipeline has a checker."""
        there = past[: request.shared]
        darkroom = Darkroom(*(decoders.at(self._table, one, self._pipe) for one in (self._exact, self._decoder)))

        def develop(step: Step) -> Frame:
            if step.index < len(there):
                return darkroom.again(there[step.index], step)
            frame = darkroom.develop(step)
            if step.index == step.total:
                self._table.alone(must_pass, self._pipe, frame.image)
            return frame

        return self._stream(request, run, watch, past, develop)

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
        return self._decoded(conditional=conditional, unconditional=unconditional, guided=guided)

    def exact(self, step: Step) -> dict[str, np.ndarray | None]:
        """The state and the guess of a step by the model's own decoder, uint8 (H, W, 3), decoded now, as `guesses`."""
        return self._decoded(state=step.latents, guess=step.denoised)

    def numbers(self, prompt: str) -> Numbers:
        """The prompt as tokens and vectors, by the model's own tokenizer and text encoder."""
        return self._reader().numbers(prompt)

    def atlas(self) -> Atlas:
        """The words of the model and where each stands; built when first asked for."""
        return self._once("atlas", self._reader().atlas)

    def preview(self) -> Preview:
        """The linear decoder with which a browser shows mixes of its own; fitted when first asked for."""
        return self._once("preview", lambda: aside(decoders.fitted, self._pipe, self._cache))

    def drown(self, image: np.ndarray, seed: int) -> tuple[Level, ...]:
        """The picture in the noise of `seed`, the noisiest first."""
        return self._desk.once(self._table.alone, drowned.drown, self._pipe, image, seed)

    def classify(self, image: np.ndarray, seed: int, prompts: Sequence[str]) -> np.ndarray:
        """(levels, prompts): errors, of which the lowest is what the model takes the state for."""
        return self._desk.once(self._table.alone, drowned.classify, self._pipe, image, seed, prompts)

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

    def cost(self, steps: int) -> None:
        """None: what runs in this process costs its visitor nothing."""

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

    def _stream(self, request, run, watch, past, develop) -> Iterator:
        self.abilities.check(request)
        request = self._settled(request)
        steps = [frame.step for frame in past]

        def produce(outlet: Outlet) -> None:
            with self._table.seat(), torch.inference_mode():  # grad mode belongs to the thread
                self._run(request, watch, lambda step: outlet(develop(step), last=step.index == step.total), steps)

        return self._desk.stream(produce, run)

    def _settled(self, request: Request) -> Request:
        """What is the model's own is said in it."""
        scheduler = self.abilities.own.scheduler if request.scheduler == OWN else request.scheduler
        width, height = self._size
        size = {"width": request.width or width, "height": request.height or height}
        parent = request.parent and self._settled(request.parent)
        return replace(request, scheduler=scheduler, parent=parent, **size)

    def _run(self, request: Request, watch: Watch, see, steps: Sequence[Step] = ()) -> None:
        began = time.perf_counter()
        behind = behind_it(request, watch, see, steps, began, self._run)
        carrier, past = Carrier(self._pipe.device.type), Past(behind, request.renewals)
        pipe = copy.copy(self._pipe)  # shares the weights; the scheduler is this run's own
        pipe.scheduler = new_scheduler(pipe, request.scheduler)
        guesses = watch.guesses and self.abilities.can("guidance")
        listener = listener_to(self._pipe) if watch.word_maps and self.abilities.can("word_maps") else None
        door = stand_before(pipe, request.guidance, past, partial(self._table.ask, listener=listener))

        def report(state: State) -> None:
            if state.index < request.shared:
                return  # it was told
            landing = as_step(pipe, request, state, listener, carrier, began, watch, door.company if door else 1)

            def tell() -> None:
                step = landing()
                must_be_finite(step)
                see(aged(behind[step.index], step, request) if step.index < len(behind) else step)

            carrier.tell(tell)

        tap = Tap(pipe.scheduler, report, door.guesses if door and guesses else None, past)
        with memory_told(self._offload), reading_at(self._table, pipe):
            pipe(**arguments(pipe, request), generator=torch.Generator("cpu").manual_seed(request.seed))
            carrier.finish()
        tap.must_be_through()

    def _decoded(self, **planes: np.ndarray | None) -> dict[str, np.ndarray | None]:
        def decoded(plane: np.ndarray) -> np.ndarray:
            return aside(latents.decode, self._pipe, torch.from_numpy(plane[None]))[0]

        return {name: None if plane is None else decoded(plane) for name, plane in planes.items()}
