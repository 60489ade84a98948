"""The drawings in assets/sprites, what is known about places on them, and the nouns that name them."""

import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from demo.tiny import sprites
from demo.tiny.nouns import NOUNS, ON_EYES, PLURALS, QUICKDRAW

SOURCES = json.loads((sprites.FOLDER / "sources.json").read_text(encoding="utf-8"))
ANCHORS = json.loads((sprites.FOLDER / "anchors.json").read_text(encoding="utf-8"))
WANTED = {set_name: set(names) for set_name, names in SOURCES["icons"].items()}
WANTED |= {hand: set(SOURCES["shapes"]) for hand in sprites.HANDS}
RECTANGLES = ("calendar",)  # things that are a full square by nature
PLACE = {"character": "faces", "ride": "seats", "wear": "wears"}


def has_ground(seen: np.ndarray) -> bool:
    """Whether what is seen of a drawing is one large rectangle: a framed picture, not a thing to set into a scene."""
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    box = seen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return bool(seen.mean() > 0.9 and box.mean() > 0.985)


@pytest.mark.parametrize("set_name", WANTED)
def test_a_set_has_every_drawing_that_the_sources_tell_of_and_no_other(set_name):
    found = {path.stem.replace("_", " ") for path in (sprites.FOLDER / set_name).glob("*.png")}
    assert found == WANTED[set_name]


@pytest.mark.parametrize("set_name", WANTED)
def test_drawings_are_square_not_empty_and_have_no_ground_of_their_own(set_name):
    for name in WANTED[set_name]:
        with Image.open(sprites.file_of(set_name, name)) as picture:
            alpha = np.asarray(picture.convert("RGBA"))[..., 3]
        assert alpha.shape == (sprites.SIDE, sprites.SIDE)
        assert alpha.max() == 255 and (alpha > 128).mean() > 0.01, f"{name} of {set_name} is hardly there"
        if name not in RECTANGLES:
            assert not has_ground(alpha > 128), f"{name} of {set_name} stands on a ground of its own"


def test_a_framed_picture_is_told_from_a_round_thing():
    y, x = np.mgrid[-1 : 1 : sprites.SIDE * 1j, -1 : 1 : sprites.SIDE * 1j]
    assert has_ground((abs(x) < 0.96) & (abs(y) < 0.96))
    assert not has_ground(x**2 + y**2 < 1)


def test_everything_named_is_drawn_and_everything_drawn_is_named():
    assert set(NOUNS) == set().union(*WANTED.values())


def test_a_place_is_known_only_on_drawings_there_are_and_within_reach_of_them():
    for kind, sets in ANCHORS.items():
        for set_name, places in sets.items():
            assert set(places) <= WANTED[set_name]
            numbers = [n for place in places.values() if kind != "facing" for n in place]
            assert all(0 <= n <= 2 for n in numbers)
    assert {facing for places in ANCHORS["facing"].values() for facing in places.values()} <= {"left", "right", "front"}


@pytest.mark.parametrize("kind", PLACE)
def test_places_are_of_things_of_their_kind_and_nearly_all_of_those_have_one(kind):
    names = {name for name, noun in NOUNS.items() if noun.kind == kind}
    placed = {name for places in ANCHORS[PLACE[kind]].values() for name in places}
    assert placed <= names
    assert len(placed) > 0.95 * len(names)


def test_what_is_worn_on_the_eyes_is_worn():
    assert all(NOUNS[name].kind == "wear" for name in ON_EYES)


def test_a_word_means_one_thing():
    words = Counter(word for name, noun in NOUNS.items() for word in (name, *noun.synonyms))
    assert [word for word, times in words.items() if times > 1] == []
    assert set(PLURALS) <= set(words)


def test_what_the_drawing_game_asks_for_is_known():
    assert set(QUICKDRAW.values()) <= set(NOUNS)


def test_the_drawings_are_small_enough_to_keep_with_the_code():
    sizes = [path.stat().st_size for path in sprites.FOLDER.rglob("*") if path.is_file()]
    assert sum(sizes) < 12e6


def test_an_absent_icon_is_named():
    icons = {"prefix": "some-set", "icons": {}, "aliases": {"sedan": {"parent": "car"}}}
    with pytest.raises(KeyError, match="some-set has no icon 'car'"):
        sprites.icon_svg(icons, "sedan")


def test_an_alias_is_the_icon_that_it_stands_for():
    icons = {"prefix": "some-set", "icons": {"car": {"body": "<g/>"}}, "aliases": {"sedan": {"parent": "car"}}}
    assert sprites.icon_svg(icons, "sedan") == sprites.icon_svg(icons, "car")


def test_a_glyph_gets_one_tint_for_its_lines_and_another_for_what_they_enclose():
    glyph = Image.new("RGBA", (9, 9))
    glyph.paste("black", (2, 2, 7, 7))
    glyph.paste((0, 0, 0, 0), (4, 4, 5, 5))
    tinted = sprites.tint(glyph, "#102030", "#a0b0c0")
    assert tinted.getpixel((2, 2)) == (0x10, 0x20, 0x30, 255)
    assert tinted.getpixel((4, 4)) == (0xA0, 0xB0, 0xC0, 255)
    assert tinted.getpixel((0, 0))[3] == 0


def test_every_hand_draws_a_shape_in_its_own_colours():
    shape = {"colours": [["#111111"], ["#222222"], ["#333333"]], "body": '<circle r="9" fill="$a"/>'}
    drawn = [sprites.shape_svg(shape, hand) for hand in sprites.HANDS]
    assert [svg.count(colour[0]) for svg, colour in zip(drawn, shape["colours"], strict=True)] == [1, 1, 1]
    assert not any("$" in svg for svg in drawn)
