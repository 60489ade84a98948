"""Latents of scenes, drawn and encoded ahead of training: a ring in which the newest take the place of the oldest.

A process of its own fills it, on whatever core is free, so that training sees new scenes as long as it lasts and can
learn none by heart. It lies in two files: `numbers` says which scene of the data seed is in a slot, -1 that none is.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from . import parts
from .data import Pictures, drawn_ahead, to_model, unbound
from .machine import device, mixed
from .stage import FREE, Freedom

CHUNK = 32


def fingerprint(model: torch.nn.Module) -> str:
    """Eight hex digits that another set of weights would not have."""
    digest = hashlib.sha256()
    for value in model.state_dict().values():
        digest.update(value.float().cpu().contiguous().numpy())
    return digest.hexdigest()[:8]


class Pool:
    """`count` latents (CHANNELS, side, side) float16 in `folder`, for this autoencoder and data seed.

    Goes on where an earlier run stopped. Scenes that are drawn otherwise since then go unnoticed: remove the files.
    """

    def __init__(
        self,
        folder: Path,
        vae: torch.nn.Module,
        *,
        seed: int,
        count: int,
        freedom: Freedom = FREE,
    ):
        self.vae, self.seed, self.count, self.freedom = vae, seed, count, freedom
        kind = "free" if freedom == FREE else "still"
        stem = folder / f"latents-{fingerprint(vae)}-{kind}-{seed}-{count}"
        side = parts.SIZE // parts.FOLD
        self.maker = None
        self.latents = _kept(stem.with_suffix(".npy"), (count, parts.CHANNELS, side, side), np.float16, 0)
        self.numbers = _kept(stem.with_suffix(".numbers.npy"), (count,), np.int64, -1)

    def ready(self) -> int:
        """How many slots hold a scene."""
        return int((self.numbers >= 0).sum())

    def fill(self, up_to: int | None = None, workers: int = 0, parent: int | None = None) -> None:
        """Make the scenes after the newest, up to number `up_to`, or else for as long as the process `parent` lives."""
        home = device()
        self.vae.to(home)
        start = int(self.numbers.max()) + 1
        last = 10**9 if up_to is None else up_to
        began = time.monotonic()
        for pixels in drawn_ahead(Pictures(self.seed, self.freedom), range(start, last), CHUNK, workers):
            with torch.inference_mode(), mixed():
                batch = to_model(pixels.to(home)).contiguous(memory_format=torch.channels_last)
                made = self.vae.encode(batch).latents.float().cpu().numpy()
            slots = np.arange(start, start + len(made)) % self.count
            self.numbers[slots] = -1  # nobody takes half a latent
            self.latents[slots] = made
            self.numbers[slots] = np.arange(start, start + len(made))
            start += len(made)
            if start > self.count and up_to is None:  # a full ring is renewed at leisure
                time.sleep(3 * (time.monotonic() - began))
            began = time.monotonic()
            if parent is not None and os.getppid() != parent:
                break

    @contextlib.contextmanager
    def filled(self, ahead: int, *, meanwhile: bool) -> Iterator[None]:
        """At least `ahead` scenes inside; with `meanwhile`, another process goes on making more until the end."""
        if not meanwhile:
            self.fill(ahead)
            yield
            return
        settings = {"seed": self.seed, "count": self.count, "freedom": self.freedom}
        folder = Path(self.latents.filename).parent
        self.maker = get_context("spawn").Process(
            target=_make, args=(folder, self.vae, settings, os.getpid()), daemon=True
        )
        self.maker.start()
        try:
            yield
        finally:
            self.maker.terminate()
            self.maker.join()
            self.maker = None

    def check(self) -> None:
        """RuntimeError where the process that makes scenes has ended: it said why."""
        if self.maker and self.maker.exitcode is not None:
            raise RuntimeError(f"no more scenes are made: their process ended with code {self.maker.exitcode}")

    def wait(self, ahead: int) -> None:
        """Until at least `ahead` scenes are there."""
        while self.ready() < min(ahead, self.count):
            self.check()
            time.sleep(1)

    def take(self, rng: np.random.Generator, batch: int) -> tuple[list[int], torch.Tensor]:
        """Any `batch` scenes: their numbers and latents (batch, CHANNELS, side, side) float32."""
        while True:
            slots = rng.choice(np.flatnonzero(self.numbers >= 0), batch, replace=False)
            before = self.numbers[slots].copy()
            latents = torch.from_numpy(self.latents[slots].astype(np.float32))
            if (before == self.numbers[slots]).all() and (before >= 0).all():  # none was replaced meanwhile
                return before.tolist(), latents


def _kept(path: Path, shape: tuple[int, ...], dtype: type, fresh: int) -> np.memmap:
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    kept = np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if fresh:
        kept[:] = fresh
    return kept


def _make(folder: Path, vae: torch.nn.Module, settings: dict, parent: int) -> None:
    unbound(0)
    torch.set_num_threads(1)
    Pool(folder, vae, **settings).fill(parent=parent)
