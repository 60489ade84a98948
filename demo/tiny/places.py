"""Where scenes play, by day, at night, at sunset, in the rain: painted with random strokes, no two alike.

`paint` is the face. A painter draws sky and ground in daylight colours; the light of the hour turns them.
"""

from collections.abc import Callable
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from .things import OUTDOORS

RGB = tuple[int, int, int]
WHITES: list[RGB] = [(255, 255, 255), (250, 245, 236), (243, 247, 255)]
# What becomes of a daylight colour: how much of it stays, and what is added.
LIGHTS: dict[str, tuple[float, RGB]] = {
    "day": (1.0, (0, 0, 0)),
    "night": (0.42, (10, 22, 58)),
    "sunset": (0.66, (62, 14, 12)),
    "rain": (0.6, (38, 44, 50)),
}
SKIES: dict[str, list[tuple[RGB, RGB]]] = {  # top and bottom
    "day": [
        *[((110, 190, 250), (190, 230, 255)), ((70, 150, 235), (165, 215, 250)), ((150, 215, 240), (235, 245, 250))],
        *[((165, 205, 250), (250, 235, 215)), ((90, 200, 225), (205, 240, 240))],
    ],
    "night": [((22, 26, 78), (52, 66, 140)), ((16, 40, 92), (44, 92, 150)), ((44, 26, 92), (92, 70, 150))],
    "sunset": [((120, 60, 140), (255, 150, 80)), ((250, 120, 70), (255, 205, 120)), ((200, 70, 110), (255, 175, 130))],
    "rain": [((108, 120, 138), (160, 170, 184)), ((128, 134, 140), (186, 190, 194)), ((92, 112, 134), (146, 166, 182))],
}


