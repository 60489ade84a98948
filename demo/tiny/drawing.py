"""Sprites made into figures: recoloured, dressed, pasted. Knows pixels, not scenes."""

from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from .things import CHARACTERS, COLOURS, WEARS

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sprites"
SIDE = 136  # of a sprite, pixels
BRIM = 52  # room above and below a figure's sprite, for hats


@cache
def sprite(name: str) -> Image.Image:
    """RGBA, SIDE x SIDE; FileNotFoundError where there is no such emoji."""
    return Image.open(FOLDER / f"{name.replace(' ', '_')}.png").convert("RGBA")


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


@lru_cache(maxsize=1500)
def figure(name: str, colour: str | None = None, wear: str | None = None) -> Image.Image:
    """RGBA, SIDE wide and SIDE + 2 BRIM high: the sprite in the middle, coloured and dressed."""
    body = sprite(name)
    canvas = Image.new("RGBA", (SIDE, SIDE + 2 * BRIM))
    canvas.paste(recolour(body, colour) if colour else body, (0, BRIM))
    if wear:
        face, worn = CHARACTERS[name], WEARS[wear]
        side = round(face.width * worn.width * SIDE)
        line = face.eyes if worn.on == "eyes" else face.top
        x, y = face.x * SIDE - side / 2, BRIM + line * SIDE - worn.at * side
        canvas.alpha_composite(
            sprite(wear).resize((side, side), Image.Resampling.LANCZOS), (max(round(x), 0), round(y))
        )
    return canvas


def paste(canvas: Image.Image, drawn: Image.Image, x: float, y: float, scale: float) -> None:
    """Lay a figure with its sprite's middle at (x, y), its sprite `scale` of the canvas wide."""
    width = max(1, round(scale * canvas.width))
    height = round(width * drawn.height / drawn.width)
    small = drawn.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    canvas.paste(small, (round(x * canvas.width - width / 2), round(y * canvas.height - height / 2)), small)
