"""A run in numbers: how much each step changed and where, how settled each guess was, when the layout was decided.

Knows pictures and Frames, no models. Levels are those of uint8 sRGB, 0..255. A picture is split into a coarse part, the
mosaic of its squares an eighth of the width wide, and a fine part, everything that the mosaic leaves out; the two are
orthogonal, so no difference is counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from demo.run.trace import Frame

SQUARES = 8  # of the mosaic, in a row
DECIDED = 0.9  # how settled a layout is that counts as decided
TOP = 0.2  # the share of a map that `overlap` compares
CHANCE = TOP / (2 - TOP)  # the overlap to expect of two maps that know nothing of each other, 1/9 but for rounding


@dataclass(frozen=True, eq=False)
class Change:
    """levels: the mean absolute difference of two pictures, [0, 255]; grid (3, 3): the same in each ninth of them."""

    levels: float
    grid: np.ndarray


@dataclass(frozen=True)
class Settled:
    """How close a guess is to the final picture, [0, 1]: 1 is there, 0 is no closer than the first guess was."""

    coarse: float
    fine: float


def changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Two uint8 pictures (H, W, 3) -> float32 (H, W), each pixel's mean absolute difference in levels."""
    return np.abs(after.astype(np.int16) - before).mean(axis=2, dtype=np.float32)


def change(before: np.ndarray, after: np.ndarray) -> Change:
    """What lies between two uint8 pictures (H, W, 3)."""
    difference = changed(before, after)
    return Change(float(difference.mean(dtype=np.float64)), cells(difference, 3, 3))


def settled(frames: Sequence[Frame]) -> list[Settled]:
    """One entry per frame of a whole run, the last exactly 1; [] for a run that was stopped: its end is not known.

    1 - |guess - final| / |first guess - final|, clipped to [0, 1], each |.| a root mean square over the coarse (or the
    fine) part of the decoded pictures. Frame 0 has no guess yet and counts as 0. The last entry is the final picture
    itself. A part that the first guess already had right is settled from there on for as long as it stays right.
    """
    if not frames or frames[-1].index != frames[-1].total:
        return []
    final = frames[-1].image
    distances = [_distances(frame.denoised, final) for frame in frames[1:-1]] + [(0.0, 0.0)]
    return [Settled(0.0, 0.0)] + [Settled(*map(_closer, now, distances[0])) for now in distances]


def point_of_no_return(curve: Sequence[Settled]) -> int | None:
    """The first index from which on the coarse part stays at DECIDED or above; None where the curve is empty."""
    below = [index for index, one in enumerate(curve) if one.coarse < DECIDED]
    first = below[-1] + 1 if below else 0
    return first if first < len(curve) else None


def overlap(word_map: np.ndarray, difference: np.ndarray) -> float:
    """How far a word's map (h, w) and what really changed (H, W) point at the same places, [0, 1].

    |A and B| / |A or B| (Jaccard 1912) of the top fifth A of the one and the top fifth B of the other, the larger
    averaged down to (h, w). Where equal values meet at the edge of a fifth, lots are drawn: |A and B| is then what is
    to be expected. So a map without any preference, an empty one as well, gets the value of pure chance, CHANCE.
    """
    height, width = word_map.shape
    ours, theirs = _top(word_map), _top(cells(difference, height, width))
    both = (ours * theirs).sum()
    return float(both / (ours.sum() + theirs.sum() - both))


def curves(frames: Sequence[Frame]) -> dict:
    """What is drawn under the timeline, one value per frame.

    noise_left [0, 1]; change, levels, None at 0; coarse and fine [0, 1], None for a run that has not ended; point, the
    index of the point of no return, or None.
    """
    known = settled(frames)
    images = [frame.image for frame in frames]
    return {
        "noise_left": [frame.noise_left for frame in frames],
        "change": [None] + [change(*pair).levels for pair in pairwise(images)] if images else [],
        "coarse": [one.coarse for one in known] or None,
        "fine": [one.fine for one in known] or None,
        "point": point_of_no_return(known),
    }


def cells(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(H, W, ...) -> float64 (rows, columns, ...), the mean of each cell of a grid; rows <= H and columns <= W."""
    down, across = _edges(values.shape[0], rows), _edges(values.shape[1], columns)
    sums = np.add.reduceat(np.add.reduceat(values, down[:-1], 0, np.float64), across[:-1], 1)
    sizes = np.outer(np.diff(down), np.diff(across))
    return sums / sizes.reshape(sizes.shape + (1,) * (values.ndim - 2))


def _edges(length: int, count: int) -> np.ndarray:
    return np.round(np.linspace(0, length, count + 1)).astype(int)


def _distances(picture: np.ndarray, final: np.ndarray) -> tuple[float, float]:
    """Root mean square of the coarse and of the fine part of picture - final, levels."""
    difference = picture.astype(np.float64) - final
    height, width = difference.shape[:2]
    columns = min(SQUARES, width)
    rows = min(max(1, round(SQUARES * height / width)), height)
    down, across = np.diff(_edges(height, rows)), np.diff(_edges(width, columns))
    mosaic = np.repeat(np.repeat(cells(difference, rows, columns), down, axis=0), across, axis=1)
    return tuple(float(np.sqrt((part**2).mean())) for part in (mosaic, difference - mosaic))


def _closer(now: float, first: float) -> float:
    if now <= 1e-9:
        return 1.0
    return max(0.0, 1 - now / first) if first > 1e-9 else 0.0


def _top(values: np.ndarray) -> np.ndarray:
    """How surely each place is among the largest TOP of all: 1, 0, or between where equal ones draw lots."""
    flat = values.ravel().astype(np.float64)
    room = max(1, round(TOP * flat.size))
    edge = np.sort(flat)[-room]
    above, tied = flat > edge, flat == edge
    return above + tied * (room - above.sum()) / tied.sum()
