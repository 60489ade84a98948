"""Scenes for the tiny model: what is in them, how it is said, how it is drawn. Deterministic by seed.

A `Scene` is facts alone. `sample` draws one, `caption` words it, `render` composes it from the sprites in
assets/sprites. Which combinations training never sees is the rule `held_out`, not a list.
"""

import hashlib
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from PIL import Image

from .drawing import figure, paste
from .places import PAINTERS
from .things import CHARACTERS, COLOURS, OBJECTS, PLACES, PLURALS, RIDES, SYNONYMS, WEARS, Ride

CAST, PROPS, VEHICLES, CLOTHES = ([*table] for table in (CHARACTERS, OBJECTS, RIDES, WEARS))
RELATIONS = {
    "next to": ("next to", "beside", "and"),
    "left of": ("left of", "to the left of", "on the left of"),
    "right of": ("right of", "to the right of", "on the right of"),
    "above": ("above", "over"),
    "below": ("below", "under", "beneath"),
}
NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
BARE = {"sunglasses", "glasses", "headphones", "spectacles", "shades"}  # worn without an article
DARK = {"night", "space"}  # where black things would not be seen
# Figures stand on every other step of a grid as fine as the latents, in three widths (fractions of the picture's): a
# thing is the same numbers wherever it stands, even at half that resolution, so its shape has to be learned only once.
GRID = 16
ALONE, RIDER, TOGETHER = 0.64, 0.5, 0.4


@dataclass(frozen=True)
class Thing:
    """One figure: its name and what is said of it; None is its own colour, nothing worn, nothing ridden."""

    name: str
    colour: str | None = None
    wear: str | None = None
    ride: str | None = None


@dataclass(frozen=True)
class Scene:
    """One or two things, how many of the first (1-4), how the second lies to the first, and where."""

    things: tuple[Thing, ...]
    place: str = "plain"
    count: int = 1
    relation: str | None = None


class Spot(NamedTuple):
    """Where a figure is drawn: its middle and width as fractions of the picture."""

    x: float
    y: float
    scale: float


def held_out(thing: Thing) -> bool:
    """Whether this combination is kept from training: a tenth of those with at least two of colour, wear and ride."""
    if sum(x is not None for x in (thing.colour, thing.wear, thing.ride)) < 2:
        return False
    key = f"{thing.name}|{thing.colour}|{thing.wear}|{thing.ride}"
    return hashlib.sha256(key.encode()).digest()[0] < 26


def _colour(rng: Random, place: str, chance: float) -> str | None:
    if rng.random() > chance:
        return None
    return rng.choice([c for c in COLOURS if not (c == "black" and place in DARK)])


def _character(rng: Random, place: str, busy: float = 1.0) -> Thing:
    name = rng.choice(CAST)
    wear = rng.choice(CLOTHES) if rng.random() < 0.5 * busy else None
    ride = rng.choice(VEHICLES) if rng.random() < 0.45 * busy else None
    return Thing(name, _colour(rng, place, 0.55), wear, ride)


def _object(rng: Random, place: str) -> Thing:
    return Thing(rng.choice([*PROPS, *VEHICLES]), _colour(rng, place, 0.4))


def _either(rng: Random, place: str) -> Thing:
    return _character(rng, place, 0.0) if rng.random() < 0.5 else _object(rng, place)


def draw(rng: Random) -> Scene:
    """Any scene, whether held out of training or not."""
    place = "plain" if rng.random() < 0.4 else rng.choice(list(PLACES))
    kind = rng.random()
    if kind < 0.38:
        return Scene((_character(rng, place),), place)
    if kind < 0.60:
        return Scene((_object(rng, place),), place)
    if kind < 0.75:
        return Scene((_either(rng, place),), place, count=rng.choice((2, 3, 4)))
    pair = (_either(rng, place), _either(rng, place))
    return Scene(pair, place, relation=rng.choice(list(RELATIONS)))


def sample(rng: Random, *, held: bool = False) -> Scene:
    """A scene; never one that is held out of training, or, with `held`, only such."""
    while True:
        scene = draw(rng)
        if any(held_out(thing) for thing in scene.things) == held:
            return scene


# --- in words ---------------------------------------------------------------------------------------------------


def plural(noun: str) -> str:
    """More than one of it: foxes, teddy bears."""
    *head, last = noun.split(" ")
    return " ".join([*head, PLURALS.get(last) or (last if last.endswith("s") else last + "s")])


def _article(phrase: str) -> str:
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def _noun(rng: Random, name: str) -> str:
    return rng.choice(SYNONYMS[name]) if name in SYNONYMS and rng.random() < 0.25 else name


def _attributes(rng: Random, thing: Thing) -> str:
    parts = []
    if thing.wear:
        worn = _noun(rng, thing.wear)
        worn = worn if worn in BARE else _article(worn)
        parts.append(rng.choice(("wearing {}", "wearing {}", "with {}", "with {} on", "in {}")).format(worn))
    if thing.ride:
        parts.append(
            rng.choice(("on {}", "on {}", "riding {}", "riding on {}", "atop {}")).format(
                _article(_noun(rng, thing.ride))
            )
        )
    if len(parts) == 2 and rng.random() < 0.3:
        parts.reverse()
    joint = " and " if len(parts) == 2 and rng.random() < 0.15 else " "
    return joint.join(parts)


