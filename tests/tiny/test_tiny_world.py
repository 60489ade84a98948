"""The tiny model's world: what is in scenes, how it is said, where it stands, what it looks like."""

from random import Random

import numpy as np
import pytest

from demo.tiny import captions, collage, data, drawing, parts, scenes, stage
from demo.tiny.drawing import Look, figure, recolour, sets_of, sprite, turned
from demo.tiny.places import PAINTERS, paint
from demo.tiny.scenes import Scene, Thing
from demo.tiny.things import CHARACTERS, COLOURS, OBJECTS, OUTDOORS, PLACES, RIDES, TIMES, WEARS


def some_scenes(count: int = 300, *, held: bool = False) -> list[Scene]:
    rng = Random(0)
    return [scenes.sample(rng, held=held) for _ in range(count)]


def placed(scene: Scene, seed: int) -> list[stage.Spot]:
    """Where the scene's figures go."""
    rng = Random(seed)
    drawn = [one for thing in scene.things for one, _ in stage._looks(rng, thing, scene.count)]
    return stage.spots(rng, scene, [one.reach for one in drawn], 0.6)


def test_every_thing_has_its_drawings_and_every_place_its_painter():
    for name in scenes.THINGS:
        assert len(sets_of(name)) >= 2 and all(sprite(name, of).size == (136, 136) for of in sets_of(name))
    assert set(PAINTERS) == set(PLACES)
    with pytest.raises(FileNotFoundError, match="'gizmo'"):
        sets_of("gizmo")


def test_a_scene_and_its_picture_are_decided_by_the_seed():
    first, again, other = (data.picture(3, number)[1] for number in (5, 5, 6))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert first.shape == (3, parts.SIZE, parts.SIZE) and first.dtype.is_floating_point is False


def test_what_is_held_out_is_never_sampled_for_training_and_is_about_a_tenth():
    assert not any(scenes.held_out(scene) for scene in some_scenes())
    assert all(scenes.held_out(scene) for scene in some_scenes(50, held=True))
    rare = [Thing(n, c, w, r) for n in CHARACTERS for c in COLOURS for w in list(WEARS)[:5] for r in RIDES]
    assert 0.08 < np.mean([scenes._bound(thing) for thing in rare]) < 0.12
    pairs = [(Thing(a), Thing(b)) for a in OBJECTS for b in CHARACTERS]
    held = [scenes.held_out(Scene(pair, relation="above")) for pair in pairs]
    assert 0.08 < np.mean(held) < 0.12
    assert held == [scenes.held_out(Scene(pair[::-1], relation="below")) for pair in pairs]


def test_captions_leave_open_what_they_are_meant_to():
    rng = Random(2)
    drawn = some_scenes(4000)
    told = [scenes.told(scene, rng) for scene in drawn]
    assert 0.42 < np.mean([scene.place is not None for scene in told]) < 0.53
    said, coloured = 0, 0
    for whole, part in zip(drawn, told, strict=True):
        for before, after in zip(whole.things, part.things, strict=True):
            coloured += before.colour is not None
            said += after.colour is not None
            assert after.colour in (None, before.colour) and (after.wear, after.ride) == (before.wear, before.ride)
    assert 0.7 < said / coloured < 0.8
    assert np.mean([scene.place == "plain" for scene in drawn]) < 0.15  # white ground is rare


def test_what_is_said_stays_when_the_rest_is_decided():
    rng = Random(3)
    for scene in some_scenes(500):
        part = scenes.told(scene, rng)
        whole = scenes.completed(part, rng)
        assert whole.place and whole.time and (part.place or whole.place) == whole.place
        assert (part.time or whole.time) == whole.time and (whole.time == "day" or whole.place in OUTDOORS)
        for before, after in zip(part.things, whole.things, strict=True):
            assert before.colour in (None, after.colour)
    night = {scenes.completed(Scene((Thing("cat"),), time="night"), Random(seed)).place for seed in range(60)}
    assert len(night) > 4 and night <= set(OUTDOORS)


def test_black_is_not_asked_for_where_it_would_not_be_seen():
    for scene in some_scenes(3000):
        for thing in scene.things:
            assert not (thing.colour == "black" and (scene.place == "space" or scene.time == "night"))
    black = Scene((Thing("cat", "black"),))
    assert all(scenes.completed(black, Random(seed)).time != "night" for seed in range(100))


