"""A run in numbers: how much each step changed and where, when its layout was decided, how far its detail was.

Knows pictures and Frames, no models. Levels are those of uint8 sRGB, 0..255. Layout is what remains of a picture when
brightness, contrast and detail are taken away: which of its 8 x 8 squares are lighter or darker, redder or bluer than
the rest. Detail is what a mosaic of these squares leaves out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.run.trace import Floating, Frame, Pixels

SQUARES = 8  # of the mosaic, in a row and in a column
DECIDED = 0.9  # the layout correlation that counts as decided (tests/bench/layout.py is the experiment behind it)
FLAT = 1e-6  # levels; a mosaic that differs by less from its mean shows nothing
# luminance Y and two colour differences, B - Y and R - Y, scaled as in ITU-R BT.601 (YCbCr)
TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
TOP = 0.2  # the share of a map that `overlap` compares
CHANCE = TOP / (2 - TOP)  # the overlap to expect of two maps that know nothing of each other, 1/9 but for rounding


@dataclass(frozen=True, eq=False)
class Change:
    """levels: the mean absolute difference of two pictures, [0, 255]; grid (3, 3): the same in each ninth of them."""

    levels: float
    grid: NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """What is drawn under the timeline, one value per frame.

    noise_left [0, 1]; change, levels, None at 0. layout [-1, 1], how alike the layouts of guess and result are (0 at
    frame 0, which has no guess); detail [0, 1], how far the guess's detail is on its way; both are empty for a run that
    was stopped, whose end is not known. point: see `decided`.
    """

    noise_left: list[float]
    change: list[float | None]
    layout: list[float]
    detail: list[float]
    point: int | None


def layout(picture: Pixels) -> NDArray[np.float64]:
    """uint8 (H, W, 3) -> the layout, a vector of 3 x 64 numbers: a mosaic of 8 x 8 of luminance and of two colour
    differences, each freed of its mean. A flat picture has the zero vector, whatever its colour."""
    rows, columns = (min(SQUARES, side) for side in picture.shape[:2])
    mosaic = cells(picture, rows, columns) @ TO_YCC.T
    vector: NDArray[np.float64] = (mosaic - mosaic.mean(axis=(0, 1))).transpose(2, 0, 1).ravel()
    return vector if np.abs(vector).max() > FLAT else np.zeros_like(vector)


def layout_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How alike two layouts are, [-1, 1]: the cosine of the angle between their vectors, which brightness and contrast
    do not change. 1 for two flat pictures, 0 for a flat one and any other."""
    lengths = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    if min(lengths) == 0:
        return 1.0 if max(lengths) == 0 else 0.0
    return float(np.clip(one @ other / (lengths[0] * lengths[1]), -1, 1))


def decided(correlations: Sequence[float]) -> int | None:
    """The first index from which on the layout correlation stays at DECIDED or above, None where it never does."""
    below = [index for index, one in enumerate(correlations) if one < DECIDED]
    first = below[-1] + 1 if below else 0
    return first if first < len(correlations) else None


def changed(before: Pixels, after: Pixels) -> NDArray[np.float32]:
    """Two uint8 pictures (H, W, 3) -> float32 (H, W), each pixel's mean absolute difference in levels."""
    levels: NDArray[np.float32] = np.abs(after.astype(np.int16) - before).mean(axis=2, dtype=np.float32)
    return levels


def change(before: Pixels, after: Pixels) -> Change:
    """What lies between two uint8 pictures (H, W, 3)."""
    difference = changed(before, after)
    return Change(float(difference.mean(dtype=np.float64)), cells(difference, 3, 3))


def overlap(word_map: Floating, difference: Floating) -> float:
    """How far a word's map (h, w) and what really changed (H, W) point at the same places, [0, 1].

    |A and B| / |A or B| (Jaccard 1912) of the top fifth A of the one and the top fifth B of the other, the larger
    averaged down to (h, w). Where equal values meet at the edge of a fifth, lots are drawn: |A and B| is then what is
    to be expected. So a map without any preference, an empty one as well, gets the value of pure chance, CHANCE.
    """
    height, width = word_map.shape
    ours, theirs = _top(word_map), _top(cells(difference, height, width))
    both = (ours * theirs).sum()
    return float(both / (ours.sum() + theirs.sum() - both))


def curves(frames: Sequence[Frame]) -> Curves:
    """The Curves of a run, whole or stopped.

    The last entries of layout and detail are those of the result itself, exactly 1. detail is
    1 - |guess - result| / |first guess - result|, clipped to [0, 1], each |.| a root mean square over what the mosaic
    leaves out; a detail that the first guess already had right is 1 for as long as it stays right.
    """
    images = [frame.comparable for frame in frames]
    alike = _layouts(frames) if frames and frames[-1].index == frames[-1].total else []
    return Curves(
        noise_left=[frame.noise_left for frame in frames],
        change=[None, *(change(*pair).levels for pair in pairwise(images))] if images else [],
        layout=alike,
        detail=_details(frames) if alike else [],
        point=decided(alike),
    )


def cells(values: NDArray[Any], rows: int, columns: int) -> NDArray[np.float64]:
    """(H, W, ...) -> float64 (rows, columns, ...), the mean of each cell of a grid; rows <= H and columns <= W."""
    down, across = _edges(values.shape[0], rows), _edges(values.shape[1], columns)
    sums = np.add.reduceat(np.add.reduceat(values, down[:-1], 0, np.float64), across[:-1], 1)
    sizes = np.outer(np.diff(down), np.diff(across))
    means: NDArray[np.float64] = sums / sizes.reshape(sizes.shape + (1,) * (values.ndim - 2))
    return means


def _edges(length: int, count: int) -> NDArray[np.int64]:
    return np.round(np.linspace(0, length, count + 1)).astype(np.int64)


def _layouts(frames: Sequence[Frame]) -> list[float]:
    final = layout(frames[-1].comparable)
    known = [frame.denoised for frame in frames[:-1]]
    return [0.0 if guess is None else layout_correlation(layout(guess), final) for guess in known] + [1.0]


def _details(frames: Sequence[Frame]) -> list[float]:
    final = frames[-1].comparable
    left = [None if frame.denoised is None else _fine(frame.denoised, final) for frame in frames[:-1]]
    first = next((one for one in left if one is not None), 0.0)
    return [0.0 if one is None else _closer(one, first) for one in left] + [1.0]


def _fine(picture: Pixels, final: Pixels) -> float:
    """Root mean square of what the mosaic leaves out of picture - final, levels."""
    difference = picture.astype(np.float64) - final
    height, width = difference.shape[:2]
    rows, columns = min(SQUARES, height), min(SQUARES, width)
    down, across = np.diff(_edges(height, rows)), np.diff(_edges(width, columns))
    mosaic = np.repeat(np.repeat(cells(difference, rows, columns), down, axis=0), across, axis=1)
    return float(np.sqrt(((difference - mosaic) ** 2).mean()))


def _closer(now: float, first: float) -> float:
    if now <= 1e-9:
        return 1.0
    return max(0.0, 1 - now / first) if first > 1e-9 else 0.0


def _top(values: Floating) -> NDArray[np.float64]:
    """How surely each place is among the largest TOP of all: 1, 0, or between where equal ones draw lots."""
    flat = values.ravel().astype(np.float64)
    room = max(1, round(TOP * flat.size))
    edge = np.sort(flat)[-room]
    above, tied = flat > edge, flat == edge
    surely: NDArray[np.float64] = above + tied * (room - above.sum()) / tied.sum()
    return surely
