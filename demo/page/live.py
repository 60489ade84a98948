"""The runs of all visitors: checked, in line, drawn one after the other, told message by message, packed as a GIF.

One thread draws and one packs; whoever watches only reads what they have put into the store, so a connection that
breaks costs nobody a run, and the next run begins when the denoiser is free. Knows nothing of Gradio, so the page and
the API share it and tests drive it directly.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import cast

from cachetools import TTLCache

from demo.engine.api import Abilities, BrokenRun, Engine
from demo.page.line import Line
from demo.page.prompts import Prompts
from demo.page.visit import Visit, until_checked
from demo.run import export, messages
from demo.run.store import KEY, NO_KEY, TAKEN, Runs
from demo.run.trace import STATES_ONLY, BadRequest, Request, Watch, whole

FIELDS = ("prompt", "seed", "steps", "guidance", "scheduler", "negative_prompt", "width", "height")
REPAIR = 16  # messages in one answer
# Seconds without a reader after which a run ends: twice the silence after which the browser asks for what is missing,
# so a broken stream is never taken for a visitor who left, and one who left does not hold the line for long.
LEASE = 12.0
LOOK = 1.0  # seconds between two looks at who is still there
REMEMBERED = 600.0  # seconds that a refusal, and a stop that came before its run, are kept
MOST_REMEMBERED = 4096
FULL = "The line is full: {} runs are waiting already. Nothing you typed is lost, try again in a minute."
NO_GIF = "The GIF could not be written on the server; every step is here all the same."
LEFT = "The run was stopped because nobody waited for it."
EVERYTHING = Watch(word_maps=True, guesses=True)
log = logging.getLogger(__name__)


def always() -> bool:
    """Whoever iterates is there."""
    return True


class Live:
    """The runs of all visitors on one engine; `waiting` of them may stand behind the one that is drawn.
    Where a safety checker has the last word, nothing but the noise is told before it, unless `unchecked`."""

    def __init__(self, engine: Engine, runs: Runs, waiting: int = 32, unchecked: bool = False):
        self.engine, self.runs, self.prompts = engine, runs, Prompts(engine)
        self._line: Line[Visit] = Line(waiting, self._placed)
        self._visits: dict[str, Visit] = {}  # those under way
        self._refused: TTLCache[str, list[str]] = TTLCache(MOST_REMEMBERED, REMEMBERED)
        self._stopped: TTLCache[str, bool] = TTLCache(MOST_REMEMBERED, REMEMBERED)  # before they arrived
        self._lock, self._hold = threading.Lock(), engine.abilities.checked and not unchecked
        self._packer = ThreadPoolExecutor(1, "pack")
        self._working = False

    async def watch(self, asked, present: Callable[[], bool] = always) -> AsyncGenerator[str, None]:
        """The messages of one run, from raw form values; never raises, trouble is a message too.

        Leaving does not end the run: it is followed by `missing` from there on, or ends when its lease is over.
        `present` tells whether somebody reads what is yielded here.
        """
        visit = await asyncio.to_thread(self.start, asked)
        if isinstance(visit, str):
            yield visit
            return
        async for text in visit.follow(present, LOOK):
            yield text

    async def generate(self, request: Request, present: Callable[[], bool] = always) -> tuple[Path, Path, dict]:
        """The whole run at once: the final picture (PNG), the GIF, the trace. The files stay while the run is kept.

        Raises BadRequest where the line is full or nobody was `present` any more, and whatever the engine raises.
        """
        visit = self._visit(secrets.token_urlsafe(18), request, None)
        try:
            await visit.over(present, LOOK)
        finally:
            self._end(visit)  # where the caller was cancelled
        return await asyncio.to_thread(self._files, visit)

    def start(self, asked) -> Visit | str:
        """Open the run that the form `asked` for, under the key it brings, and put it in line.

        What cannot be run is refused: the message that says why, which `missing` gives out as well.
        """
        key = asked.get("run") if isinstance(asked, dict) else None
        if not isinstance(key, str) or not KEY.fullmatch(key):
            return messages.trouble(None, 0, NO_KEY)
        try:
            request = checked(asked, self.engine.abilities)
            tokens = self.prompts.tokens(request.prompt)
            unknown = self._unknown(request.prompt)
            return self._visit(key, request, (self.engine.model, unknown, tokens))
        except Taken:
            return messages.trouble(key, 0, TAKEN)
        except Exception as error:
            refusal = messages.trouble(key, 0, sentence(error), field=getattr(error, "field", None))
            with self._lock:
                self._refused[key] = [refusal]
            return refusal

    def stop(self, key) -> dict:
        """{"stopped"}: True where the run ends after the step it is in, or as soon as it arrives."""
        if not isinstance(key, str) or not KEY.fullmatch(key):
            return {"stopped": False}
        with self._lock:
            visit = self._visits.get(key)
            if visit is None:
                here = self.runs.get(key) is not None or key in self._refused
                if not here:
                    self._stopped[key] = True
                return {"stopped": not here}
        self._end(visit)
        return {"stopped": True}

    def missing(self, key, first) -> dict:
        """{"messages", "alive", "known"}: those of a run from number `first` on, at most REPAIR, as they were sent.

        alive: more may come. known: there is such a run, or was one not long ago, or it was refused. Raises BadRequest.
        """
        first = whole("The first message", first, 0, 10**6)
        with self._lock:
            told = self._refused.get(key) if isinstance(key, str) else None
            visit = self._visits.get(key) if isinstance(key, str) else None
        if told is not None:
            return {"messages": told[first : first + REPAIR], "alive": False, "known": True}
        if visit is not None:
            visit.seen = time.monotonic()
        run = visit.run if visit is not None else self.runs.get(key)
        if run is None:
            return {"messages": [], "alive": False, "known": False}
        alive = not run.ended  # before the messages are read, so that "not alive" means that these are the last
        return {"messages": run.messages[first : first + REPAIR], "alive": alive, "known": True}

    def _visit(self, key: str, request: Request, begin: tuple | None) -> Visit:
        """A run in the store and in line; it begins to be told with `begin` (None: nothing is told of it).

        Raises Taken, and BadRequest where the line is full.
        """
        with self._lock:
            if key in self._visits or key in self._refused or self.runs.get(key) is not None:
                raise Taken
            if self._line.full:
                raise BadRequest(FULL.format(self._line.most))
            visit = self._visits[key] = Visit(self.runs.open(request, key), self.runs, told=begin is not None)
            if begin is not None:
                visit.heard = heard(begin[-1])
                visit.tell(messages.begin, request, *begin)
            if not self._stopped.pop(key, False):
                self._line.join(visit)
                self._work()
                return visit
        visit.run.stop.set()
        self._spared(visit)
        return visit

    def _work(self) -> None:
        if not self._working:
            self._working = True
            for work in (self._draw_all, self._look_after):
                threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def _draw_all(self) -> None:
        while True:
            visit = self._line.first()
            if visit is None:
                continue
            try:
                self._draw(visit)
            finally:
                self._line.leave(visit)
            self._packer.submit(self._pack, visit)

    def _draw(self, visit: Visit) -> None:
        """Every state of a run, until its end or until nobody wants it; then it says that the denoiser is free."""
        run = visit.run
        try:
            if not run.stop.is_set():
                watch = EVERYTHING if visit.told else STATES_ONLY
                frames = visit.context.run(self.engine.frames, run.request, run.key, watch)
                with closing(cast(Generator, frames)):  # which ends the run, where nobody wants the rest
                    for frame in until_checked(frames) if self._hold else frames:
                        visit.draw(frame)
                        if run.stop.is_set():
                            break
        except Exception as error:
            visit.broke(error)
        if visit.error is None:
            visit.tell(messages.drawn, len(visit.frames), stopped=len(visit.frames) <= run.request.steps)

    def _pack(self, visit: Visit) -> None:
        """What can only be said when the last state is there; then the run has ended."""
        try:
            if visit.error is not None:
                raise visit.error
            if visit.told:
                stopped = len(visit.frames) <= visit.run.request.steps
                visit.tell(messages.done, visit.frames, *_packed(visit), stopped=stopped)
        except Exception as error:
            visit.tell(messages.trouble, sentence(error), count=len(visit.frames))
        finally:
            self._close(visit)

    def _look_after(self) -> None:
        """Ends the runs whose lease is over."""
        while True:
            self._line.first()
            time.sleep(LOOK)
            for visit in self._line.members():
                if time.monotonic() - visit.seen > LEASE:
                    self._end(visit)

    def _end(self, visit: Visit) -> None:
        """Let a run end after the step it is in; at once where it still waits."""
        if visit.run.ended:
            return
        visit.run.stop.set()
        self.engine.cancel(visit.run.key)
        if self._line.leave(visit, waiting=True):
            self._spared(visit)

    def _spared(self, visit: Visit) -> None:
        """The end of a run that never reached the denoiser."""
        visit.tell(messages.drawn, 0, stopped=True)
        self._packer.submit(self._pack, visit)

    def _close(self, visit: Visit) -> None:
        with self._lock:
            self._visits.pop(visit.run.key, None)
        self.runs.close(visit.run)
        visit.wake()

    def _placed(self, visit: Visit, ahead: int) -> None:
        visit.tell(messages.waiting, ahead)

    def _files(self, visit: Visit) -> tuple[Path, Path, dict]:
        """Of a run that was not told: its picture, its GIF, its trace."""
        run, frames = visit.run, visit.frames
        if visit.error is not None:
            raise visit.error
        if len(frames) <= run.request.steps:
            raise BadRequest(LEFT)
        picture, gif = run.path(".png"), run.path(".gif")
        export.png(frames[-1], run.request, picture)
        export.film(frames, run.request, gif)
        self.runs.weigh(run)
        return picture, gif, self.engine.trace(run.request, frames).to_json()

    def _unknown(self, prompt: str) -> list[str] | None:
        return None if self.engine.abilities.vocabulary is None else list(self.engine.unknown_words(prompt))


class Taken(Exception):
    """The key is in use."""


def heard(tokens: list[dict] | None) -> int | None:
    """How many tokens somebody may ask about: behind the end sign there is only padding. None: all, or unknown."""
    return None if tokens is None else sum(token["kind"] not in ("padding", "cut") for token in tokens)


def checked(asked, able: Abilities) -> Request:
    """Raw form values by name -> Request; what is absent is the model's own. Raises BadRequest."""
    if not isinstance(asked, dict):
        raise BadRequest("Nothing was asked: the form arrived empty.")
    given = {name: asked[name] for name in FIELDS[1:] if name in asked}
    return able.request(asked.get("prompt"), **given)


def sentence(error: Exception) -> str:
    """What a visitor is told of `error`; whatever a model may raise becomes one sentence, and the log has the rest."""
    if isinstance(error, BadRequest):
        return str(error)
    log.error("a run failed", exc_info=error)
    if isinstance(error, BrokenRun):
        return str(error)
    return f"Something broke inside the run ({type(error).__name__}); nothing is lost of what was asked, so try again."


def _packed(visit: Visit) -> tuple[str | None, int, str | None]:
    """The GIF of a run, its bytes, and no note; a full disk costs the GIF and not the run, and then a note says so."""
    if not visit.frames:
        return None, 0, None
    try:
        path = visit.run.path(".gif")
        export.film(visit.frames, visit.run.request, path)
        return str(path), path.stat().st_size, None
    except OSError as error:
        log.error("a GIF could not be written", exc_info=error)
        return None, 0, NO_GIF
