"""Pictures and captions for training, made from a seed as needed: nothing is stored that code can make again."""

from collections.abc import Iterator
from random import Random

import numpy as np
import torch

from .parts import SIZE
from .scenes import Scene, caption, render, sample

STRANGER = "gizmo"  # a word that no caption of a scene holds


class Scenes(torch.utils.data.IterableDataset):
    """Endless batches of pictures (B, 3, size, size) uint8, from `seed` on; workers take turns."""

    def __init__(self, seed: int, batch: int, start: int = 0, size: int = SIZE):
        self.seed, self.batch, self.start, self.size = seed, batch, start, size

    def __iter__(self) -> Iterator[torch.Tensor]:
        info = torch.utils.data.get_worker_info()
        step, at = (info.num_workers, info.id) if info else (1, 0)
        number = self.start + at
        while True:
            yield torch.stack(
                [picture(self.seed, number * self.batch + i, size=self.size)[1] for i in range(self.batch)]
            )
            number += step


def numbered(seed: int, number: int, *, held: bool = False) -> tuple[Scene, Random]:
    """Scene `number` of the data seed, not drawn yet, and the random numbers that draw it."""
    rng = Random(f"{seed}/{number}")
    return sample(rng, held=held), rng


def picture(seed: int, number: int, *, held: bool = False, size: int = SIZE) -> tuple[Scene, torch.Tensor]:
    """Scene `number` of the data seed and its pixels, (3, size, size) uint8."""
    scene, rng = numbered(seed, number, held=held)
    pixels = np.asarray(render(scene, rng, size))
    return scene, torch.from_numpy(pixels.copy()).permute(2, 0, 1)


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
