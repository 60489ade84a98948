"""What a film shows: which pictures of a run, in which order, how large, for how long, with which line under them.

Knows frames, pixels and choices; how a film becomes a file is said in gif.py and video.py. Every state is a picture of
the film, equal neighbours too, and nothing is drawn between two states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from demo.run.trace import BadRequest, Frame, Pixels, Request
from demo.run.values import between, one_of, whole

VIEWS = {"both": "State and guess", "state": "State", "guess": "Guess"}
LOOPS = {"forward": "Forward", "back-and-forth": "There and back"}
SPEED, LONGEST = 10, 6000  # states a second, where none is said; runs that would take more ms play faster then
MIN_SPEED, MAX_SPEED = 1, 50  # GIF counts in 1/100 s, and browsers slow 1/100 s down to ten: 2/100 is the fastest
HOLD, MAX_HOLD = 1.5, 10.0  # seconds that the first and the last picture stay
# Pixels: where no size is said, narrower pictures are enlarged and wider ones reduced to these.
USUAL = {"both": (256, 384), "state": (384, 512), "guess": (384, 512)}
MIN_SIZE, MAX_SIZE = 64, 1024
MOST = 100_000_000  # pixels of a whole film
TOO_LARGE = f"This film would have more than {MOST // 10**6} million pixels; choose a smaller size."
GAP = 4  # pixels between two pictures
GROUND, INK = (16, 17, 20), (241, 238, 231)
# Fonts for letters that Pillow's own lacks, as the system may have them.
FONTS = ("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "arial.ttf", "segoeui.ttf")
Tick = Callable[[float], None]  # told the share that is done, [0, 1]; what it raises ends the work


class Stopped(Exception):
    """What a Tick raises where nobody wants the file any more."""


def unheard(_share: float) -> None:
    """A Tick for nobody."""


@dataclass(frozen=True)
class Cut:
    """How to film a run. speed: states a second, None is SPEED, or as fast as LONGEST needs; hold: seconds at both
    ends; size: pixels, the width of one picture, None is that of the run within USUAL."""

    view: str = "both"
    speed: float | None = None
    hold: float = HOLD
    size: int | None = None
    loop: str = "forward"

    @classmethod
    def checked(
        cls, view: object = None, speed: object = None, hold: object = None, size: object = None, loop: object = None
    ) -> Cut:
        """A Cut from raw values (text, 7.0 for 7), None for what is not chosen. Raises BadRequest in one sentence."""
        return cls(
            view=cls.view if view is None else one_of("The view", view, VIEWS),
            speed=None if _unsaid(speed) else between("Speed", speed, MIN_SPEED, MAX_SPEED),
            hold=HOLD if _unsaid(hold) else between("Hold", hold, 0, MAX_HOLD),
            size=None if _unsaid(size) else whole("Size", size, MIN_SIZE, MAX_SIZE),
            loop=cls.loop if loop is None else one_of("Loop", loop, LOOPS),
        )

    def fits(self, count: int) -> None:
        """Raise BadRequest where a film of `count` square pictures of this size would have more than MOST pixels."""
        tiles = 2 if self.view == "both" else 1
        if tiles * (self.size or 0) ** 2 * len(order(count, self)) > MOST:
            raise BadRequest(TOO_LARGE)


class Shot(NamedTuple):
    """One picture of a film, uint8 (H, W, 3) each: its tiles side by side, GAP between them, and the line below.

    noise: the share of each tile's strength that is noise, [0, 1].
    """

    tiles: tuple[Pixels, ...]
    noise: tuple[float, ...]
    caption: Pixels | None

    def whole(self) -> Pixels:
        """All of it as one picture."""
        gap = np.full((self.tiles[0].shape[0], GAP, 3), GROUND, np.uint8)
        row = [self.tiles[0]]
        for tile in self.tiles[1:]:
            row += [gap, tile]
        wide = np.concatenate(row, axis=1)
        return wide if self.caption is None else np.concatenate([wide, self.caption])


class Film:
    """The film of a run: its shots in order, and how long each stays. Raises BadRequest where it would be too much."""

    def __init__(self, frames: Sequence[Frame], request: Request, cut: Cut | None = None):
        if not frames:
            raise ValueError("a film needs at least one frame")
        self.cut, self.request = cut or Cut(), request
        guessed = any(frame.denoised is not None for frame in frames)
        self.view = self.cut.view if guessed or self.cut.view == "guess" else "state"
        self.frames = [frame for frame in frames if self.view != "guess" or frame.denoised is not None]
        if not self.frames:
            raise BadRequest("This run has no guess that could be filmed.")
        self.order = order(len(self.frames), self.cut)
        self.delays = delays(self.order, len(self.frames), self.cut)
        high, wide = self.frames[0].image.shape[:2]
        least, most = USUAL[self.view]
        self._wide = self.cut.size or min(max(wide, least), most)
        self._high = max(1, round(high * self._wide / wide))
        self.size = _even(self.shot(0).whole()).shape[1::-1]  # (W, H)
        if self.size[0] * self.size[1] * len(self.order) > MOST:
            raise BadRequest(TOO_LARGE)

    def shot(self, index: int) -> Shot:
        """The picture of frame `index`."""
        frame = self.frames[index]
        left = () if self.view == "guess" else ((frame.image, frame.noise_left),)
        right = () if self.view == "state" else ((frame.denoised, 0.0),)
        tiles = [(self._tile(image), noise) for image, noise in (*left, *right)]
        caption = None
        if self.view == "both":
            caption = self._caption(frame, 2 * self._wide + GAP)
        return Shot(tuple(tile for tile, _ in tiles), tuple(noise for _, noise in tiles), caption)

    def noise(self, index: int) -> float:
        """The share of a picture's strength that is noise, [0, 1]: the mean of its tiles."""
        frame = self.frames[index]
        return {"state": frame.noise_left, "both": frame.noise_left / 2, "guess": 0.0}[self.view]

    def pictures(self, tick: Tick = unheard) -> Iterator[tuple[int, Pixels, int]]:
        """Every shot in order: the index of its frame, uint8 (H, W, 3) with even sides, milliseconds."""
        for at, (index, ms) in enumerate(zip(self.order, self.delays, strict=True)):
            tick(at / len(self.order))
            yield index, _even(self.shot(index).whole()), ms

    def _tile(self, image: Pixels | None) -> Pixels:
        """Enlarged or reduced to the film's size; nothing is dark."""
        if image is None:
            return np.full((self._high, self._wide, 3), GROUND, np.uint8)
        return resized(image, self._wide, self._high)

    def _caption(self, frame: Frame, wide: int) -> Pixels:
        return caption(self.request, f"step {frame.index} of {frame.total}", wide)


