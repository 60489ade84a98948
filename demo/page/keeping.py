"""Files of a run to take home, packed one after the other while the denoiser goes on.

A visitor asks for a file, then how far it is, and may drop it; what nobody asks about any more is dropped, too. A job
is named by a key, which cannot be guessed, as a run is. Knows no Gradio.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cachetools import TTLCache

from demo.engine.api import Engine
from demo.page.answers import BUSY, GONE, Busy
from demo.page.prompts import Prompts
from demo.run import bundle, capsule, export
from demo.run.films import Cut, Stopped
from demo.run.records import Answers
from demo.run.store import Run, Runs, new_key
from demo.run.trace import BadRequest, Frame
from demo.run.values import one_of

KINDS = {
    "gif": "GIF",
    "webp": "WebP",
    "mp4": "MP4",
    "png": "PNG",
    "strip": "Film strip",
    "zip": "ZIP",
    "html": "Capsule",
    "json": "Recorded run",
}
WAITING = 8  # jobs at once, the one that is packed included
LEASE = 15.0  # seconds without a question after which a job is dropped
REMEMBERED = 300.0  # seconds that an answer is kept
NO_DISK = "The file could not be written: the server's disk is full or broken. The run is still here, whole."
BROKEN = "Something broke while the file was packed ({}). The run is still here, whole."
DROPPED = "This file is no longer being packed; ask for it again."
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """One file on its way. share: of the work, done; answer: what the visitor is told at the end."""

    run: Run
    kind: str
    step: object
    cut: Cut
    key: str = field(default_factory=new_key)
    share: float = 0.0
    seen: float = field(default_factory=time.monotonic)
    stop: bool = False
    answer: dict[str, Any] | None = None

    def tick(self, share: float) -> None:
        """How far it is. Raises Stopped where nobody wants it any more."""
        self.share = share
        if self.stop or time.monotonic() - self.seen > LEASE:
            raise Stopped


class Keeping:
    """The files that visitors ask for. Trouble is a BadRequest; `facts()` is what a page is told of the model."""

    def __init__(self, engine: Engine, runs: Runs, prompts: Prompts, facts: Callable[[], dict[str, Any]]):
        self._engine, self._runs, self._prompts, self._facts = engine, runs, prompts, facts
        self._packer = ThreadPoolExecutor(1, "keep")
        self._jobs: TTLCache[str, Job] = TTLCache(1024, REMEMBERED)
        self._lock = threading.Lock()

    def keep(self, run, kind, step, view, speed, hold, size, loop) -> dict:
        """{"job"}: a file of this run is on its way; of one visitor's run one at a time, a new one drops the other."""
        kept = self._runs.get(run)
        kind = one_of("The file", kind, KINDS)
        cut = Cut.checked(view or ("state" if kind in ("png", "strip") else None), speed, hold, size, loop)
        if kept is None or (kept.ended and not kept.frames):
            raise BadRequest(GONE)
        if not kept.ended:
            raise BadRequest("This run is still under way.")
        export.picked(step if kind == "png" else None, kept.frames)
        job = Job(kept, kind, step, cut)
        with self._lock:
            under_way = [one for one in self._jobs.values() if one.answer is None]
            for other in under_way:
                other.stop |= other.run is kept
            if sum(not one.stop for one in under_way) >= WAITING:
                raise Busy(BUSY)
            self._jobs[job.key] = job
        self._packer.submit(self._pack, job, kept.frames)
        return {"job": job.key}

    def kept(self, job) -> dict:
        """{"share"} while it is packed, [0, 1]; then {"file", "name", "bytes"}, or {"error"} in a sentence."""
        found = self._job(job)
        found.seen = time.monotonic()
        return found.answer or {"share": round(found.share, 3)}

    def drop(self, job) -> dict:
        """{"dropped"}: nobody wants it any more."""
        found = self._job(job)
        found.stop = True
        return {"dropped": True}

    def _job(self, key) -> Job:
        with self._lock:
            job = self._jobs.get(key) if isinstance(key, str) else None
        if job is None:
            raise BadRequest(DROPPED)
        return job

    def _pack(self, job: Job, frames: list[Frame]) -> None:
        try:
            job.tick(0.0)
            path = self._file(job, frames)
            answer = {"file": str(path), "name": path.name, "bytes": path.stat().st_size}
            self._runs.weigh(job.run)
            job.answer = answer if path.exists() else {"error": GONE}
        except Stopped:
            job.answer = {"error": DROPPED}
        except BadRequest as error:
            job.answer = {"error": str(error)}
        except OSError as error:
            log.error("a file could not be kept", exc_info=error)
            job.answer = {"error": NO_DISK}
        except Exception as error:
            log.error("packing failed", exc_info=error)
            job.answer = {"error": BROKEN.format(type(error).__name__)}

    def _file(self, job: Job, frames: list[Frame]) -> Path:
        run, cut, request = job.run, job.cut, job.run.request
        if job.kind in ("gif", "webp", "mp4"):
            return export.film(frames, request, run.path(f"-{cut.view}.{job.kind}"), cut, job.tick)
        if job.kind == "png":
            frame = export.picked(job.step, frames)
            return export.png(frame, request, run.path(f"-{cut.view}-{frame.index}.png"), cut.view)
        if job.kind == "strip":
            return export.strip(frames, request, run.path(f"-{cut.view}-strip.png"), cut)
        if job.kind == "zip":
            trace = self._engine.trace(request, frames).to_json()
            return export.archive(frames, request, run.path(".zip"), trace, self._record(run), job.tick)
        if job.kind == "json":
            return export.page(self._record(run), run.path(".json"))
        return export.page(
            bundle.capsule(self._record(run, capsule.ROOMY), self._facts(), export.title(request)), run.path(".html")
        )

    def _record(self, run: Run, room: int = capsule.ROOM) -> str:
        return capsule.record(run.messages, self._answers(run.request.prompt), room)

    def _answers(self, prompt: str) -> Answers:
        """What a page would ask about this prompt."""
        if not self._engine.abilities.can("numbers"):
            return capsule.NOTHING
        numbers = self._prompts.numbers(prompt)
        heard = sum(token["kind"] not in ("padding", "cut") for token in numbers["tokens"])
        tokens = [self._prompts.token(prompt, at) for at in range(heard)]
        return Answers(numbers=numbers, tokens=tokens, atlas=self._prompts.atlas())
