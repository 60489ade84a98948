"""A Step's arrays as text that a browser reads without loss of meaning: latent channels, word maps, both guesses.

What is drawn goes as bytes with its scale beside it; what the browser still computes with goes as half-precision
floats. Everything is bounded, and what would be too large is None: the page then says so. Knows numpy only.
"""

from __future__ import annotations

import base64
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from demo.run.trace import Floating, Step

SPAN = 3.0  # standard deviations of pure noise from mid-grey to black or white
WIDEST = 64  # places in a row of a channel
MOST_WORDS = 96 * 2**10  # bytes of the word maps of one step
MOST_GUESSES = 64 * 2**10  # bytes of both guesses of one step


class Channels(TypedDict):
    """Bytes (c, h, w) in base64: 128 is zero, `span` above it is 255."""

    data: str
    c: int
    h: int
    w: int
    span: float


class WordMaps(TypedDict):
    """Bytes (t, h, w) in base64; a byte b of token i is b/255 scale[i] of a place's attention."""

    data: str
    t: int
    h: int
    w: int
    scale: list[float]


class Floats(TypedDict):
    """float16 (c, h, w), little endian, in base64."""

    data: str
    c: int
    h: int
    w: int


def channels(latents: Floating) -> Channels:
    """(C, h, w) -> bytes, 128 is zero, `span` above it is 255.

    Wide ones are thinned out, every k-th place, not averaged: the average of noise is less noisy than noise.
    """
    stride = -(-max(latents.shape[1:]) // WIDEST)
    thin = latents[:, ::stride, ::stride]
    grey = np.clip(np.round(128 + 127 / SPAN * thin), 0, 255).astype(np.uint8)
    count, high, wide = grey.shape
    return {"data": text(grey), "c": count, "h": high, "w": wide, "span": SPAN}


def word_maps(maps: Floating | None, count: int | None = None) -> WordMaps | None:
    """(T, h, w) -> the maps of the first `count` tokens, None where there are none or too many.

    Behind the end sign there is only padding, which nobody asks for. Each token has a scale of its own, because the
    start sign takes so much that the others would all be black on its scale.
    """
    if maps is None:
        return None
    kept = maps[:count].astype(np.float32)
    if kept.size > MOST_WORDS or not kept.size:
        return None
    scale = np.maximum(kept.max(axis=(1, 2)), 1e-6)
    grey = np.round(255 * kept / scale[:, None, None]).astype(np.uint8)
    tokens, high, wide = grey.shape
    return {"data": text(grey), "t": tokens, "h": high, "w": wide, "scale": [round(float(s), 7) for s in scale]}


def guesses(step: Step) -> tuple[Floats, Floats] | tuple[None, None]:
    """The conditional and the unconditional guess, (C, h, w), or None for both."""
    if step.conditional is None or step.unconditional is None or 2 * 2 * step.conditional.size > MOST_GUESSES:
        return None, None
    return _floats(step.conditional), _floats(step.unconditional)


def text(array: NDArray[Any]) -> str:
    """The array's bytes, row by row, in base64."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _floats(array: Floating) -> Floats:
    count, high, wide = array.shape
    return {"data": text(array.astype("<f2")), "c": count, "h": high, "w": wide}
