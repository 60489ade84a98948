"""The recent runs: what was sent to the browser, so that it can be sent again, and the files a run left behind.

Knows folders, bytes and clocks; nothing of models, pages or what a message says. Everything here is bounded: the runs
together by bytes, each by age, and a run that leaves the store takes its folder with it.
"""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from demo.trace import Request

MAX_BYTES = 192 * 2**20


@dataclass(eq=False)
class Run:
    """One visitor's run. `key` cannot be guessed: who holds it may stop the run and read its frames."""

    request: Request
    folder: Path
    key: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    stop: threading.Event = field(default_factory=threading.Event)
    messages: list[str] = field(default_factory=list)  # one per frame, in order, the noise first
    began: float = field(default_factory=time.monotonic)
    ended: bool = False
    size: int = 0  # bytes: messages and files

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

    def open(self, request: Request) -> Run:
        """A new run, and room for it."""
        run = Run(request, self.folder)
        with self._lock:
            self._runs[run.key] = run
        self._make_room()
        return run

    def get(self, key) -> Run | None:
        """The run with this key, None where there is none (any more)."""
        with self._lock:
            return self._runs.get(key) if isinstance(key, str) else None

    def add(self, run: Run, message: str) -> None:
        """Keep one frame's message for as long as the run is kept."""
        run.messages.append(message)
        run.size += len(message)

    def close(self, run: Run) -> None:
        """The run is over: nothing more is added, and from now on it may be dropped to make room."""
        run.ended = True
        folder = self.folder / run.key
        run.size += sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0
        self._make_room()

    def _make_room(self) -> None:
        """Drop ended runs, oldest first, while the store is too heavy, and all that are too old."""
        with self._lock:
            spare = sum(run.size for run in self._runs.values()) - self.max_bytes
            deadline = time.monotonic() - self.keep_seconds
            gone = []
            for run in self._runs.values():
                if run.ended and (spare > 0 or run.began < deadline):
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
