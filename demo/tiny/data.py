"""Pictures and captions for training, made from a seed as needed: nothing is stored that code can make again."""

from collections.abc import Iterator
from random import Random

import numpy as np
import torch

from .parts import SIZE
from .scenes import Scene, caption, render, sample

SEED, COUNT = 1, 24_000  # which scenes training sees, and evaluation therefore avoids
STRANGER = "gizmo"  # a word that no caption of a scene holds


def numbered(seed: int, number: int, *, held: bool = False) -> tuple[Scene, Random]:
    """Scene `number` of the data seed, not drawn yet, and the random numbers that draw it."""
    rng = Random(f"{seed}/{number}")
    return sample(rng, held=held), rng


def picture(seed: int, number: int, *, held: bool = False) -> tuple[Scene, torch.Tensor]:
    """Scene `number` of the data seed and its pixels, (3, SIZE, SIZE) uint8."""
    scene, rng = numbered(seed, number, held=held)
    pixels = np.asarray(render(scene, rng, SIZE))
    return scene, torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def pictures(seed: int, numbers: range, batch: int, workers: int = 0) -> Iterator[torch.Tensor]:
    """These scenes' pixels in order, in batches (B, 3, SIZE, SIZE) uint8; `workers` processes draw ahead."""
    yield from torch.utils.data.DataLoader(_Drawn(seed), batch, sampler=numbers, num_workers=workers)


class _Drawn(torch.utils.data.Dataset):
    def __init__(self, seed: int):
        self.seed = seed

    def __getitem__(self, number: int) -> torch.Tensor:
        return picture(self.seed, number)[1]


def wording(scene: Scene, rng: Random, empty: float = 0.1, forget: float = 0.1) -> str:
    """A caption; `empty` of them are blank, for guidance, in `forget` of them stands a word it does not know."""
    if rng.random() < empty:
        return ""
    words = caption(scene, rng).split(" ")
    if rng.random() < forget:
        words.insert(rng.randrange(len(words) + 1), STRANGER)
    return " ".join(words)


def to_model(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [0, 255] -> float32 [-1, 1]."""
    return pixels.float() / 127.5 - 1