def order(count: int, cut: Cut) -> list[int]:
    """Indices of the frames as they are shown; on the way back neither end is shown twice."""
    forth = [*range(count)]
    return forth + forth[-2:0:-1] if cut.loop == "back-and-forth" else forth


def delays(shown: Sequence[int], count: int, cut: Cut) -> list[int]:
    """Milliseconds for each picture: multiples of 10, at least 20 (browsers slow 10 down to 100), the ends held."""
    moving = max(count - 1, 1)
    wanted = 1000 / cut.speed if cut.speed else min(1000 / SPEED, LONGEST / moving)
    delay = max(20, round(wanted / 10) * 10)
    held = max(delay, round(cut.hold * 100) * 10)
    return [held if index in (0, count - 1) else delay for index in shown]


def resized(image: Pixels, wide: int, high: int) -> Pixels:
    """uint8 (H, W, 3) at another size."""
    if image.shape[:2] == (high, wide):
        return image
    return np.asarray(Image.fromarray(image).resize((wide, high), Image.Resampling.BICUBIC))


def caption(request: Request, right: str, wide: int) -> Pixels:
    """A line, uint8 (h, wide, 3): the prompt and the seed on the left, as much as fits, and `right` on the right."""
    size = max(11, min(20, wide // 40))
    font = _font(size, _letters(request.prompt))
    high = 2 * (size + 1)
    picture = Image.new("RGB", (wide, high), GROUND)
    pen = ImageDraw.Draw(picture)
    pad = size // 2
    room = wide - 3 * pad - pen.textlength(right, font)
    left = _fitting(request.prompt, f" · seed {request.seed}", lambda text: pen.textlength(text, font) <= room)
    pen.text((pad, high // 2), left, INK, font, anchor="lm")
    pen.text((wide - pad, high // 2), right, INK, font, anchor="rm")
    return np.asarray(picture)


def _fitting(prompt: str, seed: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning of the prompt that fits beside the seed."""
    if fits(prompt + seed):
        return prompt + seed
    low, high = 0, len(prompt)
    while low < high:  # most letters that fit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(prompt[:middle].rstrip() + "…" + seed) else (low, middle - 1)
    return prompt[:low].rstrip() + "…" + seed


def _letters(text: str) -> str:
    return "".join(sorted({letter for letter in text if not letter.isspace()}))


@cache
def _own(size: int) -> Any:
    return ImageFont.load_default(size)


@cache
def _font(size: int, letters: str) -> Any:
    """Pillow's own font, or the first of the system's that has all the letters."""
    own = _own(size)
    if _has(own, letters):
        return own
    for name in FONTS:
        try:
            font = ImageFont.truetype(name, size)
        except OSError:  # the system has none of this name
            continue
        if _has(font, letters):
            return font
    return own


def _has(font: Any, letters: str) -> bool:
    """Whether no letter is drawn as the box of those that are missing."""
    box = bytes(font.getmask("\U0010fffe"))
    return all(bytes(font.getmask(letter)) != box for letter in letters)


def _even(picture: Pixels) -> Pixels:
    """With even sides, as H.264 wants them: a row or a column of ground more where one is odd."""
    high, wide = picture.shape[:2]
    if high % 2 == wide % 2 == 0:
        return picture
    even = np.full((high + high % 2, wide + wide % 2, 3), GROUND, np.uint8)
    even[:high, :wide] = picture
    return even


def _unsaid(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
