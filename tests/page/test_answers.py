"""Answers about a run that has ended, on an engine whose every number is known: sides, overlaps, final touches."""

import base64
import io
import json
import threading
from contextlib import ExitStack

import numpy as np
import pytest
from fake_engine import CELLS, FakeEngine
from following import Visitor, form, told, until
from PIL import Image

from demo.page import answers as module
from demo.page.answers import Answers, answered
from demo.page.live import Live
from demo.run import measure
from demo.run.finish import Finish, finish
from demo.run.store import Runs
from demo.run.trace import BadRequest

STEPS = 4


@pytest.fixture
def live(tmp_path):
    return Live(FakeEngine(), Runs(tmp_path))


@pytest.fixture
def answers(live):
    return Answers(live.engine, live.runs, live.prompts)


def run(live, prompt="a blue cat", **changed) -> str:
    """The key of a run that has ended."""
    return told(live, form(**{"prompt": prompt, "steps": STEPS} | changed))[0]["run"]


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB")).astype(int)


def maps(told: dict) -> np.ndarray:
    grey = np.frombuffer(base64.b64decode(told["data"]), "u1").reshape(len(told["scale"]), told["h"], told["w"])
    return grey / 255 * np.array(told["scale"])[:, None, None]


def test_both_sides_of_a_guess_are_the_engines_own(live, answers):
    key = run(live, guidance=4)
    told = answers.guesses(key, 2)
    step, request = live.runs.get(key).frames[2].step, live.runs.get(key).request
    shown = live.engine.guesses(step, request)
    assert set(told) == {"conditional", "unconditional", "guided"}
    assert np.abs(pixels(told["guided"]) - shown["guided"]).mean() < 2
    assert (pixels(told["unconditional"]) == 255).all()
    assert np.abs(pixels(told["conditional"]) - shown["conditional"]).mean() < 2


def test_a_step_can_be_had_from_the_models_own_decoder(live, answers):
    key = run(live)
    frames = live.runs.get(key).frames
    first, last = answers.exact(key, 0), answers.exact(key, STEPS)
    assert set(first) == {"state"} and set(last) == {"state", "guess"}
    assert np.abs(pixels(last["state"]) - live.engine.exact(frames[-1].step)["state"]).mean() < 2
    with pytest.raises(BadRequest):
        answers.exact(key, STEPS + 1)
    assert answered(answers.exact, "no" * 12, 0)["error"] == module.GONE


@pytest.mark.parametrize("changed", [{"guidance": 1}, {}])
def test_a_step_without_sides_says_so(live, answers, changed):
    with pytest.raises(BadRequest, match="no guess with the prompt"):
        answers.guesses(run(live, **changed), 0 if not changed else 2)


def test_removing_nothing_changes_nothing(live, answers):
    told = answers.overlap(run(live), run(live), [2])
    assert told["levels"] == [0.0] * (STEPS + 1) and told["final"] == 0
    assert not maps(told["maps"]).round(3).any()
    chance = pytest.approx(told["chance"], abs=0.01)  # but for rounding a fifth to whole places
    assert told["overlap"][2] == chance and told["whole"] == chance


def test_what_a_word_changed_is_measured_on_the_exact_pictures(live, answers):
    """Without "blue" the fake's disc turns red: the change is the disc, at every step that has a guess."""
    mine, theirs = run(live), run(live, "a cat")
    told = answers.overlap(mine, theirs, [2])
    frames = live.runs.get(mine).frames, live.runs.get(theirs).frames
    discs = [live.engine.disc(live.runs.get(key).request).astype(np.uint8) for key in (mine, theirs)]
    change = measure.changed(*discs)
    assert told["levels"] == pytest.approx([0.0] + [change.mean()] * STEPS, abs=1e-3)
    assert np.abs(maps(told["maps"])[2] - change).max() <= change.max() / 500
    heat = frames[0][2].step.word_maps[2].astype(np.float32)
    assert told["overlap"] == [None] + [pytest.approx(measure.overlap(heat, change))] * STEPS
    assert told["whole"] == pytest.approx(measure.overlap(heat, change))
    assert heat.shape == (CELLS, CELLS)


