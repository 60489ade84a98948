"""Scenes in pixels: where each figure goes, how large, which drawing, and on what. What words ask holds exactly.

Middles lie on every second place of the latents' grid and widths are a few whole ones, so that a shape meets the
denoiser in few patterns: its second level has half as many places each way. Where words ask for what fits no other way,
a middle is on every place, and where that fails on a part of one.
"""

from random import Random
from typing import NamedTuple

from PIL import Image

from .drawing import SETS, Figure, figure, look, paste, turned
from .places import paint
from .scenes import Scene, Thing, completed

LATENT = 1 / 16  # of the picture's side
STEP = 2 * LATENT
WIDTHS = tuple(LATENT * width for width in (3, 4, 6, 8, 10, 12, 14))  # of a body, of the picture's
TRIES = 4000
FINER = {TRIES // 40: LATENT, TRIES // 10: LATENT / 4, TRIES // 5: LATENT / 16}  # a smaller step, after so many of them
APART = 0.015  # between figures, at least
# How long a figure's longer side is, of the picture's: alone, and by how many there are.
ALONE = {None: (0.4, 0.7), "small": (0.17, 0.27), "big": (0.82, 0.95)}
PAIRED = {None: (0.26, 0.45), "small": (0.15, 0.21), "big": (0.5, 0.58)}
MANY = {2: (0.3, 0.46), 3: (0.27, 0.4), 4: (0.24, 0.36), 5: (0.2, 0.32)}
RIDING = (0.56, 0.9), (0.4, 0.5)  # alone, and with another
BACKDROP, BEFORE = (0.56, 0.74), (0.28, 0.38)  # what stands behind, and what stands in front of it


class Freedom(NamedTuple):
    """How much the noise is given to decide: one drawing of each thing to begin with, so that shapes are learned before
    what may become of them."""

    step: float = STEP  # of a middle, of the picture's side
    turns: bool = True  # mirrored, and now and then tilted
    sets: tuple[str, ...] = SETS


FREE = Freedom()
STILL = Freedom(turns=False, sets=SETS[:1])


class Spot(NamedTuple):
    """Where a figure is drawn: its body's middle and width as fractions of the picture, and what it covers."""

    x: float
    y: float
    width: float
    reach: tuple[float, float, float, float]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what is seen, fractions of the picture."""
        left, up, right, down = (side * self.width for side in self.reach)
        return self.x - left, self.y - up, self.x + right, self.y + down


class Placed(NamedTuple):
    """A figure in a picture: what it is, of which set its own drawing is, and where it stands."""

    thing: Thing
    drawing: str
    spot: Spot


class Staged(NamedTuple):
    """A picture, its scene with all that was open decided, and its figures, those of the first thing first."""

    picture: Image.Image
    scene: Scene
    figures: list[Placed]


def _steps(rng: Random, low: float, high: float, step: float = STEP) -> float | None:
    """A whole number of steps between the two, None where there is none."""
    first, last = -int(-low // step), int(high // step)
    return rng.randint(first, last) * step if first <= last else None


def _widths(lengths: tuple[float, float], longer: float) -> list[float]:
    """Those in which a figure, its longer side `longer` widths, is as long as it may be, or else the nearest."""
    fitting = [width for width in WIDTHS if lengths[0] - 0.02 <= width * longer <= lengths[1] + 0.02]
    return fitting or sorted(WIDTHS, key=lambda width: abs(width * longer - sum(lengths) / 2))[:1]


def _spot(
    rng: Random, reach: tuple, lengths: tuple[float, float], ground: float | None, freedom: Freedom
) -> Spot | None:
    """Anywhere in the picture; on the ground two times in three where there is one."""
    left, up, right, down = reach
    longer = max(left + right, up + down)
    width = rng.choice(_widths(lengths, longer))
    low, high = up * width, 1 - down * width
    if ground is not None and rng.random() < 0.67:
        low = max(low, min(ground + 0.02 - down * width, high - LATENT))
    x, y = _steps(rng, left * width, 1 - right * width, freedom.step), _steps(rng, low, high, freedom.step)
    return None if x is None or y is None else Spot(x, y, width, reach)


def _apart(first: Spot, second: Spot) -> bool:
    (left, top, right, bottom), (l2, t2, r2, b2) = first.box, second.box
    return right + APART <= l2 or r2 + APART <= left or bottom + APART <= t2 or b2 + APART <= top


def _holds(relation: str, first: Spot, second: Spot) -> bool:
    """Whether the first lies to the second as the relation says."""
    right, below = second.x - first.x, second.y - first.y
    if relation in ("in front of", "behind"):
        front, back = (first, second) if relation == "in front of" else (second, first)
        low, high = front.box[3] - back.box[3], abs(front.x - back.x)
        inside = back.box[0] - 0.1 < front.box[0] and front.box[2] < back.box[2] + 0.1
        return inside and 0 <= low < 0.16 and high < 0.3 * back.width
    if not _apart(first, second):
        return False
    return {
        "and": True,
        "next to": abs(right) > 2 * abs(below),
        "left of": right > 1.8 * abs(below),
        "right of": -right > 1.8 * abs(below),
        "above": below > 1.8 * abs(right),
        "below": -below > 1.8 * abs(right),
    }[relation]


def _lengths(scene: Scene, at: int) -> tuple[float, float]:
    """How long figure number `at` may be."""
    if scene.count > 1:
        return MANY[scene.count]
    thing = scene.things[at]
    if scene.relation in ("in front of", "behind"):
        return BEFORE if (at == 0) == (scene.relation == "in front of") else BACKDROP
    if thing.ride:
        return RIDING[bool(scene.relation)]
    return (PAIRED if scene.relation else ALONE)[thing.size]


def spots(rng: Random, scene: Scene, reaches: list[tuple], ground: float | None, freedom: Freedom = FREE) -> list[Spot]:
    """A spot for each figure; ValueError, which names the scene, where none is found."""
    for tried in range(TRIES):
        if tried in FINER:  # what words ask goes before
            freedom = freedom._replace(step=FINER[tried])
        found: list[Spot] = []
        for at, reach in enumerate(reaches):
            lengths = _lengths(scene, at) if not (found and scene.count > 1) else (found[0].width,) * 2
            if found and scene.count > 1:  # all of one size
                longer = max(reach[0] + reach[2], reach[1] + reach[3])
                lengths = (found[0].width * longer - 1e-6, found[0].width * longer + 1e-6)
            for _ in range(12):
                spot = _spot(rng, reach, lengths, ground, freedom)
                fits = spot and (all(_apart(spot, other) for other in found) if scene.count > 1 else True)
                if fits and (not (scene.relation and found) or _holds(scene.relation, found[0], spot)):
                    found.append(spot)
                    break
            else:
                break
        if len(found) == len(reaches):
            return found
    raise ValueError(f"found no room for {scene}")


def _looks(rng: Random, thing: Thing, count: int, freedom: Freedom = FREE) -> list[tuple[Figure, str]]:
    """`count` drawings of the thing, two times in three the same one, each mirrored or tilted as it comes, with their
    sets."""
    worn = thing.name, thing.wear, thing.ride
    sets, drawn = look(rng, *worn, freedom.sets), []
    same, mirrored = rng.random() < 0.67, freedom.turns and rng.random() < 0.5
    for at in range(count):
        if at and not same:
            sets, mirrored = look(rng, *worn, freedom.sets), freedom.turns and rng.random() < 0.5
        tilted = freedom.turns and not thing.ride and rng.random() < 0.08
        tilt = rng.choice((-1, 1)) * rng.uniform(6, 16) if tilted else 0.0
        one = turned(figure(thing.name, sets, thing.colour, thing.wear, thing.ride), mirrored, tilt)
        drawn.append((one, sets.own))
    return drawn


def staged(scene: Scene, rng: Random, size: int, freedom: Freedom = FREE) -> Staged:
    """The scene as an RGB picture of `size` x `size`, and what `rng` decided of it."""
    scene = completed(scene, rng) if scene.place is None or scene.time is None else scene
    canvas, ground = paint(scene.place, scene.time, rng, size)
    looks = [(thing, *one) for thing in scene.things for one in _looks(rng, thing, scene.count, freedom)]
    where = spots(rng, scene, [one.reach for _, one, _ in looks], ground, freedom)
    placed = [(one, spot) for (_, one, _), spot in zip(looks, where, strict=True)]
    for one, spot in placed[:: -1 if scene.relation == "in front of" else 1]:
        paste(canvas, one, spot.x, spot.y, spot.width)
    return Staged(canvas, scene, [Placed(thing, of, spot) for (thing, _, of), spot in zip(looks, where, strict=True)])


def render(scene: Scene, rng: Random, size: int, freedom: Freedom = FREE) -> Image.Image:
    """The scene as an RGB picture of `size` x `size`; `rng` decides whatever the scene leaves open."""
    return staged(scene, rng, size, freedom).picture
