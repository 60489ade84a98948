"""The mean of training scenes, and how far the mean of any sixteen lies from it: python -m demo.lab.mean --count 5000

Writes mean.webp (lossless: levels rounded to whole ones) and mean.json, which says how many scenes, of which seed and
freedom, and the distances. A distance is the mean absolute difference of CELLS x CELLS cells, in levels 0..255.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from demo.engine.api import Pixels
from demo.run.measure import cells
from demo.settings import LAB
from demo.tiny.data import SEED, Pictures
from demo.tiny.stage import FREE, STILL

CELLS = 16
GROUP = 16  # pictures that are compared with the mean of all
GROUPS = 2000  # of scenes, drawn at random, whose distances are measured
NAME = "mean"
FREEDOMS = {"still": STILL, "free": FREE}

Floats = NDArray[np.float64]


def small(picture: NDArray) -> Floats:
    """(H, W, 3) levels -> float64 (CELLS, CELLS, 3)."""
    return cells(picture, CELLS, CELLS)


def mean_of(pictures: Iterable[Pixels]) -> tuple[Floats, list[Floats]]:
    """The mean in levels, float64 (H, W, 3), and each picture as `small` makes it."""
    total: Floats | None = None
    seen: list[Floats] = []
    for picture in pictures:
        total = picture.astype(np.float64) if total is None else total + picture
        seen.append(small(picture))
    if total is None:
        raise ValueError("There is no mean of nothing.")
    return total / len(seen), seen


def distances(seen: list[Floats], groups: int = GROUPS, seed: int = 1) -> Floats:
    """How far the means of GROUP scenes, drawn at random without repeats, are from the mean of all, sorted."""
    rng, each = np.random.default_rng(seed), np.stack(seen)
    mean = each.mean(axis=0)
    drawn = (rng.choice(len(each), GROUP, replace=False) for _ in range(groups))
    return np.sort([np.abs(each[some].mean(axis=0) - mean).mean() for some in drawn])


def main(argv: list[str] | None = None) -> int:
    """Draw the scenes, write the mean; returns the exit code."""
    parser = argparse.ArgumentParser("python -m demo.lab.mean", description="The mean of training scenes.")
    parser.add_argument("--count", type=int, default=5000, help=f"scenes, {GROUP} at least")
    parser.add_argument("--seed", type=int, default=SEED, help="of the data")
    parser.add_argument("--freedom", choices=FREEDOMS, default="still")
    parser.add_argument("--out", type=Path, default=LAB)
    options = parser.parse_args(argv)
    if options.count < GROUP:
        print(f"The mean is compared with that of {GROUP} scenes, so it takes {GROUP} at least.", file=sys.stderr)
        return 2
    scenes = Pictures(options.seed, FREEDOMS[options.freedom])
    drawn = (scenes[at].permute(1, 2, 0).numpy() for at in tqdm(range(options.count), "scenes", file=sys.stderr))
    mean, seen = mean_of(drawn)
    far = distances(seen)
    told = {"file": f"{NAME}.webp", "count": options.count, "seed": options.seed, "freedom": options.freedom}
    told["group"] = GROUP
    told |= {"typical": round(float(np.median(far)), 2), "most": round(float(np.quantile(far, 0.95)), 2)}
    options.out.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.round(mean).astype(np.uint8))
    picture.save(options.out / f"{NAME}.webp", lossless=True, method=6)
    (options.out / f"{NAME}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
