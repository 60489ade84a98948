"""An engine whose runs borrow a GPU, each in a process of its own: Hugging Face's ZeroGPU, of which it knows nothing
but the shape of `spaces.GPU`.

A run crosses to a forked worker as a Request and comes back as Steps or Frames, all of it pickled; closing the
generator is what tells the worker to stop. Everything that needs no GPU (what is refused, words, panels) is answered
here by the engine that is wrapped, from weights on the CPU.
"""

from __future__ import annotations

import contextvars
import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from demo.engine.api import BrokenRun, Engine
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.stream import Desk, Outlet
from demo.run.trace import STATES_ONLY, BadRequest, Frame, Request, Step, Watch

SETUP = 15.0  # seconds for the worker to start, the weights to arrive and the prompt to be read
STEP = 1.0  # seconds of a step as long as none was measured
MARGIN = 1.5  # a run that outlasts what it asked for is cut off
REMEMBERED = 8  # runs


class ZeroEngine:
    """As `api.Engine` says. `lend` is `spaces.GPU`, or whatever decorates a generator as that does."""

    places = 1  # on the one GPU that is lent at a time

    def __init__(self, engine: DiffusersEngine, lend: Callable, device: str = "cuda"):
        offered = {*Engine.__annotations__, *(name for name in vars(Engine) if not name.startswith("_"))}
        for name in offered - set(vars(ZeroEngine)):
            setattr(self, name, getattr(engine, name))
        self._here, self._there = engine, engine.lent(device)
        self._desk = Desk()
        self._steps: dict[tuple, deque[float]] = {}  # size and what is watched -> seconds of a step, in recent runs
        self._borrowed = lend(duration=self._duration)(self._on_gpu)

    def steps(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Step]:
        """The N + 1 states of a run as numbers."""
        return self._stream(request, run, watch, False, past)

    def frames(
        self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past: Sequence[Frame] = ()
    ) -> Iterator[Frame]:
        """As `steps`, each state decoded to pictures, on the GPU as well."""
        return self._stream(request, run, watch, True, past)

    def cancel(self, run: str) -> bool:
        """End the run of this name; the GPU is given back when the step that it is in has ended."""
        return self._desk.cancel(run)

    def cost(self, steps: int) -> int:
        """Whole seconds of GPU that a run of so many steps asks for, by the slowest of the recent runs of any kind."""
        slowest = [max(tuple(seconds), default=STEP) for seconds in tuple(self._steps.values())]
        return _asked(max(slowest, default=STEP), steps)

    def _stream(
        self, request: Request, run: str | None, watch: Watch, pictures: bool, past: Sequence[Frame]
    ) -> Iterator:
        self._here.steps(request, None, watch)  # is begun by nobody, but refuses what cannot be run
        visitor = contextvars.copy_context()  # whose GPU time it is, is found in it

        def produce(outlet: Outlet) -> None:
            visitor.run(self._pull, outlet, request, watch, pictures, past)

        return self._desk.stream(produce, run)

    def _pull(self, outlet: Outlet, request: Request, watch: Watch, pictures: bool, past: Sequence[Frame]) -> None:
        """Hand on what comes from the worker. Raises BrokenRun where there is no GPU to be had."""
        borrowed = self._borrowed(request, watch, pictures, past)
        try:
            for item in borrowed:
                if isinstance(item, Exception):
                    raise item
                last = item.index == item.total
                if last:
                    self._seconds(request, watch, pictures).append(item.seconds / item.total)
                outlet(item, last=last)
        except Exception as error:
            raise told(error) from error
        finally:
            borrowed.close()

    def _on_gpu(self, request: Request, watch: Watch, pictures: bool, past: Sequence[Frame]) -> Iterator:
        """In the worker: the run. What it says when it breaks is its last item, for else only its class would cross."""
        engine = self._there
        try:
            yield from (engine.frames if pictures else engine.steps)(request, None, watch, past)
        except (BrokenRun, BadRequest) as error:
            yield error

    def _duration(self, request: Request, watch: Watch, pictures: bool, past: Sequence[Frame]) -> int:
        """Whole seconds of GPU to ask for: the slowest step of recent runs like this one, for each of its steps."""
        step = max(self._seconds(request, watch, pictures), default=STEP)
        return _asked(step, request.steps - (request.at if past else 0))

    def _seconds(self, request: Request, watch: Watch, pictures: bool) -> deque[float]:
        like = (request.width, request.height, request.guidance > 1, watch, pictures)
        return self._steps.setdefault(like, deque(maxlen=REMEMBERED))


def _asked(step: float, steps: int) -> int:
    """Whole seconds of GPU for so many steps of `step` seconds."""
    return math.ceil(SETUP + MARGIN * step * steps)


def told(error: Exception) -> Exception:
    """What `spaces` raises, by its title, as a BrokenRun with one sentence; any other error as it is."""
    title, said = getattr(error, "title", None), str(getattr(error, "message", error))
    if not isinstance(title, str) or not title.startswith("ZeroGPU"):
        return error
    sentences = {
        "ZeroGPU quota exceeded": _spent(said),
        "ZeroGPU queue timeout": "No GPU was free within a minute; nothing is lost of what was asked, so try again.",
        "ZeroGPU illegal duration": "This run would need a GPU for longer than one run may; ask for fewer steps.",
        "ZeroGPU pending credits exceeded": "Your other runs hold all of your GPU time; try again when one has ended.",
        "ZeroGPU client error": "No GPU is to be had at the moment; nothing is lost of what was asked, so try again.",
    }
    broke = "out of the time that it had asked for" if "aborted" in said else f"broken inside ({said})"
    return BrokenRun(sentences.get(title, f"The run ended on the GPU before it was through, {broke}; try again."))


def _spent(said: str) -> str:
    asked, wait = re.search(r"\((\d+)s requested vs\. (-?\d+)s left\)", said), re.search(r"again in ([\d:]+)", said)
    if asked is None:
        return "The GPU time of this page's visitors is spent for now; sign in to Hugging Face, or come back later."
    when = f" in {wait[1]} (hours, minutes, seconds)" if wait else " later"
    return (
        f"Your GPU time for today is nearly spent: this run may take {asked[1]} s, and {asked[2]} s are left; ask for "
        f"fewer steps, or try again{when}."
    )
