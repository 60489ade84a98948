"""The recent runs: what was sent to the browser, so that it can be sent again, the exact frames, the files left behind.

Knows folders, bytes and clocks; nothing of models, pages or what a message says. Everything here is bounded: the runs
together by bytes, each by age, and a run that leaves the store takes its folder with it. When room is short, the frames
of the oldest go first: without them a run can still be sent again and its files fetched.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from demo.run.trace import BadRequest, Frame, Request

MAX_BYTES = 192 * 2**20
FILED = 64 * 2**20  # bytes of the files of one run: the oldest go, the last one stays
SWEEP = 60.0  # seconds between two looks at what lies about in the folder
KEY = re.compile(r"[A-Za-z0-9_-]{24}")  # 18 random bytes in base64url
NO_KEY = "A run needs a key of its own: 24 letters, digits, - or _, made by whoever asks."
TAKEN = "There is a run of this name already; ask again under another one."


def new_key() -> str:
    """A key that nobody can guess."""
    return secrets.token_urlsafe(18)


@dataclass(eq=False)
class Run:
    """One visitor's run. `key` cannot be guessed: who holds it may stop the run and read its frames.

    Only the store changes the lists and the numbers; reading them needs no lock.
    """

    request: Request
    folder: Path
    key: str = field(default_factory=new_key)
    stop: threading.Event = field(default_factory=threading.Event)
    messages: list[str] = field(default_factory=list)  # all that were sent, `messages[n]` is number n
    frames: list[Frame] = field(default_factory=list)  # exact, the noise first; empty again where room was short
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
        self._lock = threading.Lock()  # of the dictionary, and of what changes in its runs
        self._swept = -float("inf")
        self._sweep()

    def open(self, request: Request, key: str | None = None) -> Run:
        """A new run under the key that the visitor's browser made (None: one is made here), and room for it.

        Raises BadRequest for a key of another form, and for one that is in use.
        """
        if key is not None and not (isinstance(key, str) and KEY.fullmatch(key)):
            raise BadRequest(NO_KEY)
        run = Run(request, self.folder, key or new_key())
        with self._lock:
            if run.key in self._runs:
                raise BadRequest(TAKEN)
            self._runs[run.key] = run
        self._make_room()
        self._sweep()
        return run

    def get(self, key: object) -> Run | None:
        """The run with this key, None where there is none (any more)."""
        with self._lock:
            return self._runs.get(key) if isinstance(key, str) else None

    def add(self, run: Run, message: str, frame: Frame | None = None, last: bool = False) -> None:
        """Keep the next message, and the frame that it tells of, for as long as there is room.

        With the `last` one the run has ended: whoever has heard it finds it so in what `get` returns.
        """
        with self._lock:
            run.messages.append(message)
            run.told += len(message)
            if frame is not None:
                run.frames.append(frame)
                run.held += weight(frame)
            run.ended |= last

    def withhold(self, run: Run) -> None:
        """Nobody may have the frames of this run any more, nor what could be made of them."""
        with self._lock:
            run.frames, run.held = [], 0

    def close(self, run: Run) -> None:
        """The run is over: nothing is added any more, and from now on it may be dropped to make room."""
        run.ended = True
        self.weigh(run)

    def weigh(self, run: Run) -> None:
        """A file of the run was written: count it. What was written for a run that is gone goes too."""
        folder = self.folder / run.key
        _trim(folder)
        filed = _bytes(folder)
        with self._lock:
            run.filed = filed
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

    def _sweep(self) -> None:
        """Remove folders that nobody can ask for any more: what an earlier process left, or came too late for its run.

        Only those that were not touched for `keep_seconds`: another process may be using its own.
        """
        with self._lock:
            now = time.monotonic()
            if now - self._swept < min(SWEEP, self.keep_seconds):
                return
            self._swept, known = now, set(self._runs)
        deadline = time.time() - self.keep_seconds
        for left in _entries(self.folder):
            with contextlib.suppress(FileNotFoundError):  # whoever it belongs to has just removed it
                if left.name not in known and left.is_dir(follow_symlinks=False) and left.stat().st_mtime < deadline:
                    shutil.rmtree(left.path, ignore_errors=True)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _bytes(folder: Path) -> int:
    """Bytes of the files in a folder; one that is renamed or removed meanwhile counts as it was or not at all."""
    total = 0
    for entry in _entries(folder):
        with contextlib.suppress(FileNotFoundError):
            total += entry.stat(follow_symlinks=False).st_size
    return total


def _trim(folder: Path) -> None:
    """While the files in a folder are more than FILED, the oldest of them goes; the newest stays."""
    found = []
    for entry in _entries(folder):
        with contextlib.suppress(FileNotFoundError):
            if not entry.name.startswith("."):  # one that is being written
                found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry))
    found.sort(key=lambda one: one[0])
    spare = _bytes(folder) - FILED
    for _, entry in found[:-1]:
        if spare <= 0:
            return
        spare -= entry.stat(follow_symlinks=False).st_size
        Path(entry.path).unlink(missing_ok=True)


def weight(frame: Frame) -> int:
    """Bytes of a frame's arrays, those of its step included."""
    values = [*vars(frame).values(), *(vars(frame.step).values() if frame.step else ())]
    return sum(getattr(value, "nbytes", 0) for value in values)