def _phrase(rng: Random, thing: Thing, count: int = 1) -> str:
    noun = _noun(rng, thing.name)
    words = f"{thing.colour} {noun}" if thing.colour else noun
    if thing.colour == "purple" and rng.random() < 0.2:
        words = f"violet {noun}"
    if count > 1:
        words = f"{NUMBERS[count]} {plural(words)}"
    elif words not in ("coffee", "grapes", "cheese"):
        words = "the " + words if rng.random() < 0.06 else ("one " + words if rng.random() < 0.04 else _article(words))
    return f"{words} {_attributes(rng, thing)}".strip()


def caption(scene: Scene, rng: Random) -> str:
    """One wording of the scene, naming everything in it but, now and then, the place or the articles."""
    text = _phrase(rng, scene.things[0], scene.count)
    if scene.relation:
        text = f"{text} {rng.choice(RELATIONS[scene.relation])} {_phrase(rng, scene.things[1])}"
    place = rng.choice(PLACES[scene.place]) if rng.random() > 0.06 else ""
    if place:
        text = f"{place}, {text}" if rng.random() < 0.08 else f"{text} {place}"
    if rng.random() < 0.06:
        text = f"{rng.choice(('a picture of', 'a drawing of', 'an emoji of'))} {text}"
    if rng.random() < 0.10:
        text = " ".join(word for word in text.split(" ") if word not in ("a", "an", "the"))
    return text


class _FirstWording:
    """Stands for a Random where the plainest wording is wanted: takes the first choice, and no chance comes true."""

    def random(self) -> float:
        return 1.0

    def choice(self, options):
        return options[0]


def plain_caption(scene: Scene) -> str:
    """The scene in its plainest words: "a red fox wearing sunglasses on a skateboard at night"."""
    return caption(scene, _FirstWording())


def vocabulary() -> dict[str, list[str]]:
    """Every word or phrase that captions use, by kind; the words of `words` are what the tokenizer knows."""
    number_words = [*NUMBERS.values()]
    groups = {
        "characters": CAST,
        "colours": [*COLOURS],
        "things to wear": CLOTHES,
        "rides": VEHICLES,
        "objects": PROPS,
        "places": [phrase for phrases in PLACES.values() for phrase in phrases[:1] if phrase],
        "how many": number_words[1:],
        "where": [*RELATIONS],
    }
    names = [*CAST, *PROPS, *VEHICLES, *CLOTHES]
    names += [other for name in [*names, *COLOURS] for other in SYNONYMS.get(name, ())]
    phrases = [*names, *(plural(n) for n in names), *COLOURS, *number_words, *(p for ps in PLACES.values() for p in ps)]
    phrases += [p for ps in RELATIONS.values() for p in ps]
    phrases += ["a an the wearing with on in riding atop and picture drawing emoji of"]
    return groups | {"words": sorted({word for phrase in phrases for word in phrase.split()})}


# --- in pixels --------------------------------------------------------------------------------------------------


def _draw_thing(canvas: Image.Image, thing: Thing, spot: Spot) -> None:
    """The figure at its spot, and under a rider what it rides: its lower edge meets the ride's seat."""
    if thing.ride:
        ride = RIDES[thing.ride]
        paste(canvas, figure(thing.ride), spot.x - (ride.x - 0.5) * ALONE, spot.y + _below_rider(ride), ALONE)
    paste(canvas, figure(thing.name, thing.colour, thing.wear), *spot)


def _below_rider(ride: Ride) -> float:
    """How far the ride's middle lies below its rider's."""
    return 0.42 * RIDER - (ride.y - 0.5) * ALONE


def _spots(rng: Random, scene: Scene) -> list[Spot]:
    """Where each figure goes: few places, so that shapes are learned soon, but some to choose from, so that another
    seed is another picture. None is mirrored: of scenes half mirrored came bicycles with two fronts."""
    scale = RIDER if scene.things[0].ride else ALONE if len(scene.things) * scene.count == 1 else TOGETHER
    return [Spot(x / GRID, y / GRID, scale) for x, y in _places(rng, scene)]


def _places(rng: Random, scene: Scene) -> list[tuple[float, float]]:
    """Each figure's (x, y) in steps of the grid; (8, 8) is the middle."""
    aside = rng.choice((-2, 0, 2))
    if len(scene.things) * scene.count == 1:
        (thing,) = scene.things
        if thing.ride:
            seated = 2 * round(GRID / 2 * (0.66 - _below_rider(RIDES[thing.ride])))
            return [(rng.choice((7, 9)), seated)]
        return [(8 + aside, 8)]
    near, far = 4, 12
    if scene.count == 3:
        return [(8 + aside, near), (near, far), (far, far)]
    if scene.count == 4:
        return [(near, near), (far, near), (near, far), (far, far)]
    line = [near, far]
    if scene.relation in ("right of", "below") or (scene.relation == "next to" and rng.random() < 0.5):
        line.reverse()
    return [(8 + aside, at) if scene.relation in ("above", "below") else (at, 8 + aside) for at in line]


def render(scene: Scene, rng: Random, size: int) -> Image.Image:
    """The scene as an RGB picture of `size` x `size`; `rng` decides layout and the place's variation alone."""
    canvas = PAINTERS[scene.place](rng, size)
    things = scene.things if scene.relation else scene.things * scene.count
    for thing, spot in zip(things, _spots(rng, scene), strict=True):
        _draw_thing(canvas, thing, spot)
    return canvas
