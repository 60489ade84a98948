"""The game on an engine whose every number is known: what it hides, what it tells when, and how it ends."""

import base64
import dataclasses
import io
import json

import numpy as np
import pytest
from fake_engine import LEVELS, FakeEngine
from PIL import Image

from demo.page import answers
from demo.page import hidden as module
from demo.page.answers import answered
from demo.page.hidden import Hidden, a
from demo.run.trace import BadRequest

GROUPS = {"characters": ["fox", "cat", "owl", "ninja"], "colours": ["red", "blue", "green", "pink"], "rides": ["boat"]}


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def hidden(engine):
    return Hidden(engine, GROUPS)


def truth(engine) -> str:
    return engine.last.split()[1]


def wrong(engine, names) -> str:
    return next(name for name in names if name != truth(engine))


def uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB")).astype(int)


def test_a_game_hides_its_name_its_picture_and_every_clearer_level(hidden, engine):
    game = json.loads(json.dumps(hidden.hide()))
    assert set(game) == {"game", "names", "levels", "level"} and game["levels"] == LEVELS
    assert sorted(game["names"]) == sorted(GROUPS["characters"]) and truth(engine) in game["names"]
    assert set(game["level"]) == {"index", "state", "timestep", "alpha", "sigma", "snr"} and game["level"]["index"] == 0
    with pytest.raises(BadRequest):
        hidden.clearer(game["game"], 2)
    for level in (1, 1, 2, 0):
        assert hidden.clearer(game["game"], level)["level"]["index"] == level
    assert "guess" not in hidden.clearer(game["game"], 1)["level"]


def test_names_stand_at_any_place_and_any_may_be_the_true_one(hidden, engine):
    places = {hidden.hide()["names"].index(truth(engine)) for _ in range(60)}
    assert places == {0, 1, 2, 3}


def test_the_end_tells_the_truth_the_levels_and_what_the_model_named(hidden, engine):
    game = hidden.hide()
    hidden.clearer(game["game"], 1)
    told = json.loads(json.dumps(hidden.name(game["game"], truth(engine))))
    assert told["name"] == told["truth"] == truth(engine) and told["prompt"] == engine.last
    assert told["shown"] == 1 and told["first"] == engine.sees
    assert [pick == told["truth"] for pick in told["picks"]] == [level >= engine.sees for level in range(LEVELS)]
    assert len(told["levels"]) == LEVELS and pixels(told["levels"][0]["guess"]).shape == pixels(told["picture"]).shape
    assert told["levels"][0]["snr"] < told["levels"][-1]["snr"]


def test_one_choice_is_all_and_looking_on_does_not_change_it(hidden, engine):
    game = hidden.hide()
    chosen = wrong(engine, game["names"])
    first = hidden.name(game["game"], chosen)
    hidden.clearer(game["game"], 1)
    again = hidden.name(game["game"], truth(engine))
    assert again == first and again["name"] == chosen and again["shown"] == 0


@pytest.mark.parametrize(("sees", "first"), [(0, 0), (LEVELS - 1, LEVELS - 1), (LEVELS, None)])
def test_the_first_level_is_that_from_which_all_are_right(hidden, engine, sees, first):
    engine.sees = sees
    assert hidden.name(hidden.hide()["game"], truth(engine))["first"] == first


def test_a_right_level_before_a_wrong_one_does_not_count():
    game = module.Game(("fox", "cat"), 0, ("a fox", "a cat"), np.zeros((8, 8, 3), np.uint8), 1, FakeEngine().drown(
        np.zeros((8, 8, 3), np.uint8), 1))  # fmt: skip
    assert module.ended(game, "cat", [0, 1, 0, 0, 0])["first"] == 2


@pytest.mark.parametrize("game", [None, "", "x" * 24, 7, ["x"]])
def test_a_game_that_is_not_kept_says_so(hidden, game):
    for asked in (lambda: hidden.clearer(game, 0), lambda: hidden.name(game, "fox")):
        assert answered(asked) == {"error": module.OVER}


@pytest.mark.parametrize("name", [None, "dragon", 3, ["fox"]])
def test_a_name_that_was_not_offered_ends_nothing(hidden, engine, name):
    game = hidden.hide()
    assert answered(hidden.name, game["game"], name) == {"error": module.NOT_NAMED}
    assert hidden.name(game["game"], truth(engine))["name"] == truth(engine)


@pytest.mark.parametrize("level", [None, -1, LEVELS, "x", True])
def test_a_level_that_is_none_is_refused(hidden, level):
    with pytest.raises(BadRequest):
        hidden.clearer(hidden.hide()["game"], level)


def test_without_words_of_its_own_a_model_gets_everyday_things(engine):
    assert set(Hidden(engine, {}).hide()["names"]) <= set(module.EVERYDAY)


def test_a_picture_that_was_sent_is_drowned_and_nowhere_kept(hidden, engine):
    image = Image.new("RGB", (64, 64), "white")
    image.paste("red", (16, 16, 48, 48))
    told = json.loads(json.dumps(hidden.drown(uri(image))))
    assert len(told["levels"]) == LEVELS and np.abs(pixels(told["picture"]) - np.asarray(image)).mean() < 3
    assert not hidden._games and engine.drawn == 0
    assert "one colour" in answered(hidden.drown, uri(Image.new("RGB", (64, 64), "white")))["error"]


def test_two_cannot_think_at_once_and_the_second_may_ask_again(hidden, monkeypatch):
    monkeypatch.setattr(answers, "PATIENCE", 0.01)
    with hidden._alone():
        assert answered(hidden.hide) == {"error": answers.BUSY, "again": True}
    assert "game" in answered(hidden.hide)


def test_a_run_that_is_withheld_is_a_sentence():
    assert answered(Hidden(FakeEngine(flags=True), GROUPS).hide)["error"] == "The fake's checker flagged it."


def test_a_model_that_cannot_says_why():
    hidden = Hidden(FakeEngine(drowned="It has no eyes."), GROUPS)
    assert answered(hidden.hide) == {"error": "It has no eyes."}


def test_games_are_bounded(engine, monkeypatch):
    one = (1 + 2 * LEVELS) * 3 * engine.size**2
    monkeypatch.setattr(module, "KEPT_BYTES", 2 * one)
    hidden = Hidden(engine, GROUPS)
    first, *_ = [hidden.hide()["game"] for _ in range(3)]
    assert answered(hidden.clearer, first, 0) == {"error": module.OVER} and len(hidden._games) == 2


def test_where_the_model_knows_the_word_the_thing_is_asked_for_big(engine):
    engine.abilities = dataclasses.replace(engine.abilities, vocabulary=("big", "fox"))
    hidden = Hidden(engine, GROUPS)
    game = hidden.hide()
    thing = engine.last.removeprefix("a big ")
    told = hidden.name(game["game"], thing)
    assert thing in game["names"] and (told["truth"], told["prompt"]) == (thing, f"a big {thing}")


def test_things_get_their_article():
    assert [a("fox"), a("owl")] == ["a fox", "an owl"]
