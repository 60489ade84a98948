"""Where scenes play: each place painted with a few random strokes, so that no two skies are the same."""

from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image, ImageDraw

RGB = tuple[int, int, int]
WHITES: list[RGB] = [(255, 255, 255), (250, 245, 236), (243, 247, 255)]


def _vary(rng: Random, colour: RGB, by: int = 10) -> RGB:
    shift = rng.randint(-by, by)
    return tuple(min(255, max(0, c + shift)) for c in colour)


def _gradient(rng: Random, size: int, top: RGB, bottom: RGB) -> Image.Image:
    ends = np.array([_vary(rng, top), _vary(rng, bottom)], dtype=np.float32)
    rows = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, size, dtype=np.float32)[:, None]
    return Image.fromarray(np.repeat(rows.round().astype(np.uint8)[:, None], size, axis=1))


def _ground(
    picture: Image.Image, rng: Random, colour: RGB, low: float = 0.62, high: float = 0.74
) -> ImageDraw.ImageDraw:
    draw, size = ImageDraw.Draw(picture), picture.width
    draw.rectangle((0, rng.uniform(low, high) * size, size, size), fill=_vary(rng, colour))
    return draw


def _dots(picture: Image.Image, rng: Random, count: int, colour: RGB, radius: float, below: float = 1.0) -> None:
    draw, size = ImageDraw.Draw(picture), picture.width
    for _ in range(count):
        x, y, r = rng.random() * size, rng.random() * size * below, radius * size * rng.uniform(0.6, 1.3)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)


def plain(rng: Random, size: int) -> Image.Image:
    return Image.new("RGB", (size, size), rng.choice(WHITES))


def grass(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (130, 200, 250), (185, 228, 255))
    _ground(picture, rng, (92, 172, 72))
    return picture


def beach(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (135, 206, 250), (180, 228, 255))
    _ground(picture, rng, (50, 150, 200), 0.52, 0.58)
    _ground(picture, rng, (238, 214, 150), 0.68, 0.76)
    return picture


def snow(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (170, 195, 225), (215, 228, 242))
    _ground(picture, rng, (245, 248, 252), 0.66, 0.76)
    _dots(picture, rng, rng.randint(24, 40), (255, 255, 255), 0.012)
    return picture


def night(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (14, 18, 52), (36, 44, 96))
    _dots(picture, rng, rng.randint(10, 18), (235, 235, 210), 0.006, 0.7)
    draw = _ground(picture, rng, (16, 30, 34), 0.76, 0.82)
    x, y, r = rng.choice((0.14, 0.86)) * size, rng.uniform(0.12, 0.18) * size, 0.075 * size
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(246, 240, 200))
    return picture


def space(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (8, 5, 22), (34, 10, 52))
    _dots(picture, rng, rng.randint(26, 44), (255, 255, 255), 0.006)
    x, y, r = rng.choice((0.12, 0.88)) * size, rng.choice((0.14, 0.86)) * size, rng.uniform(0.05, 0.09) * size
    ImageDraw.Draw(picture).ellipse(
        (x - r, y - r, x + r, y + r), fill=rng.choice([(200, 120, 70), (90, 140, 200), (190, 170, 120)])
    )
    return picture


def sunset(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (255, 140, 70), (110, 50, 120))
    x, y, r = rng.uniform(0.2, 0.8) * size, rng.uniform(0.6, 0.72) * size, 0.16 * size
    ImageDraw.Draw(picture).ellipse((x - r, y - r, x + r, y + r), fill=(255, 206, 110))
    _ground(picture, rng, (70, 34, 78), 0.76, 0.82)
    return picture


def desert(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (250, 200, 120), (255, 232, 180))
    draw = _ground(picture, rng, (224, 164, 88), 0.66, 0.74)
    x, y = rng.uniform(0.1, 0.9) * size, 0.72 * size
    draw.ellipse((x - 0.45 * size, y - 0.12 * size, x + 0.45 * size, y + 0.3 * size), fill=_vary(rng, (212, 148, 74)))
    return picture


def forest(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (170, 210, 190), (130, 180, 150))
    draw = _ground(picture, rng, (74, 120, 58), 0.72, 0.8)
    for at in range(6):
        x, top = (at + rng.uniform(0.1, 0.9)) / 6 * size, rng.uniform(0.04, 0.3) * size
        half = rng.uniform(0.09, 0.14) * size
        draw.polygon([(x, top), (x - half, 0.78 * size), (x + half, 0.78 * size)], fill=_vary(rng, (34, 92, 56), 16))
    return picture


def underwater(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (60, 180, 215), (10, 70, 140))
    _ground(picture, rng, (196, 180, 124), 0.86, 0.9)
    _dots(picture, rng, rng.randint(10, 18), (190, 232, 246), 0.014)
    return picture


def city(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (175, 205, 232), (222, 230, 238))
    draw, x = ImageDraw.Draw(picture), 0.0
    while x < 1:
        width, top = rng.uniform(0.12, 0.2), rng.uniform(0.12, 0.5)
        draw.rectangle((x * size, top * size, (x + width) * size, size), fill=_vary(rng, (132, 140, 160), 24))
        x += width
    _ground(picture, rng, (92, 94, 102), 0.82, 0.86)
    return picture


def rain(rng: Random, size: int) -> Image.Image:
    picture = _gradient(rng, size, (108, 120, 138), (150, 160, 174))
    draw = _ground(picture, rng, (96, 108, 112), 0.78, 0.84)
    for _ in range(rng.randint(30, 44)):
        x, y, length = rng.random() * size, rng.random() * size, rng.uniform(0.05, 0.1) * size
        draw.line((x, y, x - 0.25 * length, y + length), fill=(196, 214, 236), width=max(1, size // 128))
    return picture


PAINTERS: dict[str, Callable[[Random, int], Image.Image]] = {
    place.__name__: place
    for place in (plain, grass, beach, snow, night, space, sunset, desert, forest, underwater, city, rain)
}
