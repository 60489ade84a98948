"""What the evaluation asks for, by category, and when a picture is right.

GenEval's categories (Ghosh et al. 2023), and beside them one figure's colour, clothing and vehicle, two figures'
clothes, place and time; only combinations that the rule of `scenes.held_out` keeps from training, however what a scene
leaves open is decided. That its picture may show as it likes.
"""

from collections.abc import Callable
from random import Random

from . import checker
from .scenes import CAST, COUNTS, OUTDOORS, PROPS, VEHICLES, WEARERS, Scene, Thing, held_out
from .things import COLOURS, PLACES, TIMES, WEARS

HEADS_OF = {
    "one object": ("first",),
    "two objects": ("first", "second"),
    "count": ("first", "count"),
    "colour": ("first", "colour"),
    "position": ("first", "second", "side"),
    "place": ("place",),
    "place and time": ("place", "time"),
    "binding": ("first", "colour", "wear", "ride"),
    "two colours": ("first", "colour", "second", "second colour"),
    "two wears": ("first", "wear", "second", "second wear"),
}
ALL = [*CAST, *PROPS, *VEHICLES]


def held(make: Callable[[], Scene]) -> Scene:
    """The first that training never showed."""
    while not held_out(scene := make()):
        pass
    return scene


def _shown(rng: Random, places: list[str]) -> tuple[str, str]:
    """A place and a colour that is seen there."""
    place, colour = rng.choice(places), rng.choice([c for c in COLOURS if c not in ("black", "white")])
    return place, colour


def one_object(rng: Random) -> Scene:
    """One thing in a colour, somewhere."""

    def make() -> Scene:
        place, colour = _shown(rng, [*PLACES])
        return Scene((Thing(rng.choice(ALL), colour),), place)

    return held(make)


def two_objects(rng: Random) -> Scene:
    """Two things, one on a side of the other."""
    return held(lambda: Scene(tuple(map(Thing, rng.sample(ALL, 2))), relation=rng.choice([*checker.SIDES])))


def count(rng: Random) -> Scene:
    """Two to five of a thing in a colour."""
    return held(
        lambda: Scene((Thing(rng.choice([*CAST, *PROPS]), rng.choice([*COLOURS])),), count=rng.choice(COUNTS[1:]))
    )


def colour(rng: Random) -> Scene:
    """Someone in a colour and clothes."""
    return held(lambda: Scene((Thing(rng.choice(WEARERS), rng.choice([*COLOURS]), rng.choice([*WEARS])),)))


def binding(rng: Random) -> Scene:
    """Someone in a colour, clothes and on a vehicle."""
    tables = WEARERS, [*COLOURS], [*WEARS], VEHICLES
    return held(lambda: Scene((Thing(*map(rng.choice, tables)),)))


def place(rng: Random) -> Scene:
    """Someone in a colour, somewhere that is more than a background."""

    def make() -> Scene:
        at, shade = _shown(rng, [name for name in PLACES if name != "plain"])
        return Scene((Thing(rng.choice(CAST), shade),), at)

    return held(make)


def place_and_time(rng: Random) -> Scene:
    """A thing in a colour, at a place by night, at sunset or in the rain."""

    def make() -> Scene:
        at, shade = _shown(rng, [*OUTDOORS])
        return Scene((Thing(rng.choice(ALL), shade),), at, rng.choice([time for time in TIMES if time != "day"]))

    return held(make)


def two_colours(rng: Random) -> Scene:
    """Two things on a side of each other, each in a colour of its own."""

    def make() -> Scene:
        names, shades = rng.sample(ALL, 2), rng.sample([c for c in COLOURS if c not in ("black", "white")], 2)
        return Scene(tuple(map(Thing, names, shades)), relation=rng.choice([*checker.SIDES]))

    return held(make)


def two_wears(rng: Random) -> Scene:
    """Two figures on a side of each other, each in clothes of its own."""

    def make() -> Scene:
        worn = zip(rng.sample(WEARERS, 2), rng.sample([*WEARS], 2), strict=True)
        return Scene(tuple(Thing(name, wear=wear) for name, wear in worn), relation=rng.choice([*checker.SIDES]))

    return held(make)


MAKERS: dict[str, Callable[[Random], Scene]] = {
    "one object": one_object,
    "two objects": two_objects,
    "count": count,
    "colour": colour,
    "position": two_objects,
    "place": place,
    "place and time": place_and_time,
    "binding": binding,
    "two colours": two_colours,
    "two wears": two_wears,
}


def right(category: str, said: dict, scene: Scene) -> bool:
    """Whether what the checker `said` of a picture is what the category asks of the scene."""
    true = checker.truth(scene)
    if category == "two objects":  # wherever they are
        return {said["first"], said["second"]} == {true["first"], true["second"]}
    return all(said[head] == true[head] for head in HEADS_OF[category])
