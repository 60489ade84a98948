"""Short signatures of very many scenes, to find the few that are worth drawing again: 48 small numbers each.

A picture's means over 16 x 16 fields of each colour, projected on the directions in which scenes differ most. Two kinds
of scene, as many of each: those that training drew from, and others by the same rule from a seed that it never had, so
that "near" has a scale. (Not the combinations that are held out of training: no training scene has those, so they would
always be further away.) Knows scenes and files; nothing of models but the name of their weights.
"""

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.tiny.data import SEED, numbered, picture
from demo.tiny.stage import FREE, STILL

FILE = Path(__file__).resolve().parents[2] / "assets" / "lab" / "nearest.npz"
FREEDOMS = {"still": STILL, "free": FREE}
UNSEEN = 2  # the data seed of scenes that training never had
SIDES = {"seen": SEED, "unseen": UNSEEN}
FIELDS = 16  # of a picture, each way
LONG = 48  # numbers in a signature
LOOKS = 12  # scenes of a kind that are looked at again before signatures are believed
SLACK = 2  # steps of a code by which they may differ: another Pillow rounds otherwise
COMMAND = "python -m demo.lab.nearest makes them."


class Stale(ValueError):
    """Signatures that are not of these scenes or not for this model; its text is one sentence for people."""


def planes(pixels: np.ndarray) -> np.ndarray:
    """uint8 (n, 3, H, W) -> float32 (n, 3 * FIELDS * FIELDS): the mean level of each field."""
    count, colours, high, wide = pixels.shape
    fields = pixels.reshape(count, colours, FIELDS, high // FIELDS, FIELDS, wide // FIELDS)
    return fields.mean(axis=(3, 5), dtype=np.float32).reshape(count, -1)


@dataclass(frozen=True)
class Projection:
    """`mean` (768,) levels; `basis` (LONG, 768), each direction of length 1; `scale` levels to a step of a code."""

    mean: np.ndarray
    basis: np.ndarray
    scale: float

    @classmethod
    def fitted(cls, drawn: np.ndarray) -> "Projection":
        """On the planes of scenes, (n, 768) with n >= LONG: their principal directions."""
        mean = drawn.mean(axis=0)
        basis = np.linalg.svd(drawn - mean, full_matrices=False)[2][:LONG].astype(np.float16).astype(np.float32)
        return cls(mean, basis, float(np.abs((drawn - mean) @ basis.T).max()) / 120)

    def of(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (n, 3, H, W) -> float32 (n, LONG), in steps of a code and not rounded."""
        return (planes(pixels) - self.mean) @ self.basis.T / self.scale

    def codes(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (n, 3, H, W) -> int8 (n, LONG)."""
        return np.clip(np.round(self.of(pixels)), -127, 127).astype(np.int8)


@dataclass(frozen=True)
class Signatures:
    """`codes[side]` (count, LONG) int8, of scenes 0 to count - 1 of SIDES[side]; `header` names what they are of and
    holds what was measured with them."""

    header: dict
    projection: Projection
    codes: dict[str, np.ndarray]

    @property
    def count(self) -> int:
        """How many scenes there are of each kind."""
        return len(self.codes["seen"])

    def shortlist(self, pixels: np.ndarray, side: str, many: int) -> np.ndarray:
        """The numbers of the `many` scenes of a side that are nearest by signature to a picture, uint8 (3, H, W)."""
        apart = self.codes[side].astype(np.float32) - self.projection.of(pixels[None])
        return np.argsort(np.einsum("ij,ij->i", apart, apart), kind="stable")[:many]

    def draw(self, side: str, number: int) -> np.ndarray:
        """The scene made again from its seed, uint8 (3, H, W)."""
        return picture(SIDES[side], int(number), freedom=FREEDOMS[self.header["freedom"]])[1].numpy()

    def save(self, path: Path) -> None:
        """One compressed file; its folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        told = np.frombuffer(json.dumps(self.header).encode(), np.uint8)
        basis = self.projection.basis.astype(np.float16)
        extent = {"mean": self.projection.mean, "basis": basis, "scale": np.float32(self.projection.scale)}
        np.savez_compressed(path, header=told, **extent, **self.codes)

    @classmethod
    def load(cls, path: Path, weights: str) -> "Signatures":
        """For a model with these `weights`. Raises Stale where there is no file or it is of other scenes or weights."""
        if not path.is_file():
            raise Stale(f"There are no signatures of its training scenes here; {COMMAND}")
        try:
            with np.load(path, allow_pickle=False) as kept:
                header = json.loads(kept["header"].tobytes())
                basis = kept["basis"].astype(np.float32)
                projection = Projection(kept["mean"], basis, float(kept["scale"]))
                made = cls(header, projection, {side: kept[side] for side in SIDES})
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise Stale(f"The signatures of its training scenes cannot be read; {COMMAND}") from error
        made.believe(weights)
        return made

    def believe(self, weights: str) -> None:
        """Raises Stale unless these are signatures of the scenes that are drawn today, and for these weights."""
        told = self.header
        if told.get("weights") != weights:
            raise Stale(f"The signatures of training scenes here were made for another model; {COMMAND}")
        same = told.get("seeds") == SIDES and told.get("freedom") in FREEDOMS
        if not same or told.get("world") != world(self.count):
            raise Stale(f"The signatures here are of another world than this model’s; {COMMAND}")
        for side in SIDES:
            some = looked_at(self.count)
            now = self.projection.of(np.stack([self.draw(side, number) for number in some]))
            if np.abs(now - self.codes[side][some]).max() > SLACK:
                raise Stale(f"Scenes are drawn otherwise now than when their signatures were made; {COMMAND}")


def looked_at(count: int) -> list[int]:
    """A few numbers below `count`, spread over all."""
    return [*range(0, count, max(1, count // LOOKS))][:LOOKS]


def world(count: int) -> str:
    """The version of the world, eight hex digits: what a few scenes of each seed hold."""
    told = [repr(numbered(seed, number)[0]) for seed in SIDES.values() for number in looked_at(count)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


def weights(folder: str | Path) -> str:
    """The weights of the model in `folder`, eight hex digits."""
    digest = hashlib.sha256()
    for file in sorted(Path(folder).rglob("*.safetensors")):
        if file.parent != Path(folder):  # what lies beside the parts is no part of the model
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]
