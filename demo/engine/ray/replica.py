"""One copy of the model in a process of its own, wherever Ray puts it: the engine of diffusers, asked from elsewhere.

As many runs as have a place are drawn at once, in one batch where their passes meet; what is computed is what that
engine computes in any process. No state of a visitor stays here: a branch brings what is behind it along. Everything
leaves as bytes, for arrays would stay in Ray's shared memory as long as the page keeps a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import ray
import torch

from demo.engine.api import Abilities, BadModel, BrokenRun, Withheld
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.ray.meters import Meters
from demo.run.trace import BadRequest, Frame, Request, Watch
from demo.settings import DEFAULT_MODEL

ANSWERS = frozenset(
    "unknown_words numbers atlas preview guesses exact drown classify finish".split()
)  # what may be asked besides runs
READERS = 16  # answers under way at once; most take a moment
PATIENCE = 1.0  # seconds that a run waits here for a place, before another replica may have one for it
FULL = b"full"  # in the place of a first state: there is no place here, ask again


@dataclass(frozen=True)
class Face:
    """What a front has to know of the engine, asked once. places: of all the replicas there may be."""

    model: str
    abilities: Abilities
    places: int
    dtype: str


class Replica:
    """The deployment. `machine`: as `Settings.machine` says it; `most`: how many replicas there may be.

    A model that cannot be used is no reason to start again and again: whoever asks for the face is told.
    """

    def __init__(self, model: str, upscaler: str, machine: dict[str, Any], most: int = 1):
        torch.set_num_threads(granted())  # more, and replicas are in each other's way
        self._most, self._places = most, machine["places"]
        self._engine, self._refused = None, None
        try:
            self._engine = DiffusersEngine.load(model or str(DEFAULT_MODEL), upscaler, **machine)
        except (BadModel, ValueError) as error:
            self._refused = error
        self._seats = asyncio.Semaphore(self._places)
        # Apart: an answer that waits for its turn must not keep a thread from the run that it waits for.
        self._pullers, self._readers = ThreadPoolExecutor(self._places, "pull"), ThreadPoolExecutor(READERS, "read")
        self._meters = Meters()

    def face(self) -> bytes:
        """A Face, pickled. Raises BadModel."""
        if self._refused is not None:
            raise self._refused
        engine, request = self._engine, Request("", 0)
        dtype = engine.trace(request, []).dtype
        return _packed(Face(engine.model, engine.abilities, self._places * self._most, dtype))

    async def ask(self, name: str, given: tuple) -> bytes:
        """What the engine's method of this name, one of ANSWERS, returns or raises."""
        if name not in ANSWERS:
            raise ValueError(f"{name} is nothing that a replica answers.")
        answer = getattr(self._engine, name)
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: _packed(answer(*given)))

    async def draw(self, request: Request, watch: Watch, past: Sequence[Frame], pictures: bool) -> AsyncIterator[bytes]:
        """The Steps of a run, or its Frames, each pickled; or FULL. Called off, it ends within one step.

        While it waits here it is a request under way, which is what the number of replicas follows.
        """
        if not await self._seated():
            yield FULL
            return
        loop = asyncio.get_running_loop()
        try:
            with self._meters.counted("under_way"), self._run(request, watch, past, pictures) as packed:
                while (item := await loop.run_in_executor(self._pullers, next, packed, None)) is not None:
                    yield item
        finally:
            self._seats.release()

    async def _seated(self) -> bool:
        """Whether there is a place before PATIENCE is at its end."""
        with self._meters.counted("waiting"):
            try:
                return await asyncio.wait_for(self._seats.acquire(), PATIENCE)
            except TimeoutError:
                return False

    @contextlib.contextmanager
    def _run(self, request: Request, watch: Watch, past: Sequence[Frame], pictures: bool) -> Iterator[Iterator[bytes]]:
        """The states of a run as bytes, made in whichever thread asks for them, and counted."""
        draw, how = self._engine.frames if pictures else self._engine.steps, "stopped"
        try:
            stream = draw(request, None, watch, past)
        except BadRequest:
            self._meters.ended("refused")
            raise

        def states() -> Iterator[bytes]:
            nonlocal how
            before = None
            try:
                for item in stream:
                    step = item.step if isinstance(item, Frame) else item
                    if before is not None:
                        self._meters.stepped(step, before)
                    before = step
                    yield _packed(item)
                    how = "whole" if step.index == step.total else how
            except Exception as error:
                how = _named(error)
                raise

        try:
            yield states()
        finally:
            stream.close()  # whose thread ends with the step that it is in
            self._meters.ended(how)


def granted() -> int:
    """How many cores Ray gave to this process."""
    return max(1, int(ray.get_runtime_context().get_assigned_resources().get("CPU", 1)))


def _named(error: Exception) -> str:
    kinds = {"withheld": Withheld, "broken": BrokenRun, "refused": BadRequest}
    return next((name for name, kind in kinds.items() if isinstance(error, kind)), "failed")


def _packed(thing: Any) -> bytes:
    return pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
