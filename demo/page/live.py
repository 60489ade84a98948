"""One visitor's run, from what was typed to the last message: checked, in line, shown step by step, packed as a GIF.

Given an engine and a store of runs. Knows nothing of Gradio, so the page and the API share it and tests drive it
directly.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.page.numbers import Reading
from demo.page.turns import Turns
from demo.run import export, messages
from demo.run.store import Run, Runs
from demo.run.trace import BadRequest, Request, Watch

FIELDS = ("prompt", "seed", "steps", "guidance", "scheduler")
PATIENCE = 1.0  # seconds between two looks at the line: how fast a visitor who left while waiting is noticed
REPAIR = 16  # frames in one answer
NO_GIF = "The GIF could not be written on the server; every step is here all the same."
EVERYTHING = Watch(word_maps=True, guesses=True)
log = logging.getLogger(__name__)


class Live:
    """The runs of all visitors on one engine."""

    def __init__(self, engine, runs: Runs):
        self.engine, self.runs, self._turns = engine, runs, Turns()
        self.reading = Reading(engine)

    def watch(self, asked) -> Iterator[str]:
        """The messages of one run, from raw form values; never raises, trouble is a message too."""
        try:
            request = checked(asked, self.engine.abilities.guidance)
        except BadRequest as error:
            yield messages.trouble(None, 0, str(error), field=error.field)
            return
        with self._place(request) as (run, ticket):
            tokens = self.reading.tokens(request.prompt)
            yield self._tell(run, messages.begin, request, self.engine.model, self._unknown(request.prompt), tokens)
            try:
                yield from self._wait(run, ticket)
                yield from self._show(run, tokens)
            except Exception as error:
                yield self._tell(run, messages.trouble, sentence(error), count=len(run.frames))

    def generate(self, request: Request) -> tuple[Path, Path, dict]:
        """The whole run at once: the final picture (PNG), the GIF, the trace. The files stay while the run is kept."""
        with self._place(request) as (run, ticket):
            for _ in self._wait(run, ticket):
                pass
            frames = list(self.engine.frames(request, run.key))
            picture, gif = run.path(".png"), run.path(".gif")
            export.png(frames[-1], request, picture)
            export.gif(frames, request, gif)
            return picture, gif, self.engine.trace(request, frames).to_json()

    def stop(self, key) -> bool:
        """Ask a run to end after the step it is in; False where no such run is under way."""
        run = self.runs.get(key)
        if run is None or run.ended:
            return False
        self._end(run)
        return True

    def missing(self, key, first) -> dict:
        """Frames `first`, `first` + 1, ... of a run as they were sent, at most REPAIR; and whether it is under way."""
        run = self.runs.get(key)
        if run is None or isinstance(first, bool) or not isinstance(first, int) or first < 0:
            return {"frames": [], "alive": False}
        frames = [message for message in run.messages if json.loads(message)["kind"] == "frame"]
        return {"frames": frames[first : first + REPAIR], "alive": not run.ended}

    @contextmanager
    def _place(self, request: Request):
        """A run in the store and a ticket in the line; on leaving, for whatever reason, the run stops."""
        run, ticket = self.runs.open(request), self._turns.join()
        try:
            yield run, ticket
        finally:
            self._end(run)
            self._turns.leave(ticket)
            self.runs.close(run)

    def _end(self, run: Run) -> None:
        run.stop.set()
        self.engine.cancel(run.key)

    def _wait(self, run: Run, ticket: object) -> Iterator[str]:
        ahead = self._turns.ahead(ticket)
        while ahead and not run.stop.is_set():
            yield self._tell(run, messages.waiting, ahead)
            ahead = self._turns.wait(ticket, run.stop, PATIENCE)

    def _show(self, run: Run, tokens: list[dict] | None) -> Iterator[str]:
        heard = None if tokens is None else sum(token["kind"] not in ("padding", "cut") for token in tokens)
        frames = run.frames
        for frame in () if run.stop.is_set() else self.engine.frames(run.request, run.key, EVERYTHING):
            yield self._tell(run, messages.frame, frame, frames[-1] if frames else None, heard, keep=frame)
        stopped = len(frames) <= run.request.steps
        packed = _packed(run) if frames else ()
        yield self._tell(run, messages.done, frames, *packed, stopped=stopped)

    def _tell(self, run: Run, make, *what, keep=None, **more) -> str:
        message = make(run.key, len(run.messages), *what, **more)
        self.runs.add(run, message, keep)
        return message

    def _unknown(self, prompt: str) -> list[str] | None:
        return None if self.engine.abilities.vocabulary is None else list(self.engine.unknown_words(prompt))


def _packed(run: Run) -> tuple[str | None, int, str | None]:
    """The GIF of a run, its bytes, and no note; a full disk costs the GIF and not the run, and then a note says so."""
    try:
        path = run.path(".gif")
        export.gif(run.frames, run.request, path)
        return str(path), path.stat().st_size, None
    except OSError as error:
        log.error("a GIF could not be written", exc_info=error)
        return None, 0, NO_GIF


def checked(asked, guidance: float) -> Request:
    """Raw form values by name -> Request; what is absent takes its default, or `guidance`. Raises BadRequest."""
    if not isinstance(asked, dict):
        raise BadRequest("Nothing was asked: the form arrived empty.")
    given = {name: asked[name] for name in FIELDS[1:] if name in asked}
    return Request.checked(asked.get("prompt"), **given, own=guidance)


def sentence(error: Exception) -> str:
    """What a visitor is told of `error`; whatever a model may raise becomes one sentence, and the log has the rest."""
    if isinstance(error, BadRequest):
        return str(error)
    log.error("a run failed", exc_info=error)
    return f"Something broke inside the run ({type(error).__name__}); nothing is lost of what was asked, so try again."