class Brush:
    """A picture being painted, the light it is painted in, and the ground's upper edge once there is one."""

    def __init__(self, rng: Random, size: int, time: str):
        self.rng, self.size, self.time = rng, size, time
        self.picture = Image.new("RGB", (size, size))
        self.horizon: float | None = None

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.picture)

    def lit(self, colour: RGB, by: int = 14) -> RGB:
        """The colour in this light, a little lighter or darker and a little warmer or colder."""
        kept, added = LIGHTS[self.time]
        shift, warmth = self.rng.randint(-by, by), self.rng.randint(-by // 2, by // 2)
        varied = (colour[0] + shift + warmth, colour[1] + shift, colour[2] + shift - warmth)
        return tuple(min(255, max(0, round(c * kept + a))) for c, a in zip(varied, added, strict=True))

    def gradient(self, top: RGB, bottom: RGB) -> None:
        ends = np.array([top, bottom], dtype=np.float32)
        rows = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, self.size, dtype=np.float32)[:, None]
        pixels = np.repeat(rows.clip(0, 255).round().astype(np.uint8)[:, None], self.size, axis=1)
        self.picture = Image.fromarray(pixels)

    def dots(self, count: int, colour: RGB, radius: float, below: float = 1.0) -> None:
        for _ in range(count):
            x, y = self.rng.random(), self.rng.random() * below
            self.disc(x, y, radius * self.rng.uniform(0.6, 1.3), colour)

    def disc(self, x: float, y: float, r: float, colour: RGB) -> None:
        x, y, r = x * self.size, y * self.size, r * self.size
        self.pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)

    def ridge(self, y: float, swing: float, colour: RGB, waves: float = 1.5) -> None:
        """Everything below a wavy line around `y`."""
        at = np.linspace(0, 1, 33)
        line = y + swing * np.sin(2 * np.pi * (waves * self.rng.uniform(0.6, 1.2) * at + self.rng.random()))
        edge = [(x * self.size, h * self.size) for x, h in zip(at, line, strict=True)]
        self.pen.polygon([*edge, (self.size, self.size), (0, self.size)], fill=colour)

    def ground(self, colour: RGB, low: float, high: float, swing: float = 0.0) -> None:
        y = self.rng.uniform(low, high)
        self.horizon = self.horizon or y
        self.ridge(y, self.rng.uniform(0, swing), self.lit(colour))

    def sky(self) -> None:
        """The gradient of the hour and what hangs in it."""
        rng = self.rng
        top, bottom = rng.choice(SKIES[self.time])
        shift = rng.randint(-14, 14)
        self.gradient(*(tuple(c + shift for c in end) for end in (top, bottom)))
        x, y = rng.uniform(0.08, 0.92), rng.uniform(0.08, 0.3)
        if self.time == "night":
            self.dots(rng.randint(8, 26), (235, 235, 215), 0.006, 0.75)
            if rng.random() < 0.7:
                self.disc(x, y, rng.uniform(0.05, 0.09), (246, 240, 205))
        elif self.time == "sunset":
            self.disc(x, rng.uniform(0.35, 0.62), rng.uniform(0.1, 0.18), (255, 222, 130))
        elif self.time == "day":
            if rng.random() < 0.4:
                self.disc(x, y, rng.uniform(0.05, 0.1), (255, 232, 120))
            for _ in range(rng.choice((0, 0, 1, 2, 3))):
                self.cloud(rng.random(), rng.uniform(0.06, 0.4), rng.uniform(0.05, 0.1))

    def cloud(self, x: float, y: float, r: float) -> None:
        for dx, dy, part in ((-1.2, 0.2, 0.7), (0, -0.1, 1.0), (1.2, 0.2, 0.75)):
            self.disc(x + dx * r, y + dy * r, part * r, (250, 252, 255))

    def streaks(self) -> None:
        for _ in range(self.rng.randint(34, 60)):
            x, y, length = self.rng.random(), self.rng.random(), self.rng.uniform(0.05, 0.1)
            ends = [(x * self.size, y * self.size), ((x - 0.25 * length) * self.size, (y + length) * self.size)]
            self.pen.line(ends, fill=(206, 222, 240), width=max(1, self.size // 110))


def plain(brush: Brush) -> None:
    brush.picture.paste(brush.rng.choice(WHITES), (0, 0, brush.size, brush.size))


def grass(brush: Brush) -> None:
    brush.sky()
    if brush.rng.random() < 0.5:
        brush.ground((120, 180, 110), 0.5, 0.64, 0.06)
    brush.ground(brush.rng.choice([(92, 172, 72), (120, 190, 70), (70, 150, 80)]), 0.62, 0.78, 0.03)
    if brush.rng.random() < 0.3:
        flower = brush.rng.choice([(250, 220, 80), (245, 245, 245), (240, 130, 170)])
        for _ in range(brush.rng.randint(6, 14)):
            brush.disc(brush.rng.random(), brush.rng.uniform(0.82, 0.99), 0.012, brush.lit(flower))


def beach(brush: Brush) -> None:
    brush.sky()
    sea = brush.rng.uniform(0.46, 0.6)
    brush.ridge(sea, 0, brush.lit(brush.rng.choice([(50, 150, 200), (60, 180, 190), (40, 120, 190)])))
    brush.horizon = sea
    brush.ground((238, 214, 150), sea + 0.08, sea + 0.2, 0.03)


def snow(brush: Brush) -> None:
    brush.sky()
    if brush.rng.random() < 0.6:
        brush.ground((214, 226, 242), 0.5, 0.64, 0.07)
    brush.ground((246, 249, 253), 0.62, 0.78, 0.03)
    brush.dots(brush.rng.randint(20, 44), (255, 255, 255), 0.011)


def desert(brush: Brush) -> None:
    brush.sky()
    sand = brush.rng.choice([(232, 178, 100), (224, 150, 86), (240, 200, 130)])
    brush.ground(tuple(c - 20 for c in sand), 0.5, 0.64, 0.07)
    brush.ground(sand, 0.64, 0.78, 0.05)


def forest(brush: Brush) -> None:
    brush.sky()
    rng, size = brush.rng, brush.size
    foot, many = rng.uniform(0.66, 0.8), rng.randint(4, 8)
    brush.horizon, pointed, green = foot, rng.random() < 0.6, rng.choice([(34, 92, 56), (50, 110, 50), (30, 84, 80)])
    for at in range(many):
        x, top, half = (at + rng.uniform(0.1, 0.9)) / many, rng.uniform(0.04, 0.36), rng.uniform(0.07, 0.13)
        colour = brush.lit(green, 18)
        if pointed:
            corners = [(x, top), (x - half, foot + 0.02), (x + half, foot + 0.02)]
            brush.pen.polygon([(a * size, b * size) for a, b in corners], fill=colour)
        else:
            trunk = [(x - 0.02) * size, (top + half) * size, (x + 0.02) * size, (foot + 0.02) * size]
            brush.pen.rectangle(trunk, fill=brush.lit((110, 78, 52)))
            brush.disc(x, top + half, half * 1.15, colour)
    brush.ridge(foot, rng.uniform(0, 0.02), brush.lit(rng.choice([(74, 120, 58), (110, 110, 60)])))


def city(brush: Brush) -> None:
    brush.sky()
    rng, size, x = brush.rng, brush.size, 0.0
    foot, wall = rng.uniform(0.72, 0.86), rng.choice([(132, 140, 160), (168, 140, 128), (110, 130, 150)])
    brush.horizon, windows = foot, (250, 225, 130) if brush.time in ("night", "sunset") else (205, 222, 236)
    while x < 1:
        width, top = rng.uniform(0.12, 0.22), rng.uniform(0.1, 0.55)
        brush.pen.rectangle((x * size, top * size, (x + width) * size, size), fill=brush.lit(wall, 24))
        for row in np.arange(top + 0.04, foot - 0.06, 0.09):
            for left in (x + 0.2 * width, x + 0.6 * width):
                box = (left * size, row * size, (left + 0.2 * width) * size, (row + 0.045) * size)
                if rng.random() < 0.7:
                    brush.pen.rectangle(box, fill=windows)
        x += width
    brush.ridge(foot, 0, brush.lit((96, 98, 106)))


def mountains(brush: Brush) -> None:
    brush.sky()
    rng, size = brush.rng, brush.size
    foot, rock = rng.uniform(0.62, 0.78), rng.choice([(120, 130, 160), (140, 120, 110), (100, 125, 130)])
    brush.horizon = foot
    for at in rng.sample(range(4), rng.randint(2, 4)):
        x, top, half = at / 3 + rng.uniform(-0.1, 0.1), rng.uniform(0.14, 0.4), rng.uniform(0.24, 0.42)
        for down, colour in ((foot + 0.03 - top, rock), (0.1, (245, 248, 252))):
            slope = half * down / (foot + 0.03 - top)
            corners = [(x, top), (x - slope, top + down), (x + slope, top + down)]
            brush.pen.polygon([(a * size, b * size) for a, b in corners], fill=brush.lit(colour))
    brush.ridge(foot, rng.uniform(0, 0.03), brush.lit(rng.choice([(110, 160, 90), (150, 160, 110)])))


def lake(brush: Brush) -> None:
    brush.sky()
    rng = brush.rng
    brush.ground((96, 150, 96), 0.42, 0.52, 0.06)
    water = brush.horizon + rng.uniform(0.06, 0.14)
    brush.ridge(water, 0, brush.lit(rng.choice([(70, 140, 200), (60, 160, 190), (90, 130, 190)])))
    for _ in range(rng.randint(3, 8)):
        x, y = rng.random() * brush.size, rng.uniform(water + 0.05, 0.97) * brush.size
        ends = [(x, y), (x + rng.uniform(0.06, 0.16) * brush.size, y)]
        brush.pen.line(ends, fill=brush.lit((170, 210, 235)), width=max(1, brush.size // 100))


def space(brush: Brush) -> None:
    rng = brush.rng
    top, bottom = rng.choice([((16, 10, 42), (66, 24, 92)), ((8, 12, 44), (28, 52, 110)), ((30, 8, 50), (110, 40, 90))])
    brush.gradient(*((top, bottom) if rng.random() < 0.5 else (bottom, top)))
    brush.dots(rng.randint(20, 46), (255, 255, 255), 0.006)
    for _ in range(rng.randint(0, 2)):
        colour = rng.choice([(200, 120, 70), (90, 140, 200), (190, 170, 120), (120, 180, 140)])
        brush.disc(rng.random(), rng.random(), rng.uniform(0.05, 0.12), colour)


def underwater(brush: Brush) -> None:
    rng = brush.rng
    top, bottom = rng.choice(
        [((60, 180, 215), (10, 70, 140)), ((90, 200, 200), (16, 96, 130)), ((50, 140, 220), (20, 50, 130))]
    )
    brush.gradient(top, bottom)
    brush.ground((196, 180, 124), 0.8, 0.9, 0.03)
    brush.dots(rng.randint(8, 22), (190, 232, 246), 0.014)


def room(brush: Brush) -> None:
    rng, size = brush.rng, brush.size
    wall = rng.choice(
        [(240, 214, 190), (206, 222, 206), (206, 214, 236), (238, 206, 206), (236, 228, 196), (160, 180, 190)]
    )
    brush.gradient(brush.lit(wall), brush.lit(wall))
    if rng.random() < 0.6:
        x, y, w, h = rng.uniform(0.05, 0.65), rng.uniform(0.06, 0.2), rng.uniform(0.2, 0.3), rng.uniform(0.2, 0.3)
        brush.pen.rectangle((x * size, y * size, (x + w) * size, (y + h) * size), fill=(250, 250, 250))
        inner = ((x + 0.02) * size, (y + 0.02) * size, (x + w - 0.02) * size, (y + h - 0.02) * size)
        brush.pen.rectangle(inner, fill=rng.choice([(150, 210, 250), (250, 200, 140), (130, 190, 150)]))
    brush.ground(rng.choice([(170, 120, 80), (200, 160, 120), (140, 110, 100), (180, 180, 184)]), 0.68, 0.8)


PAINTERS: dict[str, Callable[[Brush], None]] = {
    place.__name__: place
    for place in (plain, grass, beach, snow, space, desert, forest, underwater, city, mountains, lake, room)
}


def paint(place: str, time: str, rng: Random, size: int) -> tuple[Image.Image, float | None]:
    """An RGB picture of the place, size x size, and how far down its ground begins, [0, 1], None where there is none.

    Places without a sky know no time but "day".
    """
    brush = Brush(rng, size, time if place in OUTDOORS else "day")
    PAINTERS[place](brush)
    if brush.time == "rain":
        brush.streaks()
    return brush.picture, brush.horizon
