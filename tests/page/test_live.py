"""A visitor's run from raw form values to its last message, on an engine without a model."""

import json
import threading
import time

import pytest
from fake_engine import FakeEngine
from PIL import Image

from demo.page.live import REPAIR, Live, checked
from demo.page.turns import Turns
from demo.run.store import Runs
from demo.run.trace import BadRequest, Request


@pytest.fixture
def make(tmp_path):
    return lambda **options: Live(FakeEngine(**options), Runs(tmp_path))


def asked(**changed):
    return {"prompt": "a blue cat", "seed": "7", "steps": "4", "guidance": "5", "scheduler": "ddim"} | changed


def told(messages) -> list[dict]:
    return [json.loads(message) for message in messages]


def end(message: dict) -> dict:
    """What every `done` says, without what it says of the run's insides."""
    return {
        name: value
        for name, value in message.items()
        if name not in ("curves", "point", "sentences", "schema", "number")
    }


@pytest.mark.parametrize("steps", [1, 8, 30])
def test_a_run_is_told_from_the_noise_to_the_gif(make, steps):
    messages = told(make().watch(asked(steps=steps)))
    kinds = [message["kind"] for message in messages]
    assert kinds == ["begin", *["frame"] * (steps + 1), "done"]
    assert [message["index"] for message in messages if message["kind"] == "frame"] == list(range(steps + 1))
    assert len({message["run"] for message in messages}) == 1
    assert end(messages[-1]) | {"run": 0, "gif": 0, "gif_bytes": 0} == {
        "kind": "done", "run": 0, "count": steps + 1, "gif": 0, "gif_bytes": 0, "stopped": False, "note": None,
    }  # fmt: skip


def test_the_gif_of_a_run_is_there(make):
    done = told(make().watch(asked()))[-1]
    with Image.open(done["gif"]) as gif:
        assert gif.n_frames == 5


