"""Scenes in words: every caption says all that its scene says, in one of many wordings. Knows no pixels."""

from random import Random

from .related import related
from .scenes import CAST, CLOTHES, COUNTS, PAIRED, PROPS, VEHICLES, Scene, Thing
from .things import COLOURS, PLACES, PLURALS, SIZES, SYNONYMS, TIMES

RELATIONS = {
    "next to": ("next to", "beside"),
    "and": ("and",),
    "left of": ("left of", "to the left of", "on the left of"),
    "right of": ("right of", "to the right of", "on the right of"),
    "above": ("above", "over"),
    "below": ("below", "under", "beneath"),
    "in front of": ("in front of",),
    "behind": ("behind",),
}
NUMBERS = {1: ("one", "1"), 2: ("two", "2"), 3: ("three", "3"), 4: ("four", "4"), 5: ("five", "5")}
BARE = PAIRED | {"spectacles", "shades"}  # without an article
MASS = ("coffee", "grapes", "cheese")


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
        on = rng.choice(("on {}", "on {}", "riding {}", "riding on {}", "atop {}"))
        parts.append(on.format(_article(_noun(rng, thing.ride))))
    if len(parts) == 2 and rng.random() < 0.3:
        parts.reverse()
    joint = " and " if len(parts) == 2 and rng.random() < 0.15 else " "
    return joint.join(parts)


def _phrase(rng: Random, thing: Thing, count: int = 1) -> str:
    noun = _noun(rng, thing.name)
    colour = "violet" if thing.colour == "purple" and rng.random() < 0.2 else thing.colour
    size = thing.size and rng.choice(SIZES[thing.size])
    words = " ".join(word for word in (size, colour, noun) if word)
    if count > 1:
        number, digit = NUMBERS[count]
        words = f"{digit if rng.random() < 0.2 else number} {plural(words)}"
    elif words not in MASS and noun not in BARE:
        words = "the " + words if rng.random() < 0.06 else ("one " + words if rng.random() < 0.04 else _article(words))
    return f"{words} {_attributes(rng, thing)}".strip()


def _where(rng: Random, scene: Scene) -> str:
    parts = [rng.choice(PLACES[scene.place])] if scene.place else []
    parts += [rng.choice(TIMES[scene.time])] if scene.time else []
    if rng.random() < 0.2:
        parts.reverse()
    return " ".join(parts)


def caption(scene: Scene, rng: Random) -> str:
    """One wording of all that the scene says."""
    text = _phrase(rng, scene.things[0], scene.count)
    if scene.relation:
        text = f"{text} {rng.choice(RELATIONS[scene.relation])} {_phrase(rng, scene.things[1])}"
    if where := _where(rng, scene):
        text = f"{where}, {text}" if rng.random() < 0.1 else f"{text} {where}"
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


def vocabulary() -> dict[str, list[str] | dict[str, list[str]]]:
    """What the model knows: names by kind, for people to choose from, and "words": every word of every caption.

    "related" is for those who ask for something else: word -> the names that come nearest.
    """
    number_words = [NUMBERS[count][0] for count in COUNTS]
    groups = {
        "characters": CAST,
        "colours": [*COLOURS],
        "things to wear": CLOTHES,
        "rides": VEHICLES,
        "objects": PROPS,
        "places": [phrases[0] for phrases in PLACES.values()],
        "times": [phrases[0] for phrases in TIMES.values()],
        "sizes": [*SIZES],
        "how many": number_words[1:],
        "where": [*RELATIONS],
    }
    names = [*CAST, *PROPS, *VEHICLES, *CLOTHES]
    names += [other for name in [*names, *COLOURS] for other in SYNONYMS.get(name, ())]
    phrases = [*names, *(plural(n) for n in names), *COLOURS, *(w for words in NUMBERS.values() for w in words)]
    for table in (PLACES, TIMES, SIZES, RELATIONS):
        phrases += [phrase for wordings in table.values() for phrase in wordings]
    phrases += ["a an the wearing with on in riding atop and picture drawing emoji of"]
    words = sorted({word for phrase in phrases for word in phrase.split()})
    return groups | {"words": words, "related": related([*CAST, *PROPS, *VEHICLES, *CLOTHES], words)}
