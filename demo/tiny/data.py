"""Pictures and captions for training, made from a seed as needed: nothing is stored that code can make again."""

import os
from collections.abc import Iterator
from random import Random

import numpy as np
import torch

from .captions import caption
from .parts import SIZE
from .scenes import Scene, sample, told
from .stage import FREE, Freedom, render

SEED = 1  # of the scenes that training sees
STRANGER = "gizmo"  # a word that no caption of a scene holds


def numbered(seed: int, number: int, *, held: bool = False) -> tuple[Scene, Random]:
    """Scene `number` of the data seed, not drawn yet, and the random numbers that draw it."""
    rng = Random(f"{seed}/{number}")
    return sample(rng, held=held), rng


def picture(seed: int, number: int, *, held: bool = False, freedom: Freedom = FREE) -> tuple[Scene, torch.Tensor]:
    """Scene `number` of the data seed and its pixels, (3, SIZE, SIZE) uint8."""
    scene, rng = numbered(seed, number, held=held)
    pixels = np.asarray(render(scene, rng, SIZE, freedom))
    return scene, torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def drawn_ahead(drawn: torch.utils.data.Dataset, numbers: range, batch: int, workers: int) -> Iterator[torch.Tensor]:
    """Batches of these numbers of `drawn`, in order; `workers` processes draw ahead, on whatever core is free."""
    loader = torch.utils.data.DataLoader(drawn, batch, sampler=numbers, num_workers=workers, worker_init_fn=unbound)
    yield from loader


def unbound(worker: int) -> None:
    """Let a process beside a training leave the cores that the training is bound to for others, where there are any."""
    if hasattr(os, "sched_setaffinity"):  # Linux alone
        others = {*range(os.cpu_count() or 1)} - os.sched_getaffinity(0)
        if others:
            os.sched_setaffinity(0, others)


class Pictures(torch.utils.data.Dataset):
    """The scenes of a data seed by number, as pixels (3, SIZE, SIZE) uint8."""

    def __init__(self, seed: int, freedom: Freedom = FREE):
        self.seed, self.freedom = seed, freedom

    def __getitem__(self, number: int) -> torch.Tensor:
        return picture(self.seed, number, freedom=self.freedom)[1]


def wording(scene: Scene, rng: Random, empty: float = 0.1, forget: float = 0.1) -> str:
    """A caption that leaves some open; `empty` are blank, for guidance, in `forget` is a word that it does not know."""
    if rng.random() < empty:
        return ""
    words = caption(told(scene, rng), rng).split(" ")
    if rng.random() < forget:
        words.insert(rng.randrange(len(words) + 1), STRANGER)
    return " ".join(words)


def to_model(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [0, 255] -> float32 [-1, 1]."""
    return pixels.float() / 127.5 - 1
