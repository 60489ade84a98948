"""The runs of all visitors: checked, in line, drawn a few at a time, told message by message, packed as a GIF.

A thread for each place draws and one packs; whoever watches only reads what they have put into the store, so a
connection that breaks costs nobody a run, and the next run begins when the denoiser is free. Knows nothing of Gradio,
so the page and the API share it and tests drive it directly.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import cast

from cachetools import TTLCache

from demo.engine.api import BrokenRun, Engine
from demo.page import journal, packing
from demo.page.asked import checked, heard
from demo.page.limits import NOBODY, Limits, Who
from demo.page.line import Line
from demo.page.prompts import Prompts
from demo.page.tempo import Tempo
from demo.page.visit import Visit, always, until_checked
from demo.run import messages
from demo.run.store import KEY, NO_KEY, TAKEN, Runs
from demo.run.trace import STATES_ONLY, BadRequest, Frame, Request, Watch, whole

REPAIR = 16  # messages in one answer
# Seconds without a reader after which a run ends: twice the silence after which the browser asks for what is missing,
# so a broken stream is never taken for a visitor who left, and one who left does not hold the line for long.
LEASE = 12.0
LOOK = 1.0  # seconds between two looks at who is still there
REMEMBERED = 600.0  # seconds that a refusal, and a stop that came before its run, are kept
MOST_REMEMBERED = 4096
FULL = "The line is full: {} runs are waiting already. Nothing you typed is lost, try again in {}."
GOING = "The page is being restarted. What was drawn is here, and nothing you typed is lost; go on in a minute."
CLOSING = 3.5  # seconds in which runs may come to the end of their step
FLUSH = 0.5  # seconds for the last messages to leave
EVERYTHING = Watch(word_maps=True, guesses=True, outputs=True)
log = logging.getLogger(__name__)


class Live:
    """The runs of all visitors on one engine; `waiting` of them may stand behind those that are drawn.
    Where a safety checker has the last word, nothing but the noise is told before it, unless `unchecked`."""

    def __init__(
        self, engine: Engine, runs: Runs, waiting: int = 32, unchecked: bool = False, limits: Limits | None = None
    ):
        self.engine, self.runs, self.prompts = engine, runs, Prompts(engine)
        places = engine.places
        self._tempo, self._line = Tempo(places), Line[Visit](waiting, self._placed, places)
        self._visits: dict[str, Visit] = {}  # those under way
        self._refused: TTLCache[str, list[str]] = TTLCache(MOST_REMEMBERED, REMEMBERED)
        self._stopped: TTLCache[str, bool] = TTLCache(MOST_REMEMBERED, REMEMBERED)  # before they arrived
        self._lock, self._hold = threading.Lock(), engine.abilities.checked and not unchecked
        self._drawn: SimpleQueue[Visit] = SimpleQueue()  # to be packed
        self._shut = self._working = False
        self._limits = limits or Limits(10**9, 10**9)

    async def watch(self, asked, present: Callable[[], bool] = always, who: Who = NOBODY) -> AsyncGenerator[str, None]:
        """The messages of one run, from raw form values; never raises, trouble is a message too.

        Leaving does not end the run: it is followed by `missing` from there on, or ends when its lease is over.
        `present` tells whether somebody reads what is yielded here.
        """
        visit = await asyncio.to_thread(self.start, asked, who)
        if isinstance(visit, str):
            yield visit
            return
        async for text in visit.follow(present, LOOK):
            yield text

    async def generate(
        self, request: Request, present: Callable[[], bool] = always, who: Who = NOBODY
    ) -> tuple[Path, Path, dict]:
        """The whole run at once: the final picture (PNG), the GIF, the trace. The files stay while the run is kept.

        Raises BadRequest where the line is full or nobody was `present` any more, and whatever the engine raises.
        """
        visit = self._visit(secrets.token_urlsafe(18), request, None, who)
        try:
            await visit.over(present, LOOK)
        finally:
            self._end(visit)  # where the caller was cancelled
        return await asyncio.to_thread(packing.files, visit, self.runs, self.engine)

    def start(self, asked, who: Who = NOBODY) -> Visit | str:
        """Open the run that the form `asked` for, under the key it brings, and put it in line.

        What cannot be run is refused: the message that says why, which `missing` gives out as well.
        """
        key = asked.get("run") if isinstance(asked, dict) else None
        if not isinstance(key, str) or not KEY.fullmatch(key):
            return messages.trouble(None, 0, NO_KEY)
        try:
            request, parent = checked(asked, self.engine.abilities, self.runs)
            tokens = self.prompts.tokens(request.prompt)
            unknown = self._unknown(request.prompt)
            return self._visit(key, request, (self.engine.model, unknown, tokens, parent), who)
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
            if visit is None or visit.run.ended:
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

    def shut(self) -> None:
        """End every run with a sentence, what is drawn of it being there, and let none begin; a few seconds at most."""
        with self._lock:
            self._shut, visits = True, list(self._visits.values())
        for visit in visits:
            visit.broke(BadRequest(GOING))
            self._end(visit)
        until = time.monotonic() + CLOSING
        while self._visits and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(FLUSH if visits else 0)

    def _visit(self, key: str, request: Request, begin: tuple | None, who: Who) -> Visit:
        """A run in the store and in line; it begins to be told with `begin` (None: nothing is told of it).

        Raises Taken, and BadRequest where the line is full or `who` asks has asked for too much.
        """
        with self._lock:
            if key in self._visits or key in self._refused or self.runs.get(key) is not None:
                raise Taken
            if self._shut:
                raise BadRequest(GOING)
            if self._line.full:
                raise BadRequest(FULL.format(self._line.most, self._free()))
            self._limits.admit(who, [visit.who for visit in self._line.members()])
            visit = self._visits[key] = Visit(self.runs.open(request, key), self.runs, begin is not None, who)
            if begin is not None:
                *_, tokens, visit.parent = begin
                visit.heard = heard(tokens)
                visit.tell(messages.begin, request, *begin)
            self._work()
            if not self._stopped.pop(key, False):
                self._line.join(visit)
                return visit
        visit.run.stop.set()
        self._spared(visit)
        return visit

    def _work(self) -> None:
        if not self._working:
            self._working = True
            for work in (self._look_after, self._pack_all, *[self._draw_all] * self._line.places):
                threading.Thread(target=work, name=work.__name__, daemon=True).start()

    def _draw_all(self) -> None:
        while True:
            visit = cast(Visit, self._line.turn())
            try:
                self._draw(visit)
            finally:
                self._line.leave(visit)
            self._drawn.put(visit)

    def _pack_all(self) -> None:
        while True:
            try:
                self._pack(self._drawn.get())
            except Exception:  # the next run is to be packed all the same
                log.exception("a run could not be closed")

    def _draw(self, visit: Visit) -> None:
        """Every state of a run, until its end or until nobody wants it; then it says that the denoiser is free."""
        run, begun = visit.run, self._tempo.begin(time.monotonic())
        try:
            if not run.stop.is_set():
                watch = EVERYTHING if visit.told else STATES_ONLY
                frames = visit.context.run(self.engine.frames, run.request, run.key, watch, self._past(visit))
                with closing(cast(Generator, frames)):  # which ends the run, where nobody wants the rest
                    for frame in until_checked(frames) if self._hold else frames:
                        visit.draw(frame)
                        if run.stop.is_set():
                            break
        except Exception as error:
            visit.broke(error)
        self._tempo.end(time.monotonic(), begun, 0 if visit.error else len(visit.frames))
        if visit.error is None:
            visit.tell(messages.drawn, len(visit.frames), stopped=len(visit.frames) <= run.request.steps)

    def _past(self, visit: Visit) -> list[Frame]:
        """Of the run that a branch leaves: what is kept. Without it the engine draws that run anew."""
        left = self.runs.get(visit.parent)
        return [] if left is None else left.frames[: visit.run.request.at + 1]

    def _pack(self, visit: Visit) -> None:
        """What can only be said when the last state is there; then the run has ended."""
        try:
            if visit.error is not None:
                raise visit.error
            if visit.told:
                stopped = len(visit.frames) <= visit.run.request.steps
                visit.tell(messages.done, visit.frames, *packing.gif(visit), stopped=stopped, last=True)
        except Exception as error:
            visit.tell(messages.trouble, sentence(error), count=len(visit.frames), last=True)
        finally:
            self._close(visit)

    def _look_after(self) -> None:
        """Ends the runs whose lease is over."""
        while True:
            self._line.wait()
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
        self._drawn.put(visit)

    def _close(self, visit: Visit) -> None:
        with self._lock:
            self._visits.pop(visit.run.key, None)
        self.runs.close(visit.run)
        visit.wake()
        journal.write(visit)

    def _placed(self, visit: Visit, before: list[Visit]) -> None:
        ends = len(before) - self._line.places + 1  # of runs, before it is its turn
        visit.tell(messages.waiting, ends, self._tempo.expected(before))

    def _free(self) -> str:
        """When the next run ends, which is when one more may wait."""
        seconds = self._tempo.expected(self._line.members()[: self._line.places])
        return "a minute" if seconds is None else f"about {max(1, round(seconds))} s"

    def _unknown(self, prompt: str) -> list[str] | None:
        return None if self.engine.abilities.vocabulary is None else list(self.engine.unknown_words(prompt))


class Taken(Exception):
    """The key is in use."""


def sentence(error: Exception) -> str:
    """What a visitor is told of `error`; whatever a model may raise becomes one sentence, and the log has the rest."""
    if isinstance(error, BadRequest):
        return str(error)
    log.error("a run failed", exc_info=error)
    if isinstance(error, BrokenRun):
        return str(error)
    return f"Something broke inside the run ({type(error).__name__}); nothing is lost of what was asked, so try again."
