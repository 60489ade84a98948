"""The final touches on a picture that is done: enlarge, contrast, sharpen, each with what it added.

Pillow's own filters, which add nothing that was not in the picture, and where one is named, a pipeline that enlarges by
inventing. Knows pictures and numbers only, no torch: the page may use it too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from demo.run.trace import Pixels, between, difference, whole

MOST_UPSCALE, MOST_SHARPEN, MOST_CONTRAST = 4, 2.0, 1.0
CUTOFF = 1  # per cent of the pixels, at either end, that autocontrast may clip
THRESHOLD = 2  # levels; fainter differences are the model's grain, and stay as they are


@dataclass(frozen=True)
class Finish:
    """Which touches. upscale: times the side, 1 is none; sharpen: of an unsharp mask, 1 is its full difference;
    contrast: share of the way to the full range of levels. The defaults touch nothing."""

    upscale: int = 1
    sharpen: float = 0.0
    contrast: float = 0.0

    @classmethod
    def checked(cls, upscale: object = 1, sharpen: object = 0, contrast: object = 0) -> Finish:
        """A Finish from raw values (text, 2.0 for 2). Raises BadRequest in one sentence."""
        return cls(
            upscale=whole("Upscale", upscale, 1, MOST_UPSCALE),
            sharpen=between("Sharpen", sharpen, 0, MOST_SHARPEN),
            contrast=between("Contrast", contrast, 0, MOST_CONTRAST),
        )


class Touch(NamedTuple):
    """One touch: pictures after and before it, uint8 (H, W, 3) of one size, and their difference.

    `added` is mid-grey (128) where nothing was, else 128 + gain * levels.
    """

    name: str
    image: Pixels
    before: Pixels
    added: Pixels
    gain: float


@dataclass(frozen=True, eq=False)
class Finished:
    """The finished picture; `before` is the picture as it came, plainly resized. Pictures as in Touch."""

    image: Pixels
    before: Pixels
    added: Pixels
    gain: float
    steps: tuple[Touch, ...]  # those that were asked for, in order


class Upscaler:
    """A diffusers pipeline that enlarges, opened by `open()` when it is first used; one picture at a time."""

    def __init__(self, open: Callable[[], Callable[..., Any]]):
        self._open, self._turn = open, threading.Lock()
        self._pipe: Callable[..., Any] | None = None

    def __call__(self, picture: Image.Image, **arguments: Any) -> Image.Image:
        """`picture` enlarged by as much as the pipeline enlarges. Raises what opening or running it raises."""
        with self._turn:
            if self._pipe is None:
                self._pipe = self._open()
            enlarged: Image.Image = self._pipe(image=picture, **arguments).images[0]
            return enlarged


def finish(image: Pixels, wanted: Finish, enlarge: Callable[[Image.Image], Image.Image] | None = None) -> Finished:
    """`image`, uint8 (H, W, 3), with the touches that are wanted; `enlarge` replaces plain resizing.

    Contrast comes before sharpening, whose overshoots would otherwise set the range of levels.
    """
    picture = Image.fromarray(image)
    before = _resized(picture, [side * wanted.upscale for side in picture.size])
    touches, now = [], before
    if wanted.upscale > 1:
        now = before if enlarge is None else _resized(enlarge(picture).convert("RGB"), before.size)
        touches.append(_touch("upscale", now, before))
    if wanted.contrast > 0:
        then, now = now, Image.blend(now, _full_range(now), wanted.contrast)
        touches.append(_touch("contrast", now, then))
    if wanted.sharpen > 0:
        then, now = now, _sharpened(now, wanted.sharpen, wanted.upscale)
        touches.append(_touch("sharpen", now, then))
    whole_way = _touch("all", now, before)
    return Finished(whole_way.image, whole_way.before, whole_way.added, whole_way.gain, tuple(touches))


def _resized(picture: Image.Image, size: Sequence[int]) -> Image.Image:
    wide, high = size
    return picture if picture.size == (wide, high) else picture.resize((wide, high), Image.Resampling.LANCZOS)


def _full_range(picture: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(picture, cutoff=CUTOFF, preserve_tone=True)  # one curve for all three colours


def _sharpened(picture: Image.Image, amount: float, upscale: int) -> Image.Image:
    """The radius is one pixel of the picture as it was before it was enlarged."""
    return picture.filter(ImageFilter.UnsharpMask(radius=upscale, percent=round(100 * amount), threshold=THRESHOLD))


def _touch(name: str, after: Image.Image, before: Image.Image) -> Touch:
    pictures = np.asarray(after), np.asarray(before)
    return Touch(name, *pictures, *difference(*pictures))
