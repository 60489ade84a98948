"""Drawings made into figures: chosen from the sets, recoloured, dressed, seated. Knows pixels, not scenes."""

import json
from functools import cache, lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from .things import COLOURS, WEARS

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sprites"
SETS = ("noto", "twemoji", "fluent")  # of which scenes are made; the autoencoder knows the others too
SIDE = 136  # of a drawing, pixels
RIDE = 1.28  # a ride's width, of its rider's
LOWER = 0.42  # how far a rider's lower edge lies below its middle, of its width


class Figure(NamedTuple):
    """RGBA cut to what is seen, and where in it the middle of the body is, pixels; the body is SIDE wide."""

    image: Image.Image
    x: float
    y: float

    @property
    def reach(self) -> tuple[float, float, float, float]:
        """How far it reaches left, up, right and down from its middle, in widths of its body."""
        width, height = self.image.size
        return self.x / SIDE, self.y / SIDE, (width - self.x) / SIDE, (height - self.y) / SIDE


class Look(NamedTuple):
    """Which drawings make a figure: its own, its wear's and its ride's set."""

    own: str
    wear: str | None = None
    ride: str | None = None


@cache
def anchors() -> dict[str, dict[str, dict]]:
    """Faces, seats and wears by set and name, as fractions of a drawing's side."""
    return json.loads((FOLDER / "anchors.json").read_text("utf-8"))


def _file(name: str) -> str:
    return f"{name.replace(' ', '_')}.png"


@cache
def sets_of(name: str, kind: str = "") -> tuple[str, ...]:
    """The sets that draw `name` and, with a `kind` ("faces", "seats", "wears"), know that place on it.

    Raises FileNotFoundError, which says the name, where there is no such drawing at all.
    """
    found = [of for of in SETS if (FOLDER / of / _file(name)).exists()]
    if not found:
        raise FileNotFoundError(f"no set in {FOLDER} has a drawing of {name!r}")
    return tuple(s for s in found if not kind or name in anchors()[kind].get(s, {}))


@cache
def sprite(name: str, of: str) -> Image.Image:
    """RGBA, SIDE x SIDE; FileNotFoundError where that set has no such drawing."""
    return Image.open(FOLDER / of / _file(name)).convert("RGBA")


def recolour(picture: Image.Image, colour: str) -> Image.Image:
    """The sprite in shades of `colour`: its main tone becomes the colour, darker goes to black, lighter to white."""
    rgba = np.asarray(picture, dtype=np.float32) / 255
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    shade = rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    body = shade[(alpha[..., 0] > 0.5) & (shade > 0.2)]
    main = float(np.clip(np.median(body), 0.3, 1.0)) if body.size else 0.5
    target = np.array(COLOURS[colour], dtype=np.float32) / 255
    dark = target * (shade / main).clip(0, 1)[..., None]
    light = (1 - target) * ((shade - main) / max(1 - main, 0.02)).clip(0, 1)[..., None] ** 1.5
    return Image.fromarray((np.concatenate([dark + light, alpha], -1).clip(0, 1) * 255).round().astype(np.uint8))


def look(
    rng: Random, name: str, wear: str | None = None, ride: str | None = None, first: tuple[str, ...] = SETS
) -> Look:
    """Sets for a figure, any of `first` or else any that have what it takes; ValueError where none has."""
    own = sets_of(name, "faces" if wear else "")
    worn, ridden = sets_of(wear, "wears") if wear else (None,), sets_of(ride, "seats") if ride else (None,)
    if not (own and worn and ridden):
        raise ValueError(f"no drawing fits {name!r} wearing {wear!r} on {ride!r}")
    return Look(*(rng.choice([s for s in some if s in first] or some) for some in (own, worn, ridden)))


@lru_cache(maxsize=3000)
def figure(
    name: str, sets: Look, colour: str | None = None, wear: str | None = None, ride: str | None = None
) -> Figure:
    """The drawing, coloured, dressed and seated."""
    middle = 2 * SIDE
    canvas = Image.new("RGBA", (4 * SIDE, 4 * SIDE))
    if ride:
        x, y = anchors()["seats"][sets.ride][ride][:2]
        at = middle - (x - 0.5) * RIDE * SIDE, middle + LOWER * SIDE - (y - 0.5) * RIDE * SIDE
        _lay(canvas, sprite(ride, sets.ride), at, round(RIDE * SIDE))
    body = sprite(name, sets.own)
    _lay(canvas, recolour(body, colour) if colour else body, (middle, middle), SIDE)
    if wear:
        x, eyes, top, wide = anchors()["faces"][sets.own][name]
        width, line = anchors()["wears"][sets.wear][wear][:2]
        side = wide * width * SIDE
        height = eyes if WEARS[wear].on == "eyes" else top
        at = middle + (x - 0.5) * SIDE, middle + (height - 0.5) * SIDE - (line - 0.5) * side
        _lay(canvas, sprite(wear, sets.wear), at, round(side))
    box = _seen(canvas)
    if not box:
        raise ValueError(f"the drawing of {name!r} in the set {sets.own!r} is empty")
    return Figure(canvas.crop(box), middle - box[0], middle - box[1])


def _seen(image: Image.Image) -> tuple[int, int, int, int] | None:
    """The box around all that is not nearly transparent, None where there is nothing."""
    return image.getchannel("A").point(lambda alpha: 255 * (alpha > 24)).getbbox()


def _lay(canvas: Image.Image, drawing: Image.Image, middle: tuple[float, float], side: int) -> None:
    drawing = drawing if side == drawing.width else drawing.resize((side, side), Image.Resampling.LANCZOS)
    canvas.alpha_composite(drawing, tuple(max(0, round(at - side / 2)) for at in middle))


def turned(drawn: Figure, mirrored: bool, tilt: float) -> Figure:
    """The figure mirrored and then tilted around its middle, `tilt` degrees to the left."""
    image, x, y = drawn
    if mirrored:
        image, x = ImageOps.mirror(image), image.width - x
    if tilt:
        half = round(max(np.hypot(x - at, y - up) for at in (0, image.width) for up in (0, image.height))) + 1
        square = Image.new("RGBA", (2 * half, 2 * half))
        square.paste(image, (round(half - x), round(half - y)))
        square = square.rotate(tilt, Image.Resampling.BILINEAR)
        box = _seen(square)
        image, x, y = square.crop(box), half - box[0], half - box[1]
    return Figure(image, x, y)


def paste(canvas: Image.Image, drawn: Figure, x: float, y: float, width: float) -> None:
    """Lay a figure with the middle of its body at (x, y), its body `width` of the canvas wide."""
    scale = width * canvas.width / SIDE
    size = tuple(max(1, round(side * scale)) for side in drawn.image.size)
    small = drawn.image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    canvas.paste(small, (round(x * canvas.width - drawn.x * scale), round(y * canvas.height - drawn.y * scale)), small)
