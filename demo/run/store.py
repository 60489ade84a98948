"""The recent runs: what was sent to the browser, so that it can be sent again, the exact frames, the files left behind.

Knows folders, bytes and clocks; nothing of models, pages or what a message says. Everything here is bounded: the runs
together by bytes, each by age, and a run that leaves the store takes its folder with it. When room is short, the frames
of the oldest go first: without them a run can still be sent again and its files fetched.
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from demo.run.trace import Frame, Request

MAX_BYTES = 192 * 2**20


@dataclass(eq=False)
class Run:
    """One visitor's run. `key` cannot be guessed: who holds it may stop the run and read its frames."""

    request: Request
    folder: Path
    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    stop: threading.Event = field(default_factory=threading.Event)
    messages: list[str] = field(default_factory=list)  # one per frame, in order, the noise first
    frames: list[Frame] = field(default_factory=list)  # the same, exact; empty again where room was short
    began: float = field(default_factory=time.monotonic)
    ended: bool = False
    told: int = 0  # bytes of the messages
    held: int = 0  # bytes of the frames
    filed: int = 0  # bytes of the files

    @property
    def size(self) -> int:
        """Bytes of everything that is kept of this run."""
        return self.told + self.held + self.filed

    def path(self, suffix: str) -> Path:
        """Where a file of this run goes, named after what was asked: out-of-static-a-blue-cat-seed-7.gif."""
        words = re.sub(r"[^a-z0-9]+", "-", self.request.prompt.lower()).strip("-")[:48].rstrip("-")
        parts = ("out-of-static", words, f"seed-{self.request.seed}")
        folder = self.folder / self.key
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{'-'.join(part for part in parts if part)}{suffix}"


class Runs:
    """A byte-capped store of runs in `folder`; safe to use from several threads."""

    def __init__(self, folder: Path, keep_seconds: float = 3600, max_bytes: int = MAX_BYTES):
        self.folder, self.keep_seconds, self.max_bytes = Path(folder), keep_seconds, max_bytes
        self._runs: dict[str, Run] = {}  # oldest first
        self._lock = threading.Lock()
        self._sweep_folder()

    def open(self, request: Request, key: str | None = None) -> Run:
        """A new run of this key (None: one is minted), and room for it."""
        run = Run(request, self.folder) if key is None else Run(request, self.folder, key)
        with self._lock:
            self._runs[run.key] = run
        self._make_room()
        return run

    def get(self, key) -> Run | None:
        """The run with this key, None where there is none (any more)."""
        with self._lock:
            return self._runs.get(key) if isinstance(key, str) else None

    def add(self, run: Run, message: str, frame: Frame | None = None) -> None:
        """Keep one frame's message, and the frame itself, for as long as there is room."""
        run.messages.append(message)
        run.told += len(message)
        if frame is not None:
            run.frames.append(frame)
            run.held += weight(frame)

    def close(self, run: Run) -> None:
        """The run is over: no frame is added any more, and from now on it may be dropped to make room."""
        run.ended = True
        self.weigh(run)

    def weigh(self, run: Run) -> None:
        """A file of the run was written: count it. What was written for a run that is gone goes too."""
        folder = self.folder / run.key
        run.filed = sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0
        self._make_room()
        if self.get(run.key) is None:
            shutil.rmtree(folder, ignore_errors=True)

    def _make_room(self) -> None:
        """While the store is too heavy: frames of ended runs go, oldest first, then runs. All that are too old go."""
        with self._lock:
            spare = sum(run.size for run in self._runs.values()) - self.max_bytes
            deadline = time.monotonic() - self.keep_seconds
            ended = [run for run in self._runs.values() if run.ended]
            for run in ended:
                if spare > 0 and run.held:
                    spare -= run.held
                    run.frames, run.held = [], 0  # a new list: whoever is reading the old one reads on
            gone = []
            for run in ended:
                if spare > 0 or run.began < deadline:
                    gone.append(run)
                    spare -= run.size
            for run in gone:
                del self._runs[run.key]
        for run in gone:
            shutil.rmtree(self.folder / run.key, ignore_errors=True)

    def _sweep_folder(self) -> None:
        """Remove what an earlier process left here and nobody can ask for any more."""
        deadline = time.time() - self.keep_seconds
        for left in self.folder.iterdir() if self.folder.is_dir() else ():
            if left.is_dir() and left.stat().st_mtime < deadline:
                shutil.rmtree(left, ignore_errors=True)


def weight(frame: Frame) -> int:
    """Bytes of a frame's arrays, those of its step included."""
    values = [*vars(frame).values(), *(vars(frame.step).values() if frame.step else ())]
    return sum(getattr(value, "nbytes", 0) for value in values)
