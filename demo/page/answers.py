"""What the page asks beside the runs, each answered at once: from a run's exact frames (both guesses, what a word
changed, the final touches), or from the engine's reading of a prompt (its numbers, the map of words).

No queue stands before these: each checks what it is given, answers in plain JSON or in one sentence, and the heavy ones
are few at a time. A run is named by its key, which cannot be guessed. Knows no Gradio.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image

from demo.engine.api import Engine, Pixels
from demo.page.prompts import Prompts
from demo.run import export, measure, messages, packed
from demo.run.films import Cut
from demo.run.finish import Finish, Finished, Touch
from demo.run.store import Run, Runs
from demo.run.trace import MAX_PROMPT, MAX_STEPS, MIN_STEPS, BadRequest, Frame, Request, whole, without_word

GONE = "This run is no longer kept; generate it again to go on from here."
UNFINISHED = "The run was stopped before its last step, so there is no picture to finish."
BUSY = "The server has its hands full; one moment."
BROKEN = "Something broke while this was computed ({}); try again."
AT_ONCE = 2  # heavy answers at the same time
PATIENCE = 0.5  # seconds that one of them waits for another to be done before it says so
LARGEST = 2048  # pixels, the longer side of a finished picture
SHOWN = 1024  # pixels, the longer side of a picture that is only looked at
MAP = 64  # places in a row of a map of what changed
TOKENS = 16  # in one word
log = logging.getLogger(__name__)


class Busy(BadRequest):
    """Nothing is wrong with what was asked; it was asked at a busy moment."""


class Hands:
    """So many answers are computed at the same time; `with hands():` raises Busy where none is free soon."""

    def __init__(self, many: int):
        self._free = threading.BoundedSemaphore(many)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        if not self._free.acquire(timeout=PATIENCE):
            raise Busy(BUSY)
        try:
            yield
        finally:
            self._free.release()


def answered(ask: Callable[..., dict], *given) -> dict:
    """`ask(*given)`, or its trouble as {"error": sentence}; whatever a model may raise is one sentence too.

    {"again": True} stands beside it where the same question may be answered a moment later.
    """
    try:
        return ask(*given)
    except Busy as error:
        return {"error": str(error), "again": True}
    except BadRequest as error:
        return {"error": str(error)}
    except Exception as error:
        log.error("an answer failed", exc_info=error)
        return {"error": BROKEN.format(type(error).__name__)}


def without_span(prompt, start, end) -> dict:
    """{"prompt"}: what is left of a prompt without its letters start..end, in code points. Raises BadRequest."""
    if not isinstance(prompt, str) or len(prompt) > MAX_PROMPT:
        raise BadRequest(f"A prompt is text of at most {MAX_PROMPT} characters.")
    start = whole("The start", start, 0, len(prompt))
    return {"prompt": without_word(prompt, start, whole("The end", end, start, len(prompt)))}


class Answers:
    """Answers about the runs of one engine. Every answer is plain JSON; trouble is a BadRequest."""

    def __init__(self, engine: Engine, runs: Runs, prompts: Prompts):
        self._engine, self._runs, self._prompts = engine, runs, prompts
        self.hand = Hands(AT_ONCE)
        self._last: tuple[tuple, Finished] | None = None  # the last finished picture, and what it was made from

    def numbers(self, prompt) -> dict:
        """As Prompts.numbers."""
        return self._read(prompt, self._prompts.numbers)

    def token(self, prompt, index) -> dict:
        """As Prompts.token."""
        return self._read(prompt, self._prompts.token, index)

    def atlas(self) -> dict:
        """As Prompts.atlas."""
        with self.hand():
            return self._prompts.atlas()

    def guesses(self, run, step) -> dict:
        """The guess of a step with the prompt and without it, and as guided, as data URIs.

        {"conditional", "unconditional", "guided"}.
        """
        frames = self._frames(self._run(run))
        frame = frames[whole("The step", step, 0, len(frames) - 1)]
        if frame.step is None or frame.step.conditional is None:
            raise BadRequest("This step has no guess with the prompt and one without it to compare.")
        with self.hand():
            shown = self._engine.guesses(frame.step, self._run(run).request.behind(frame.index))
        return {name: messages.picture(pixels) for name, pixels in shown.items() if pixels is not None}

    def exact(self, run, step) -> dict:
        """A step that was shown as a preview, by the model's own decoder: {"state", "guess"}, data URIs."""
        frames = self._frames(self._run(run))
        frame = frames[whole("The step", step, 0, len(frames) - 1)]
        if frame.step is None:
            raise BadRequest(GONE)
        with self.hand():
            shown = self._engine.exact(frame.step)
        return {name: messages.picture(pixels) for name, pixels in shown.items() if pixels is not None}

    def overlap(self, run, other, tokens) -> dict:
        """How a run differs from `other`, the same without the word of these tokens, step by step.

        `levels` mean change of the guess, 0..255; `overlap` of the word's map with that change, None where there is no
        map; `whole` overlap of the mean map with the change of the final picture, `chance` what two maps share that
        know nothing of each other; `maps` bytes (steps, h, w), each of its own `scale` in levels.
        """
        mine, theirs = self._frames(self._run(run)), self._frames(self._run(other))
        if len(mine) != len(theirs) or mine[0].image.shape != theirs[0].image.shape:
            raise BadRequest("These two runs have not the same steps and size, so they cannot be compared.")
        with self.hand():
            return self._compared(mine, theirs, tokens)

    def _compared(self, mine: list[Frame], theirs: list[Frame], tokens) -> dict:
        heats = [heat(frame, self._tokens(tokens, frame)) for frame in mine]
        changes = [measure.changed(guess(one), guess(two)) for one, two in zip(mine, theirs, strict=True)]
        known = [one for one in heats if one is not None]
        final = measure.changed(mine[-1].image, theirs[-1].image)
        return {
            "levels": [round(float(change.mean()), 3) for change in changes],
            "overlap": [None if h is None else measure.overlap(h, c) for h, c in zip(heats, changes, strict=True)],
            "whole": measure.overlap(np.mean(known, axis=0), final) if known else None,
            "final": round(float(final.mean()), 3),
            "chance": measure.CHANCE,
            "maps": _maps(changes),
        }

    def cost(self, steps) -> dict:
        """{"seconds"}: what a run of so many steps asks for of its visitor's GPU time, None where it costs nothing."""
        return {"seconds": self._engine.cost(whole("Steps", steps, MIN_STEPS, MAX_STEPS))}

    def touch(self, run, upscale, sharpen, contrast, file=None) -> dict:
        """The finished picture of a run, or with `file` "png" or "gif" where that file is: {"file", "bytes"}.

        In `touches`, one for all together and one for each: pictures (data URIs) before and after it and of what was
        added, in which mid-grey is nothing and `gain` how much it is exaggerated; `nothing` where it changed no pixel.
        """
        kept = self._run(run)
        frames = self._frames(kept)
        wanted = Finish.checked(upscale, sharpen, contrast)
        if frames[-1].index != frames[-1].total:
            raise BadRequest(UNFINISHED)
        if max(frames[-1].image.shape) * wanted.upscale > LARGEST:
            raise BadRequest(f"That would be wider than {LARGEST} pixels; choose a smaller enlargement.")
        with self.hand():
            finished = self._finished(kept, frames[-1], wanted)
            return self._file(kept, frames, finished, file) if file else _shown(finished)

    def picture(self, run) -> tuple[Pixels, Request]:
        """The picture of a run that went to its end, and what was asked for."""
        kept = self._run(run)
        if not (frames := kept.frames):
            raise BadRequest(GONE)
        if frames[-1].index < frames[-1].total:
            raise BadRequest(UNFINISHED)
        return frames[-1].image, kept.request

    def _read(self, prompt, ask: Callable[..., dict], *more) -> dict:
        if self._prompts.known(prompt):
            return ask(prompt, *more)
        with self.hand():
            return ask(prompt, *more)

    def _run(self, key) -> Run:
        run = self._runs.get(key)
        if run is None:
            raise BadRequest(GONE)
        return run

    def _frames(self, run: Run) -> list[Frame]:
        frames = run.frames
        if not frames or not run.ended:
            raise BadRequest("This run is still under way." if not run.ended else GONE)
        return frames

    def _tokens(self, asked, frame: Frame) -> list[int]:
        if not isinstance(asked, list) or not 0 < len(asked) <= TOKENS:
            raise BadRequest(f"A word has from 1 to {TOKENS} tokens.")
        maps = None if frame.step is None else frame.step.word_maps
        return [whole("The token", token, 0, (2**16 if maps is None else len(maps)) - 1) for token in asked]

    def _finished(self, run: Run, frame: Frame, wanted: Finish) -> Finished:
        key, last = (run.key, wanted), self._last
        if last is None or last[0] != key:
            last = self._last = key, self._engine.finish(frame.image, wanted, run.request)
        return last[1]

    def _file(self, run: Run, frames: list[Frame], finished: Finished, kind) -> dict:
        if kind not in ("png", "gif"):
            raise BadRequest("A finished picture can be had as png or gif.")
        path = run.path(f"-finished.{kind}")
        last = dataclasses.replace(frames[-1], image=finished.image, step=None)
        if kind == "png":
            export.png(last, run.request, path)
        else:
            export.film([*frames, last], run.request, path, Cut("state"))
        answer = {"file": str(path), "name": path.name, "bytes": path.stat().st_size}
        self._runs.weigh(run)
        return answer


