"""Combinations that were kept from training, by the rule of the world itself.

Of two kinds of which the rule leaves nothing open: two things that never stand in one picture, wherever and in whatever
colours; and so many of a thing in a colour. (Somebody's colour and clothes may be kept from it on foot, and not on a
bicycle.)
"""

from random import Random

from demo.tiny.captions import plain_caption
from demo.tiny.scenes import CAST, COUNTS, PROPS, Scene, Thing, held_out
from demo.tiny.things import COLOURS


def kept(number: int) -> str:
    """As `combination`, in words."""
    return plain_caption(combination(number))


def combination(number: int) -> Scene:
    """A pair for even numbers, some of a thing in a colour for odd ones; another for every number."""
    rng = Random(f"kept/{number}")
    while not held_out(scene := _some(rng) if number % 2 else _pair(rng)):
        pass
    return scene


def _pair(rng: Random) -> Scene:
    first, second = rng.sample([*CAST, *PROPS], 2)
    return Scene((Thing(first), Thing(second)), relation="next to")


def _some(rng: Random) -> Scene:
    return Scene((Thing(rng.choice([*CAST, *PROPS]), rng.choice([*COLOURS])),), count=rng.choice(COUNTS[1:4]))
