"""Pictures for the autoencoder alone: any drawings, anywhere, at any size and tilt, on anything. They mean nothing.

The autoencoder must not care what the scenes of the world are, so that the world may change without it.
"""

from functools import cache, lru_cache
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .drawing import FOLDER, recolour
from .places import paint
from .things import COLOURS, PLACES, TIMES


@cache
def drawings() -> list[Path]:
    """Every drawing of every set, in order; FileNotFoundError where there is none."""
    found = sorted(FOLDER.glob("*/*.png")) or sorted(FOLDER.glob("*.png"))
    if not found:
        raise FileNotFoundError(f"no drawings in {FOLDER}")
    return found


@lru_cache(maxsize=4000)
def _opened(path: Path, colour: str | None) -> Image.Image:
    drawing = Image.open(path).convert("RGBA")
    return recolour(drawing, colour) if colour else drawing


def _any_colour(rng: Random) -> tuple[int, int, int]:
    return tuple(rng.randint(0, 255) for _ in range(3))


def _slope(rng: Random, size: int) -> Image.Image:
    """A gradient at any angle between any two colours."""
    ends = np.array([_any_colour(rng), _any_colour(rng)], dtype=np.float32)
    across, down = rng.uniform(-1, 1), rng.uniform(-1, 1)
    ramp = np.add.outer(down * np.linspace(-1, 1, size), across * np.linspace(-1, 1, size))
    ramp = ((ramp - ramp.min()) / max(float(np.ptp(ramp)), 1e-6))[..., None]
    return Image.fromarray((ends[0] * (1 - ramp) + ends[1] * ramp).round().astype(np.uint8))


def _shapes(rng: Random, size: int) -> Image.Image:
    """Flat bands, circles and triangles over a gradient."""
    picture = _slope(rng, size)
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.randint(1, 8)):
        x, y, r = rng.random() * size, rng.random() * size, rng.uniform(0.02, 0.4) * size
        kind = rng.randrange(4)
        if kind == 0:
            pen.rectangle((0, y, size, y + r), fill=_any_colour(rng))
        elif kind == 1:
            pen.ellipse((x - r, y - r, x + r, y + r), fill=_any_colour(rng))
        elif kind == 2:
            pen.polygon([(rng.random() * size, rng.random() * size) for _ in range(3)], fill=_any_colour(rng))
        else:
            pen.line((x, y, rng.random() * size, rng.random() * size), fill=_any_colour(rng), width=rng.randint(1, 9))
    return picture


def _clouds(rng: Random, size: int) -> Image.Image:
    """Soft spots of colour."""
    side = rng.choice((3, 5, 9))
    spots = np.random.default_rng(rng.getrandbits(32)).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(spots).resize((size, size), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))


def _place(rng: Random, size: int) -> Image.Image:
    return paint(rng.choice([*PLACES]), rng.choice([*TIMES]), rng, size)[0]


def collage(rng: Random, size: int) -> Image.Image:
    """RGB, size x size."""
    make = rng.choices((_place, _slope, _shapes, _clouds), (5, 1, 2, 1))[0]
    picture = make(rng, size)
    for _ in range(rng.randint(1, 5)):
        colour = rng.choice([*COLOURS]) if rng.random() < 0.3 else None
        drawing = _opened(rng.choice(drawings()), colour)
        side = round(rng.uniform(0.2, 0.75) * size)
        drawing = drawing.resize((side, side), Image.Resampling.LANCZOS)
        if rng.random() < 0.5:
            drawing = ImageOps.mirror(drawing)
        if rng.random() < 0.4:
            drawing = drawing.rotate(rng.uniform(-25, 25), Image.Resampling.BICUBIC)
        at = [rng.randint(-side // 3, size - 2 * side // 3) for _ in range(2)]
        picture.paste(drawing, tuple(at), drawing)
    return picture


class Collages(torch.utils.data.Dataset):
    """Collage `number` of a seed, (3, size, size) uint8."""

    def __init__(self, seed: int, size: int):
        self.seed, self.size = seed, size

    def __getitem__(self, number: int) -> torch.Tensor:
        pixels = np.array(collage(Random(f"collage/{self.seed}/{number}"), self.size))
        return torch.from_numpy(pixels).permute(2, 0, 1)