def test_a_word_of_several_tokens_looks_with_all_of_them(live, answers):
    mine, theirs = run(live), run(live, "a cat")
    frame = live.runs.get(mine).frames[1]
    assert np.allclose(module.heat(frame, [1, 2]), frame.step.word_maps[1:3].astype(np.float32).sum(axis=0))
    assert answers.overlap(mine, theirs, [1, 2])["whole"] != answers.overlap(mine, theirs, [2])["whole"]


def test_runs_of_different_lengths_cannot_be_compared(live, answers):
    with pytest.raises(BadRequest, match="not the same steps"):
        answers.overlap(run(live), run(live, steps=STEPS + 1), [1])


@pytest.mark.parametrize("tokens", [None, [], [99], [-1], ["x"], [True], "12", [1] * 17, [[1]]])
def test_tokens_that_are_none_are_refused(live, answers, tokens):
    with pytest.raises(BadRequest):
        answers.overlap(run(live), run(live), tokens)


def test_touches_are_the_librarys_own(live, answers):
    key = run(live)
    told = json.loads(json.dumps(answers.touch(key, 2, 1.0, 0.5)))
    image = live.runs.get(key).frames[-1].image
    twin = finish(image, Finish(2, 1.0, 0.5))
    assert (told["width"], told["height"]) == (128, 128)
    touches = {touch["name"]: touch for touch in told["touches"]}
    assert list(touches) == ["all", "upscale", "contrast", "sharpen"]
    assert [touches[name]["nothing"] for name in touches] == [False, True, False, False]
    plain = np.asarray(Image.fromarray(image).resize((128, 128), 1))
    assert np.abs(pixels(touches["all"]["before"]) - plain).mean() < 2
    for name, own in {"all": twin, **{step.name: step for step in twin.steps}}.items():
        assert np.abs(pixels(touches[name]["after"]) - own.image).mean() < 2
        assert np.abs(pixels(touches[name]["before"]) - own.before).mean() < 2
    assert np.abs(pixels(told["touches"][1]["added"]) - 128).max() <= 1  # plain resizing adds nothing


def test_nothing_chosen_is_the_picture_itself(live, answers):
    (whole,) = answers.touch(run(live), 1, 0, 0)["touches"]
    assert whole["before"] == whole["after"] and whole["name"] == "all"


def test_the_finished_picture_can_be_taken_home_exactly(live, answers):
    key = run(live)
    told = answers.touch(key, 3, 0.7, 0, "png")
    twin = finish(live.runs.get(key).frames[-1].image, Finish(3, 0.7, 0))
    with Image.open(told["file"]) as picture:
        assert np.array_equal(np.asarray(picture), twin.image) and picture.text["prompt"] == "a blue cat"
    assert told["name"] == "out-of-static-a-blue-cat-seed-7-finished.png" and told["bytes"] > 100
    assert live.runs.get(key).filed >= told["bytes"]


def test_the_gif_ends_with_the_finished_picture(live, answers):
    key = run(live)
    told = answers.touch(key, 4, 2, 1, "gif")
    with Image.open(told["file"]) as gif:
        assert gif.n_frames == STEPS + 2
        gif.seek(STEPS + 1)
        last, held = np.asarray(gif.convert("RGB")).astype(int), gif.info["duration"]
    twin = finish(live.runs.get(key).frames[-1].image, Finish(4, 2, 1))
    assert held == 1500 and last.shape == (384, 384, 3)
    assert np.abs(last - np.asarray(Image.fromarray(twin.image).resize((384, 384)))).mean() < 8


BAD = [(9, 0, 0), (1.5, 0, 0), (1, 3, 0), (1, -1, 0), (1, 0, 2), (None, 0, 0), (1, "much", 0), (1, 0, float("nan"))]