def test_captions_use_no_word_that_the_vocabulary_lacks():
    words, rng = set(captions.vocabulary()["words"]), Random(1)
    used = {w for scene in some_scenes(3000) for w in captions.caption(scene, rng).replace(",", "").split()}
    assert used <= words and data.STRANGER not in words


def test_captions_name_what_the_scene_says():
    scene = Scene((Thing("fox", "red", "sunglasses", "skateboard"),), "beach", "night")
    said = [captions.caption(scene, Random(seed)) for seed in range(40)]
    assert len(set(said)) > 15
    for text in said:
        assert "red" in text and "fox" in text and "skateboard" in text and "beach" in text
        assert ("sunglasses" in text or "shades" in text) and ("night" in text or "moon" in text)


def test_the_plainest_wording():
    fox = Thing("fox", "red", "sunglasses", "skateboard")
    text = "a red fox wearing sunglasses on a skateboard on the beach at night"
    assert captions.plain_caption(Scene((fox,), "beach", "night")) == text
    assert captions.plain_caption(Scene((Thing("apple", "green"),), count=3)) == "three green apples"
    assert captions.plain_caption(Scene((Thing("sunglasses", size="big"),))) == "big sunglasses"
    pair = Scene((Thing("cat"), Thing("owl", wear="crown")), relation="above")
    assert captions.plain_caption(pair) == "a cat above an owl wearing a crown"


@pytest.mark.parametrize("thing", ["pig", "panda", "bear", "car"])
@pytest.mark.parametrize("name", COLOURS)
def test_a_recoloured_drawing_keeps_its_outline_and_is_nearest_to_its_colour(name, thing):
    before, after = np.asarray(sprite(thing, "noto")), np.asarray(recolour(sprite(thing, "noto"), name))
    assert np.array_equal(before[..., 3], after[..., 3])
    middle = np.median(after[after[..., 3] > 250][:, :3], axis=0)
    assert min(COLOURS, key=lambda other: np.abs(middle - COLOURS[other]).sum()) == name


def test_a_hat_is_above_the_head_and_a_ride_below_its_rider():
    look = Look("noto", "noto", "noto")
    bare, hat, ride = figure("fox", look), figure("fox", look, wear="top hat"), figure("fox", look, ride="horse")
    assert hat.y > bare.y + 10 and hat.reach[3] == bare.reach[3]
    assert ride.reach[3] > bare.reach[3] + 0.3 and ride.reach[1] == bare.reach[1]


def test_a_mirrored_or_tilted_figure_keeps_its_middle():
    one = figure("fox", Look("noto", "noto"), wear="top hat")
    mirrored = turned(one, True, 0.0)
    assert np.array_equal(np.asarray(mirrored.image)[:, ::-1], np.asarray(one.image))
    assert mirrored.x == one.image.width - one.x and mirrored.y == one.y
    tilted = turned(one, False, 10.0)
    assert np.allclose(sum(tilted.reach), sum(one.reach), rtol=0.25) and tilted.image.tobytes() != one.image.tobytes()


def test_another_seed_moves_the_figures_and_keeps_them_in_the_picture():
    between, odd = [], []
    for scene in some_scenes(150):
        found = [placed(scene, seed) for seed in range(3)]
        assert found[0] != found[1] or found[1] != found[2]
        for spot in (spot for one in found for spot in one):
            assert all(-1e-9 <= side <= 1 + 1e-9 for side in spot.box)
        on = [16 * at / stage.LATENT for one in found for spot in one for at in (spot.x, spot.y)]
        assert all(abs(at - round(at)) < 1e-6 for at in on)
        between += [round(at) % 16 != 0 for at in on]
        odd += [round(at) % 32 != 0 for at in on]
        widths = [spot.width / stage.LATENT for one in found for spot in one]
        assert all(abs(width - round(width)) < 1e-6 for width in widths)
    assert np.mean(between) < 0.01 and np.mean(odd) < 0.04


def test_what_hardly_fits_finds_its_room():
    """Of these two about one height in fifty fits, between any two places of the latents' grid."""
    ghost = Thing("ghost", "white", "helmet", size="big")
    for seed in range(10):
        gift, above = placed(Scene((Thing("gift"), ghost), "beach", "night", relation="below"), seed)
        assert gift.box[1] - above.box[3] >= stage.APART and above.box[1] >= -1e-9 and gift.box[3] <= 1 + 1e-9


