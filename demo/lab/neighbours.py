"""The scenes that are nearest to a picture: found by signature, drawn again from their seeds, compared exactly."""

import time
from pathlib import Path

import numpy as np
import torch

from demo.lab.api import Nearest, Neighbour
from demo.lab.signatures import SIDES, Signatures
from demo.tiny.captions import plain_caption
from demo.tiny.data import numbered, to_model
from demo.tiny.machine import mixed
from demo.tiny.parts import SIZE, load_autoencoder

DRAWN = 200  # scenes of each kind that are drawn again
SHOWN = 4
BATCH = 25


class Neighbours:
    """Finds them for one model; `autoencoder` is its own."""

    def __init__(self, signatures: Signatures, autoencoder: torch.nn.Module):
        self.signatures, self.autoencoder = signatures, autoencoder.eval()

    @classmethod
    def of(cls, folder: str | Path, signatures: Signatures) -> "Neighbours":
        """With the autoencoder of the pipeline in `folder`; OSError where there is none."""
        return cls(signatures, load_autoencoder(folder))

    def nearest(self, image: np.ndarray) -> Nearest:
        """For a picture, uint8 (SIZE, SIZE, 3); ValueError for one of another size."""
        if image.shape != (SIZE, SIZE, 3):
            raise ValueError(f"a picture is {SIZE} x {SIZE} x 3, not {image.shape}")
        began, pixels = time.perf_counter(), np.ascontiguousarray(image.transpose(2, 0, 1))
        mine = encoded(self.autoencoder, pixels[None])[0]
        sides = {side: self._compared(side, pixels, mine) for side in SIDES}
        told = self.signatures.header
        return Nearest(
            **{side: tuple(self._neighbour(side, *one) for one in found[:SHOWN]) for side, found in sides.items()},
            latents={side: min(latents for _, _, latents in found) for side, found in sides.items()},
            count=self.signatures.count,
            drawn=min(DRAWN, self.signatures.count),
            **{name: told.get(name, {}) for name in ("copy", "recall", "chance", "planted")},
            seconds=time.perf_counter() - began,
        )

    def _compared(self, side: str, pixels: np.ndarray, mine: np.ndarray) -> list[tuple[int, float, float]]:
        """Number, distance in pixels and in latents of the best scenes of a side, the nearest in pixels first."""
        numbers, found = self.signatures.shortlist(pixels, side, DRAWN), []
        for some in np.array_split(numbers, -(-len(numbers) // BATCH)):
            drawn = np.stack([self.signatures.draw(side, number) for number in some])
            inside = encoded(self.autoencoder, drawn)
            found += zip(some.tolist(), apart(drawn, pixels), apart(inside, mine), strict=True)
        return sorted(found, key=lambda one: one[1])

    def _neighbour(self, side: str, number: int, pixels: float, latents: float) -> Neighbour:
        seed = SIDES[side]
        image = self.signatures.draw(side, number).transpose(1, 2, 0)
        return Neighbour(seed, number, plain_caption(numbered(seed, number)[0]), image, pixels, latents)


def apart(many: np.ndarray, one: np.ndarray) -> list[float]:
    """The root mean square difference of each of (n, ...) from (...)."""
    differences = many.reshape(len(many), -1).astype(np.float32) - one.reshape(1, -1).astype(np.float32)
    return np.sqrt(np.square(differences).mean(axis=1)).tolist()


@torch.inference_mode()
def encoded(autoencoder: torch.nn.Module, pixels: np.ndarray) -> np.ndarray:
    """uint8 (n, 3, SIZE, SIZE) -> latents (n, CHANNELS, side, side) float32."""
    with mixed():
        batch = to_model(torch.from_numpy(pixels)).contiguous(memory_format=torch.channels_last)
        return autoencoder.encode(batch).latents.float().numpy()


@torch.inference_mode()
def redrawn(autoencoder: torch.nn.Module, pixels: np.ndarray) -> np.ndarray:
    """uint8 (n, 3, SIZE, SIZE) -> the same as the autoencoder draws it from its latents."""
    drawn = autoencoder.decode(torch.from_numpy(encoded(autoencoder, pixels))).sample.clamp(-1, 1)
    return ((drawn + 1) * 127.5).round().to(torch.uint8).numpy()