@pytest.mark.parametrize("wanted", BAD, ids=str)
def test_touches_that_are_none_are_refused_in_one_sentence(live, answers, wanted):
    told = answered(answers.touch, run(live), *wanted)
    assert told["error"].endswith(".") and "\n" not in told["error"]


def test_a_picture_that_would_be_too_large_is_refused(live, answers, monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 128)
    assert "error" not in answered(answers.touch, run(live), 2, 0, 0)
    assert "wider than 128" in answered(answers.touch, run(live), 3, 0, 0)["error"]


def test_there_is_nothing_to_finish_in_a_run_that_was_stopped(live, answers):
    live.engine.pause = 0.01
    visitor = Visitor(live, form(steps=50))
    for message in visitor:
        if message.get("index") == 2:
            live.stop(visitor.run)
    assert answered(answers.touch, visitor.run, 2, 0, 0) == {"error": module.UNFINISHED}


@pytest.mark.parametrize("key", [None, "", "x", 5, ["x"], {}])
def test_nobody_asks_about_a_run_without_its_key(live, answers, key):
    run(live)
    for ask in ((answers.guesses, key, 1), (answers.overlap, key, key, [1]), (answers.touch, key, 1, 0, 0)):
        assert answered(*ask) == {"error": module.GONE}


def test_whoever_hears_the_last_message_may_ask_at_once(live, answers, monkeypatch):
    close, closing = live.runs.close, threading.Event()
    monkeypatch.setattr(live.runs, "close", lambda run: closing.wait(10) and close(run))
    visitor = Visitor(live, form(steps=STEPS))
    while next(visitor)["kind"] != "done":
        pass
    assert "guided" in answered(answers.guesses, visitor.run, 2)
    closing.set()


def test_a_run_under_way_has_to_end_first(live, answers):
    live.engine.pause = 0.1
    visitor = Visitor(live, form())
    next(visitor), next(visitor)
    assert answered(answers.guesses, visitor.run, 0) == {"error": "This run is still under way."}
    list(visitor)


def test_frames_that_made_room_are_gone(live, answers):
    live.runs.max_bytes = 1
    key = run(live)
    until(lambda: not ((kept := live.runs.get(key)) and kept.frames))  # room is made after the last message is out
    assert answered(answers.touch, key, 1, 0, 0) == {"error": module.GONE}


def test_only_so_many_hands(live, answers):
    key = run(live)
    heavy = [(answers.touch, key, 2, 0, 0), (answers.guesses, key, 2), (answers.overlap, key, key, [1])]
    heavy += [(answers.numbers, "a new cat"), (answers.token, "a new cat", 1), (answers.atlas,)]
    with ExitStack() as held:
        for _ in range(module.AT_ONCE):
            held.enter_context(answers.hand())
        for ask in heavy:
            assert answered(*ask) == {"error": module.BUSY, "again": True}
        assert "tokens" in answers.numbers("a blue cat"), "what was just read needs no hand"
    for ask in heavy:
        assert "error" not in answered(*ask)


def test_whatever_breaks_is_one_sentence(live, answers, monkeypatch):
    key = run(live)
    monkeypatch.setattr(live.engine, "finish", lambda *_: 1 / 0)
    assert answered(answers.touch, key, 2, 0, 0) == {"error": module.BROKEN.format("ZeroDivisionError")}
    with ExitStack() as held:
        for _ in range(module.AT_ONCE):
            held.enter_context(answers.hand())


def test_the_last_finished_picture_is_not_made_twice(live, answers, monkeypatch):
    key, made, make = run(live), [], live.engine.finish
    monkeypatch.setattr(live.engine, "finish", lambda *given: made.append(1) or make(*given))
    for file in (None, "png", "gif"):
        answers.touch(key, 2, 1, 0, file)
    assert len(made) == 1
    answers.touch(key, 2, 1.5, 0)
    assert len(made) == 2