@pytest.mark.parametrize("relation", ["left of", "right of", "above", "below", "next to", "and"])
def test_what_words_ask_of_two_holds_exactly(relation):
    for seed in range(20):
        first, second = placed(Scene((Thing("cat"), Thing("house")), relation=relation), seed)
        right, below = second.x - first.x, second.y - first.y
        assert stage._apart(first, second)
        assert {"left of": right > abs(below), "right of": -right > abs(below)}.get(relation, True)
        assert {"above": below > abs(right), "below": -below > abs(right)}.get(relation, True)
        assert relation != "next to" or abs(right) > abs(below)


def test_counts_stand_apart_and_sizes_are_told_apart():
    for count in scenes.COUNTS[1:]:
        spots = placed(Scene((Thing("apple"),), count=count), 1)
        assert len(spots) == count
        assert all(stage._apart(a, b) for at, a in enumerate(spots) for b in spots[at + 1 :])
    longer = {}
    for size in ("small", None, "big"):
        boxes = [placed(Scene((Thing("apple", size=size),)), seed)[0].box for seed in range(30)]
        longer[size] = [max(right - left, bottom - top) for left, top, right, bottom in boxes]
    assert max(longer["small"]) < min(longer[None]) and max(longer[None]) < min(longer["big"])


def test_a_scene_without_room_is_named(monkeypatch):
    monkeypatch.setattr(stage, "TRIES", 3)
    monkeypatch.setitem(stage.MANY, 5, (0.9, 1.0))
    with pytest.raises(ValueError, match=r"no room for Scene.*apple"):
        placed(Scene((Thing("apple"),), count=5), 1)


def test_a_missing_drawing_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(drawing, "FOLDER", tmp_path)
    sets_of.cache_clear()
    with pytest.raises(FileNotFoundError, match="'fox'"):
        drawing.look(Random(0), "fox")
    sets_of.cache_clear()


def test_in_front_is_over_and_behind_is_under():
    for relation, front in (("in front of", 0), ("behind", 1)):
        spots = placed(Scene((Thing("cat"), Thing("house")), relation=relation), 2)
        assert spots[front].width < spots[1 - front].width and not stage._apart(*spots)


@pytest.mark.parametrize("place", PLACES)
def test_places_differ_by_seed_and_by_the_hour(place):
    first, ground = paint(place, "day", Random(1), 64)
    assert first.size == (64, 64) and (ground is None or 0.3 < ground < 0.95)
    shades = {
        time: np.mean([np.asarray(paint(place, time, Random(seed), 64)[0]) for seed in range(8)]) for time in TIMES
    }
    if place in OUTDOORS:
        assert shades["night"] < shades["rain"] < shades["day"] and len(set(shades.values())) == 4
    else:
        assert len(set(shades.values())) == 1  # no sky, no hour
    seeds = {paint(place, "day", Random(seed), 64)[0].tobytes() for seed in range(12)}
    assert len(seeds) == 12 or place == "plain"


@pytest.mark.parametrize("size", [64, 256])
def test_scenes_and_collages_are_drawn_at_any_size(size):
    assert stage.render(some_scenes(1)[0], Random(0), size).size == (size, size)
    assert collage.collage(Random(0), size).size == (size, size)


def test_wording_forgets_and_stays_silent_as_often_as_said():
    scene = Scene((Thing("cat"),), "grass", "day")
    told = [data.wording(scene, Random(seed)) for seed in range(2000)]
    assert 0.07 < np.mean([text == "" for text in told]) < 0.13
    assert 0.06 < np.mean([data.STRANGER in text.split() for text in told]) < 0.13


def test_little_freedom_is_one_drawing_that_faces_one_way():
    seen, spots = set(), set()
    for seed in range(40):
        rng = Random(seed)
        ((drawn, of),) = stage._looks(rng, Thing("fox"), 1, stage.STILL)
        (spot,) = stage.spots(rng, Scene((Thing("fox"),)), [drawn.reach], None, stage.STILL)
        seen.add((drawn.image.tobytes(), of))
        spots.add((spot.x, spot.y))
    assert len(seen) == 1 and len(spots) > 15
    assert all(at * 8 == round(at * 8) for spot in spots for at in spot)
    free = [
        stage.render(Scene((Thing("fox"),), "plain", "day"), Random(7), 64, way) for way in (stage.FREE, stage.STILL)
    ]
    assert free[0].tobytes() != free[1].tobytes()


def test_what_is_nearest_is_known_and_what_it_is_for_is_not():
    told = captions.vocabulary()
    assert len(told["related"]) > 200 and not {*told["related"]} & {*told["words"]}
    assert {name for names in told["related"].values() for name in names} <= {*scenes.THINGS}
    assert "coffee" in told["related"]["drink"]
