"""A Step's arrays as text that a browser reads without loss of meaning: latent channels, word maps, the two halves.

What is drawn goes as bytes with its scale beside it; what the browser still computes with goes as half-precision
floats. Everything is bounded, and what would be too large is None: the page then says so. Knows numpy only.
"""

from __future__ import annotations

import base64

import numpy as np

from demo.run.trace import Step

SPAN = 3.0  # standard deviations of pure noise from mid-grey to black or white
WIDEST = 64  # places in a row of a channel
MOST_WORDS = 96 * 2**10  # bytes of the word maps of one step
MOST_HALVES = 64 * 2**10  # bytes of both halves of one step


def channels(latents: np.ndarray) -> dict:
    """(C, h, w) -> {"data", "c", "h", "w", "span"}: bytes, 128 is zero, `span` above it is 255.

    Wide ones are thinned out, every k-th place, not averaged: the average of noise is less noisy than noise.
    """
    stride = -(-max(latents.shape[1:]) // WIDEST)
    thin = latents[:, ::stride, ::stride]
    grey = np.clip(np.round(128 + 127 / SPAN * thin), 0, 255).astype(np.uint8)
    return {"data": text(grey), **dict(zip("chw", grey.shape, strict=True)), "span": SPAN}


def word_maps(maps: np.ndarray | None, count: int | None = None) -> dict | None:
    """(T, h, w) -> {"data", "t", "h", "w", "scale"} of the first `count` tokens; a byte b of token i is b/255 scale[i].

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
    return {
        "data": text(grey),
        **dict(zip("thw", grey.shape, strict=True)),
        "scale": [round(float(s), 7) for s in scale],
    }


def guesses(step: Step) -> dict:
    """{"conditional", "unconditional"}: each {"data", "c", "h", "w"}, float16 little endian (C, h, w), or both None."""
    pair = step.conditional, step.unconditional
    if pair[0] is None or 2 * 2 * pair[0].size > MOST_HALVES:
        return {"conditional": None, "unconditional": None}
    return {name: _floats(half) for name, half in zip(("conditional", "unconditional"), pair, strict=True)}


def text(array: np.ndarray) -> str:
    """The array's bytes, row by row, in base64."""
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _floats(array: np.ndarray) -> dict:
    return {"data": text(array.astype("<f2")), **dict(zip("chw", array.shape, strict=True))}