def test_a_gif_that_cannot_be_written_costs_the_gif_alone(make, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("demo.run.export.gif", full)
    *_, done = told(make().watch(asked()))
    assert done["kind"] == "done" and done["count"] == 5 and done["gif"] is None
    assert "could not be written" in done["note"] and len(done["curves"]["layout"]) == 5


@pytest.mark.parametrize(("field", "value"), [("prompt", " "), ("seed", -1), ("steps", "x"), ("guidance", 99)])
def test_trouble_names_its_field(make, field, value):
    (trouble,) = told(make().watch(asked(**{field: value})))
    assert trouble["kind"] == "trouble" and trouble["field"] == field


def test_the_end_knows_what_only_the_end_can_know(make):
    messages = told(make().watch(asked(steps=8)))
    frames, done = [m for m in messages if m["kind"] == "frame"], messages[-1]
    assert {len(curve) for curve in done["curves"].values()} == {9} and len(done["sentences"]) == 9
    assert done["curves"]["layout"][-1] == done["curves"]["detail"][-1] == 1
    assert done["curves"]["noise_left"] == [frame["noise_left"] for frame in frames]
    assert done["curves"]["change"] == pytest.approx([frame["changed"] for frame in frames], abs=1e-3)
    assert done["point"] == 1  # the fake's first guess is the picture
    live, late = frames[3]["sentence"], done["sentences"][3]
    assert live.startswith("Step 3 of 8: ") and "layout" not in live and "layout is decided" in late


def test_a_stopped_run_has_no_end_to_be_settled_against(make):
    live, messages = make(), []
    for text in live.watch(asked(steps=50)):
        messages.append(json.loads(text))
        if messages[-1].get("index") == 3:
            live.stop(messages[0]["run"])
    done = messages[-1]
    assert done["curves"]["layout"] is done["curves"]["detail"] is done["point"] is None
    assert len(done["sentences"]) == done["count"] and "layout" not in " ".join(done["sentences"])


def test_the_tokens_come_before_the_noise(make):
    tokens = told(make().watch(asked(prompt="a blue dinosaur")))[0]["tokens"]
    assert [token["typed"] for token in tokens[1:4]] == ["a", "blue", "dinosaur"]
    assert [token["kind"] for token in tokens[:5]] == ["start", "word", "word", "unknown", "end"]
    assert told(make(numbers="It cannot.").watch(asked()))[0]["tokens"] is None


def test_a_reader_that_breaks_is_not_in_the_way_of_the_run(make, monkeypatch):
    live = make()
    monkeypatch.setattr(live.reading, "_read", lambda prompt: 1 / 0)
    messages = told(live.watch(asked()))
    assert messages[0]["tokens"] is None and messages[-1]["kind"] == "done"


def test_the_exact_frames_of_a_run_are_kept(make):
    live = make()
    messages = told(live.watch(asked()))
    frames = live.runs.get(messages[0]["run"]).frames
    assert [frame.sha256 for frame in frames] == [m["sha256"] for m in messages if m["kind"] == "frame"]
    assert all(frame.step is not None for frame in frames)


def test_unknown_words_are_named(make):
    assert told(make().watch(asked(prompt="a blue dinosaur")))[0]["unknown"] == ["dinosaur"]


BAD = [
    {"prompt": ""}, {"prompt": "   "}, {"prompt": "x" * 501}, {"prompt": 5}, {"prompt": None}, {"steps": "0"},
    {"steps": 101}, {"steps": "many"}, {"steps": ""}, {"guidance": 0.5}, {"guidance": "21"}, {"seed": -1},
    {"seed": 2**32}, {"seed": "1.5"}, {"scheduler": "magic"}, {"scheduler": None},
]  # fmt: skip


@pytest.mark.parametrize("changed", BAD, ids=str)
def test_bad_input_gets_one_sentence_and_no_work(make, changed):
    live = make()
    (message,) = told(live.watch(asked(**changed)))
    assert message["kind"] == "trouble" and message["sentence"].endswith(".") and "\n" not in message["sentence"]
    assert live.engine.drawn == 0


@pytest.mark.parametrize("nothing", [None, "a cat", [], 7])
def test_a_form_that_is_no_form_is_refused(nothing):
    with pytest.raises(BadRequest):
        checked(nothing, 4.0)


def test_an_absent_guidance_is_the_models():
    assert checked({"prompt": "a cat"}, 2.5).guidance == 2.5
    assert checked({"prompt": "a cat", "guidance": "7"}, 2.5).guidance == 7


def test_an_absent_seed_is_drawn(make):
    live = make()
    seeds = {told(live.watch(asked(seed=None, steps=1)))[0]["seed"] for _ in range(3)}
    assert len(seeds) == 3


def test_stop_ends_within_one_step_and_keeps_what_was_drawn(make):
    live, messages = make(), []
    for text in live.watch(asked(steps=50)):
        messages.append(json.loads(text))
        if messages[-1].get("index") == 10:
            assert live.stop(messages[0]["run"])
    assert messages[-1]["stopped"] and messages[-1]["count"] <= 12 and live.engine.drawn <= 12
    with Image.open(messages[-1]["gif"]) as gif:
        assert gif.n_frames == messages[-1]["count"]


def test_nobody_stops_a_run_without_its_key(make):
    live = make()
    run = live.watch(asked())
    key = json.loads(next(run))["run"]
    assert not any(live.stop(other) for other in (None, "", "x", 1, [key], key[:-1]))
    assert len(list(run)) == 6


def test_leaving_stops_the_run(make):
    live = make()
    run = live.watch(asked(steps=50))
    key = json.loads(next(run))["run"]
    next(run), run.close()
    assert live.runs.get(key).ended and live.engine.drawn <= 2
    assert told(live.watch(asked()))[-1]["kind"] == "done"  # the place in the line was given up


def test_a_broken_model_is_one_sentence_and_the_next_run_works(make):
    live = make(breaks_at=3)
    messages = told(live.watch(asked()))
    assert messages[-1]["kind"] == "trouble" and messages[-1]["count"] == 3
    assert "RuntimeError" in messages[-1]["sentence"] and "the fake" not in messages[-1]["sentence"]
    live.engine.breaks_at = None
    assert told(live.watch(asked()))[-1]["kind"] == "done"


def test_what_went_missing_can_be_asked_for_again(make):
    live = make()
    texts = list(live.watch(asked(steps=30)))
    frames = [text for text in texts if json.loads(text)["kind"] == "frame"]
    key = json.loads(texts[0])["run"]
    assert live.missing(key, 3) == {"frames": frames[3 : 3 + REPAIR], "alive": False}
    assert live.missing(key, 30)["frames"] == frames[30:]
    for strange in ((key, -1), (key, "0"), (key, True), (None, 0), ("x", 0), ([], {})):
        assert live.missing(*strange) == {"frames": [], "alive": False}


def test_a_run_under_way_says_that_it_is_alive(make):
    live = make()
    run = live.watch(asked())
    key = json.loads(next(run))["run"]
    first = next(run)
    assert live.missing(key, 0) == {"frames": [first], "alive": True}


def test_a_second_visitor_waits_and_is_told(make):
    live = make(pause=0.02)
    first = live.watch(asked())
    next(first)
    second = live.watch(asked(prompt="a red fox"))
    assert [json.loads(next(second))["kind"] for _ in range(2)] == ["begin", "waiting"]
    rest = []
    waiter = threading.Thread(target=lambda: rest.extend(told(second)))
    waiter.start()
    assert told(first)[-1]["kind"] == "done"
    waiter.join(10)
    assert [message["index"] for message in rest if message["kind"] == "frame"] == [0, 1, 2, 3, 4]


def test_waiting_can_be_stopped(make):
    live = make()
    first, second = live.watch(asked()), live.watch(asked())
    next(first)
    key = json.loads(next(second))["run"]
    assert json.loads(next(second)) == {"schema": 1, "number": 1, "kind": "waiting", "run": key, "ahead": 1}
    live.stop(key)
    assert end(told(second)[-1]) | {"run": ""} == {
        "kind": "done", "run": "", "count": 0, "gif": None, "gif_bytes": 0, "stopped": True, "note": None,
    }  # fmt: skip


def test_the_api_gets_files_and_the_trace(make):
    live = make()
    picture, gif, trace = live.generate(Request("a blue cat", 7, steps=3))
    assert (picture.suffix, gif.suffix, len(trace["states"])) == (".png", ".gif", 4)
    with Image.open(picture) as image:
        assert image.size == (64, 64)


def test_the_line_is_first_come_first_served():
    turns, never = Turns(), threading.Event()
    tickets = [turns.join() for _ in range(3)]
    assert [turns.ahead(ticket) for ticket in tickets] == [0, 1, 2]
    turns.leave(tickets[1]), turns.leave(tickets[1])
    assert [turns.ahead(tickets[0]), turns.ahead(tickets[2])] == [0, 1]
    threading.Timer(0.05, turns.leave, [tickets[0]]).start()
    began = time.monotonic()
    assert turns.wait(tickets[2], never, 5) == 0 and time.monotonic() - began < 1
