"""Scenes for the tiny model: what is in them. Deterministic by seed; knows neither words nor pixels.

A `Scene` is facts alone. `sample` draws one in which everything is decided, `told` leaves out what its caption does not
say, and `completed` decides it anew: what is not said is open. Which combinations training never sees is the rule
`held_out`, not a list.
"""

import hashlib
from dataclasses import dataclass, replace
from random import Random

from .drawing import sets_of
from .things import CHARACTERS, COLOURS, OBJECTS, OUTDOORS, PLACES, RIDES, SIZES, TIMES, WEARS

CAST, PROPS, VEHICLES, CLOTHES = ([*table] for table in (CHARACTERS, OBJECTS, RIDES, WEARS))
THINGS = [*CAST, *PROPS, *VEHICLES, *CLOTHES]
WEARERS = [name for name in CAST if sets_of(name, "faces")]
RELATIONS = ("next to", "and", "left of", "right of", "above", "below", "in front of", "behind")
COUNTS = (1, 2, 3, 4, 5)
DARK = {"space"}  # where black things would not be seen, nor at night
BRIGHT = {"snow", "plain"}  # where white things would not be seen
PAIRED = {"sunglasses", "glasses", "headphones"}  # two of them already, to the ear: never counted


@dataclass(frozen=True)
class Thing:
    """One figure: its name and what is said of it; None is its own colour, nothing worn, nothing ridden, any size."""

    name: str
    colour: str | None = None
    wear: str | None = None
    ride: str | None = None
    size: str | None = None


@dataclass(frozen=True)
class Scene:
    """One or two things, how many of the first (1-5), how the first lies to the second, where and when (None: open)."""

    things: tuple[Thing, ...]
    place: str | None = None
    time: str | None = None
    count: int = 1
    relation: str | None = None


def held_out(scene: Scene) -> bool:
    """Whether training shows no picture of this: a tenth of what can be combined, by a rule instead of a list.

    Of one figure's colours, clothes and vehicles, where it has two of them; of pairs of things; of things in a colour
    so often; of things in a colour at a place. Where the place is open, nothing is known of the last.
    """
    first = scene.things[0]
    if any(_bound(thing) for thing in scene.things):
        return True
    if scene.relation:
        return _tenth("&".join(sorted(thing.name for thing in scene.things)))
    if scene.count > 1:
        return _tenth(f"{first.name}|{first.colour}|{scene.count}")
    both = first.colour is not None and scene.place is not None
    return both and _tenth(f"{first.name}|{first.colour}|{scene.place}")


def _bound(thing: Thing) -> bool:
    rare = sum(x is not None for x in (thing.colour, thing.wear, thing.ride)) >= 2
    return rare and _tenth(f"{thing.name}|{thing.colour}|{thing.wear}|{thing.ride}")


def _tenth(key: str) -> bool:
    return hashlib.sha256(key.encode()).digest()[0] < 26


def colours_in(place: str | None, time: str | None) -> list[str]:
    """The colours in which a thing is seen there."""
    hidden = {"black"} if place in DARK or time == "night" else {"white"} if place in BRIGHT else set()
    return [colour for colour in COLOURS if colour not in hidden]


def _somewhere(rng: Random) -> tuple[str, str]:
    place = "plain" if rng.random() < 0.1 else rng.choice([name for name in PLACES if name != "plain"])
    return place, rng.choices([*TIMES], (0.52, 0.2, 0.14, 0.14))[0] if place in OUTDOORS else "day"


def _character(rng: Random, colours: list[str], busy: float = 1.0) -> Thing:
    wear = rng.choice(CLOTHES) if rng.random() < 0.5 * busy else None
    ride = rng.choice(VEHICLES) if rng.random() < 0.4 * busy else None
    size = rng.choice([*SIZES]) if not ride and rng.random() < 0.25 else None
    name = rng.choice(WEARERS if wear else CAST)
    return Thing(name, rng.choice(colours) if rng.random() < 0.5 else None, wear, ride, size)


def _object(rng: Random, colours: list[str]) -> Thing:
    name = rng.choice(CLOTHES) if rng.random() < 0.1 else rng.choice([*PROPS, *VEHICLES])
    size = rng.choice([*SIZES]) if rng.random() < 0.25 else None
    return Thing(name, rng.choice(colours) if rng.random() < 0.4 else None, size=size)


def _either(rng: Random, colours: list[str], busy: float) -> Thing:
    return _character(rng, colours, busy) if rng.random() < 0.5 else _object(rng, colours)


def _many(rng: Random, colours: list[str]) -> Thing:
    while (thing := _either(rng, colours, 0.0)).name in PAIRED:
        pass
    return replace(thing, size=None)


def _pair(rng: Random, colours: list[str]) -> tuple[Thing, Thing]:
    first, second = _either(rng, colours, 0.5), _either(rng, colours, 0.5)
    if first.ride and second.ride:
        second = replace(second, ride=None)
    if first.size and (second.size or second.ride):  # two large ones find no room
        first = replace(first, size=None)
    if second.size and first.ride:
        second = replace(second, size=None)
    return first, second


def draw(rng: Random) -> Scene:
    """Any scene, whether held out of training or not, with everything decided."""
    place, time = _somewhere(rng)
    colours, kind = colours_in(place, time), rng.random()
    if kind < 0.34:
        return Scene((_character(rng, colours),), place, time)
    if kind < 0.54:
        return Scene((_object(rng, colours),), place, time)
    if kind < 0.68:
        return Scene((_many(rng, colours),), place, time, count=rng.choice(COUNTS[1:]))
    return Scene(_pair(rng, colours), place, time, relation=rng.choice(RELATIONS))


def sample(rng: Random, *, held: bool = False) -> Scene:
    """A scene; never one that is held out of training, or, with `held`, only such."""
    while True:
        scene = draw(rng)
        if held_out(scene) == held:
            return scene


def told(scene: Scene, rng: Random) -> Scene:
    """What a caption says of the scene: half of the places, a quarter of the colours, fewer of the hours stay open."""
    things = tuple(replace(thing, colour=thing.colour if rng.random() > 0.25 else None) for thing in scene.things)
    place = scene.place if rng.random() < (0.25 if scene.place == "plain" else 0.5) else None
    time = scene.time if scene.place in OUTDOORS and rng.random() < (0.1 if scene.time == "day" else 0.65) else None
    return replace(scene, things=things, place=place, time=time)


def completed(scene: Scene, rng: Random) -> Scene:
    """The scene with everything decided that its caption left open, as often so as in training."""
    asked = {thing.colour for thing in scene.things} - {None}
    while True:
        place, time = _somewhere(rng)
        place = scene.place or place
        time = (scene.time or time) if place in OUTDOORS else "day"
        colours = colours_in(place, time)
        hidden = not asked <= {*colours} and not (scene.place and scene.time)
        if time == (scene.time or time) and not hidden:  # "at night" is somewhere with a sky
            break
    things = tuple(
        replace(thing, colour=thing.colour or (rng.choice(colours) if rng.random() < 0.15 else None))
        for thing in scene.things
    )
    return replace(scene, things=things, place=place, time=time)