def guess(frame: Frame) -> np.ndarray:
    """What a step shows without its noise: the guess, at the end the picture; at the very beginning the noise."""
    return frame.image if frame.denoised is None or frame.index == frame.total else frame.denoised


def heat(frame: Frame, tokens: list[int]) -> np.ndarray | None:
    """(h, w), the share of its attention that each place gave to these tokens; None where nothing was recorded."""
    maps = None if frame.step is None else frame.step.word_maps
    return None if maps is None else maps[tokens].astype(np.float32).sum(axis=0)


def _maps(changes: list[np.ndarray]) -> dict:
    height, width = changes[0].shape
    columns = min(MAP, width)
    rows = max(1, round(height * columns / width))
    small = np.stack([measure.cells(change, rows, columns) for change in changes])
    scale = np.maximum(small.max(axis=(1, 2)), 1e-6)
    grey = np.round(255 * small / scale[:, None, None]).astype(np.uint8)
    return {"data": packed.text(grey), "h": rows, "w": columns, "scale": [round(float(s), 4) for s in scale]}


def _shown(finished: Finished) -> dict:
    whole = Touch("all", finished.image, finished.before, finished.added, finished.gain)
    high, wide = finished.image.shape[:2]
    return {
        "touches": [
            {
                "name": one.name,
                "before": _small(one.before),
                "after": _small(one.image),
                "added": _small(one.added),
                "gain": one.gain,
                "nothing": bool(np.array_equal(one.before, one.image)),
            }
            for one in (whole, *finished.steps)
        ],
        "width": wide,
        "height": high,
    }


def _small(pixels: np.ndarray) -> str:
    picture = Image.fromarray(pixels)
    picture.thumbnail((SHOWN, SHOWN), Image.Resampling.LANCZOS)
    return messages.picture(np.asarray(picture))
