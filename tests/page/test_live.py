"""A visitor's run from raw form values to its last message, on an engine without a model."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_engine import FakeEngine
from following import Visitor, form, generated, key, told, until
from PIL import Image

from demo.page import live as module
from demo.page import visit
from demo.page.live import REPAIR, Live, checked
from demo.page.tempo import Tempo
from demo.run.store import Runs
from demo.run.trace import BadRequest, Request

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make(tmp_path):
    return lambda waiting=32, **options: Live(FakeEngine(**options), Runs(tmp_path), waiting)


def kinds(messages) -> list[str]:
    return [message["kind"] for message in messages]


@pytest.mark.parametrize("steps", [1, 8, 30])
def test_a_run_is_told_from_the_noise_to_the_gif(make, steps):
    asked = form(steps=steps)
    messages = told(make(), asked)
    assert kinds(messages) == ["begin", *["frame"] * (steps + 1), "drawn", "done"]
    assert [message["index"] for message in messages if message["kind"] == "frame"] == list(range(steps + 1))
    assert {message["run"] for message in messages} == {asked["run"]}
    assert [message["number"] for message in messages] == list(range(steps + 4))
    assert {message["schema"] for message in messages} == {1}
    drawn, done = messages[-2:]
    assert (drawn["count"], drawn["stopped"]) == (done["count"], done["stopped"]) == (steps + 1, False)
    assert done["note"] is None


def test_the_gif_of_a_run_is_there(make):
    done = told(make(), form())[-1]
    with Image.open(done["gif"]) as gif:
        assert gif.n_frames == 5


def test_a_gif_that_cannot_be_written_costs_the_gif_alone(make, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("demo.run.export.film", full)
    *_, done = told(make(), form())
    assert done["kind"] == "done" and done["count"] == 5 and done["gif"] is None
    assert "could not be written" in done["note"] and len(done["curves"]["layout"]) == 5


@pytest.mark.parametrize(("field", "value"), [("prompt", " "), ("seed", -1), ("steps", "x"), ("guidance", 99)])
def test_trouble_names_its_field(make, field, value):
    (trouble,) = told(make(), form(**{field: value}))
    assert trouble["kind"] == "trouble" and trouble["field"] == field


def test_the_end_knows_what_only_the_end_can_know(make):
    messages = told(make(), form(steps=8))
    frames, done = [m for m in messages if m["kind"] == "frame"], messages[-1]
    assert len(done["sentences"]) == 9
    assert done["curves"]["noise_left"] == [frame["noise_left"] for frame in frames]
    assert done["curves"]["change"] == pytest.approx([frame["changed"] for frame in frames], abs=1e-3)
    live, late = frames[3]["sentence"], done["sentences"][3]
    assert live.startswith("Step 3 of 8: ") and live != late


def test_the_tokens_come_before_the_noise(make):
    tokens = told(make(), form(prompt="a blue dinosaur"))[0]["tokens"]
    assert [token["typed"] for token in tokens[1:4]] == ["a", "blue", "dinosaur"]
    assert [token["kind"] for token in tokens[:5]] == ["start", "word", "word", "unknown", "end"]
    assert told(make(numbers="It cannot."), form())[0]["tokens"] is None


def test_a_reader_that_breaks_is_not_in_the_way_of_the_run(make, monkeypatch):
    live = make()
    monkeypatch.setattr(live.prompts, "_read", lambda prompt: 1 / 0)
    messages = told(live, form())
    assert messages[0]["tokens"] is None and messages[-1]["kind"] == "done"


def test_the_exact_frames_of_a_run_are_kept(make):
    live = make()
    messages = told(live, form())
    frames = live.runs.get(messages[0]["run"]).frames
    assert [frame.sha256 for frame in frames] == [m["sha256"] for m in messages if m["kind"] == "frame"]
    assert all(frame.step is not None for frame in frames)


def test_unknown_words_are_named(make):
    assert told(make(), form(prompt="a blue dinosaur"))[0]["unknown"] == ["dinosaur"]


BAD = [
    {"prompt": ""}, {"prompt": "   "}, {"prompt": "x" * 501}, {"prompt": 5}, {"prompt": None}, {"steps": "0"},
    {"steps": 101}, {"steps": "many"}, {"steps": ""}, {"guidance": 0.5}, {"guidance": "21"}, {"seed": -1},
    {"seed": 2**32}, {"seed": "1.5"}, {"scheduler": "magic"}, {"scheduler": 3},
]  # fmt: skip


@pytest.mark.parametrize("changed", BAD, ids=str)
def test_bad_input_gets_one_sentence_and_no_work(make, changed):
    """Under the visitor's own key, so that no two of them are ever the same, and to be fetched again."""
    live, asked = make(), form(**changed)
    (message,) = told(live, asked)
    assert message["kind"] == "trouble" and message["sentence"].endswith(".") and "\n" not in message["sentence"]
    assert (message["run"], message["number"]) == (asked["run"], 0)
    fetched = live.missing(asked["run"], 0)
    assert json.loads(fetched.pop("messages")[0]) == message and fetched == {"alive": False, "known": True}
    assert live.engine.drawn == 0


@pytest.mark.parametrize("odd", [None, 5, "", "x", "x" * 23, "x" * 25, "../../etc/passwd/aaaaaaa", ["x" * 24]])
def test_a_key_of_another_form_is_refused(make, odd):
    (message,) = told(make(), form(run=odd))
    assert message["kind"] == "trouble" and message["run"] is None and "key" in message["sentence"]


@pytest.mark.parametrize("nothing", [None, "a cat", [], 7])
def test_a_form_that_is_no_form_is_refused(make, nothing):
    assert kinds(told(make(), nothing)) == ["trouble"]
    with pytest.raises(BadRequest):
        checked(nothing, 5, None)


def test_a_key_that_is_in_use_is_refused_and_the_first_run_goes_on(make):
    live, asked = make(pause=0.01), form(steps=20)
    first = Visitor(live, asked)
    next(first)
    for again in (asked, asked | {"prompt": ""}):
        (trouble,) = told(live, again)
        assert trouble["kind"] == "trouble"
    assert kinds(first)[-1] == "done"
    assert told(live, asked)[0]["kind"] == "trouble", "a run that has ended keeps its name"


def test_stop_ends_within_one_step_and_keeps_what_was_drawn(make):
    live, asked, messages = make(pause=0.01), form(steps=50), []
    for message in Visitor(live, asked):
        messages.append(message)
        if message.get("index") == 10:
            assert live.stop(asked["run"]) == {"stopped": True}
    assert messages[-1]["stopped"] and messages[-1]["count"] <= 13 and live.engine.drawn <= 13
    with Image.open(messages[-1]["gif"]) as gif:
        assert gif.n_frames == messages[-1]["count"]
    assert live.stop(asked["run"]) == {"stopped": False}


def test_a_stop_that_comes_before_its_run_ends_it_on_arrival(make):
    """A submit may be slower than its stop, and an answer may be lost: nothing runs that nobody can stop."""
    live, asked = make(), form(steps=50)
    assert live.missing(asked["run"], 0)["known"] is False
    assert live.stop(asked["run"]) == {"stopped": True}
    messages = told(live, asked)
    assert kinds(messages) == ["begin", "drawn", "done"] and messages[-1]["stopped"] and live.engine.drawn == 0
    assert told(live, form())[-1]["count"] == 5


def test_nobody_stops_a_run_without_its_key(make):
    live, asked = make(), form()
    run = Visitor(live, asked)
    next(run)
    for other in (None, "", "x", 1, [asked["run"]], asked["run"][:-1]):
        assert live.stop(other) == {"stopped": False}
    live.stop(key())
    assert len(list(run)) == 7


def test_a_broken_stream_is_followed_to_the_end_by_asking(make):
    live, asked = make(pause=0.01), form(steps=20)
    run = Visitor(live, asked)
    next(run), next(run), run.close()
    texts, alive = run.texts, True
    while alive:
        answer = live.missing(asked["run"], len(texts))
        assert len(answer["messages"]) <= REPAIR and answer["known"]
        texts += answer["messages"]
        alive = answer["alive"] or answer["messages"]
        time.sleep(0.01)
    messages = [json.loads(text) for text in texts]
    assert kinds(messages) == ["begin", *["frame"] * 21, "drawn", "done"]
    assert [message["number"] for message in messages] == list(range(24))


def test_a_run_that_nobody_reads_ends_and_gives_up_its_place(make, monkeypatch):
    monkeypatch.setattr(module, "LEASE", 0.3)
    monkeypatch.setattr(module, "LOOK", 0.05)
    live, asked = make(pause=0.02), form(steps=100)
    live.start(asked)  # joined, its stream never opened
    until(lambda: live.runs.get(asked["run"]).ended)
    last = json.loads(live.runs.get(asked["run"]).messages[-1])
    assert live.engine.drawn < 60 and last["kind"] == "done" and last["stopped"]
    assert told(live, form())[-1]["count"] == 5


def test_a_run_that_is_asked_for_keeps_its_lease(make, monkeypatch):
    monkeypatch.setattr(module, "LEASE", 0.3)
    monkeypatch.setattr(module, "LOOK", 0.05)
    live, asked = make(pause=0.02), form(steps=50)
    run = Visitor(live, asked)
    next(run), run.close()
    until(lambda: live.missing(asked["run"], 0) and live.runs.get(asked["run"]).ended)
    assert len(live.runs.get(asked["run"]).frames) == 51


def test_a_caller_of_the_api_who_leaves_does_not_cost_the_whole_run(make, monkeypatch):
    monkeypatch.setattr(module, "LEASE", 0.3)
    monkeypatch.setattr(module, "LOOK", 0.05)
    live = make(pause=0.02)
    with pytest.raises(BadRequest, match="nobody"):
        generated(live, Request("a cat", 7, steps=100), lambda: False)
    assert live.engine.drawn < 60


def test_a_broken_model_is_one_sentence_and_the_next_run_works(make):
    live = make(breaks_at=3)
    messages = told(live, form())
    assert messages[-1]["kind"] == "trouble" and messages[-1]["count"] == 3
    assert "RuntimeError" in messages[-1]["sentence"] and "the fake" not in messages[-1]["sentence"]
    with pytest.raises(RuntimeError):
        generated(live, Request("a cat", 7, steps=9))
    live.engine.breaks_at = None
    assert told(live, form())[-1]["kind"] == "done"


def test_what_went_missing_can_be_asked_for_again(make):
    live, asked = make(), form(steps=30)
    run = Visitor(live, asked)
    assert len(list(run)) == 34
    for first in (0, 3, 20, 33, 34, 99):
        expected = {"messages": run.texts[first : first + REPAIR], "alive": False, "known": True}
        assert live.missing(asked["run"], first) == expected
    for strange in (-1, "x", True, None, [], 1.5):
        with pytest.raises(BadRequest):
            live.missing(asked["run"], strange)
    for stranger in (None, "x", [], {}, key()):
        assert live.missing(stranger, 0) == {"messages": [], "alive": False, "known": False}


def test_a_run_under_way_says_that_it_is_alive(make):
    live, asked = make(pause=0.05), form()
    run = Visitor(live, asked)
    next(run), next(run)
    answer = live.missing(asked["run"], 0)
    assert answer["messages"][:2] == run.texts and answer["alive"] and answer["known"]
    list(run)


def test_a_second_visitor_waits_and_is_told_when_the_place_changes(make):
    live = make(pause=0.05)
    runs = [Visitor(live, form(prompt=prompt)) for prompt in ("a cat", "a red fox", "a blue fox")]
    for run in runs:
        next(run)
    told_of = [[message for message in run if message["kind"] in ("waiting", "done")] for run in runs]
    assert [[message.get("ahead") for message in messages] for messages in told_of] == [[None], [1, None], [2, 1, None]]


def test_the_wait_is_told_from_what_the_last_runs_took_and_what_is_left_of_those_before(make, monkeypatch):
    """Every state took one second, as far as this line knows, and no run begins before all have asked."""
    began = threading.Event()
    monkeypatch.setattr("fake_engine.time", SimpleNamespace(sleep=lambda _: began.wait(20)))
    counted = Tempo.end
    monkeypatch.setattr(Tempo, "begin", lambda tempo, _: 0.0)
    monkeypatch.setattr(Tempo, "end", lambda tempo, _, begun, states: counted(tempo, 0.0, -float(states), states))
    live = make()
    began.set()
    list(Visitor(live, form(steps=10)))
    began.clear()
    first, second = Visitor(live, form(steps=20)), Visitor(live, form(prompt="a red fox", steps=4))
    third = Visitor(live, form(prompt="a cat", steps=4))
    for visitor in (first, second):
        next(visitor)
    waits = [
        next(message["seconds"] for message in visitor if message["kind"] == "waiting") for visitor in (second, third)
    ]
    began.set()
    assert waits == [21, 21 + 5]


def timed(tempo, states, seconds, begun=0.0):
    tempo.end(begun + seconds, tempo.begin(begun), states)


def waits(*left):
    """Visits with so many states to draw."""
    return [SimpleNamespace(run=SimpleNamespace(request=SimpleNamespace(steps=n - 1)), frames=[]) for n in left]


def test_only_what_was_drawn_is_a_measure():
    tempo = Tempo()
    timed(tempo, 0, 9.0)
    assert tempo.expected([]) is None
    timed(tempo, 10, 5.0), timed(tempo, 10, 7.0), timed(tempo, 1, 90.0)  # one that was held up does not count for all
    assert tempo.expected([]) == 0 and tempo.expected(waits(10)) == pytest.approx(7.0)


def test_runs_at_once_share_the_machine():
    tempo = Tempo(places=2)
    first, second = tempo.begin(0.0), tempo.begin(0.0)
    tempo.end(8.0, first, 4)  # eight seconds, half of them for it
    tempo.end(10.0, second, 6)  # and two alone
    assert tempo.expected(waits(3)) == 0  # there is a place
    assert tempo.expected(waits(3, 5)) == pytest.approx(2 * 3 * 1.0)
    assert tempo.expected(waits(3, 5, 4)) == pytest.approx(2 * 3 + 2 * 2)  # the second ends when the third has two left
    assert tempo.expected(waits(3, 3, 4)) == pytest.approx(2 * 3)  # both end at once


def test_the_next_run_begins_when_the_denoiser_is_free(make, monkeypatch):
    """Not when the GIF of the one before is written."""
    live, packing = make(), threading.Event()
    monkeypatch.setattr("demo.run.export.film", lambda *_: packing.wait(20) and 1 / 0)
    first = Visitor(live, form())
    assert kinds(next(first) for _ in range(7))[-1] == "drawn"
    second = Visitor(live, form(prompt="a red fox"))
    # It may be told that it waits: the line is left a moment after the last state is said to be there.
    assert any(message["kind"] == "drawn" for message in second)
    assert not packing.is_set()
    packing.set()
    assert kinds(first) == kinds(second) == ["trouble"]


def test_waiting_can_be_stopped(make):
    live, asked = make(pause=0.1), form()
    first, second = Visitor(live, form(steps=50)), Visitor(live, asked)
    next(first), next(second)
    assert next(second) == {
        "schema": 1,
        "number": 1,
        "kind": "waiting",
        "run": asked["run"],
        "ahead": 1,
        "seconds": None,
    }
    began = time.monotonic()
    live.stop(asked["run"])
    drawn, done = list(second)
    assert (drawn["kind"], drawn["count"], drawn["stopped"]) == ("drawn", 0, True)
    assert (done["kind"], done["count"], done["stopped"], done["gif"]) == ("done", 0, True, None)
    assert time.monotonic() - began < 2
    live.stop(first.run)


def test_when_it_is_shut_every_run_ends_with_a_sentence_and_none_begins(make):
    live = make(pause=0.05)
    drawn, waits = Visitor(live, form(steps=50)), Visitor(live, form(prompt="a red fox"))
    assert [next(drawn)["kind"] for _ in range(4)][-1] == "frame" and next(waits)["kind"] == "begin"
    began = time.monotonic()
    live.shut()
    assert time.monotonic() - began < 4
    for visitor in (drawn, waits):
        *_, last = visitor
        assert last["kind"] == "trouble" and "restarted" in last["sentence"] and "GIF" not in last["sentence"]
    (refused,) = told(live, form())
    assert refused["kind"] == "trouble" and "restarted" in refused["sentence"]
    with pytest.raises(BadRequest, match="restarted"):
        generated(live, Request("a cat", 7))


def test_a_full_line_says_so_in_one_sentence(make):
    live = make(waiting=2, pause=0.05)
    runs = [Visitor(live, form(steps=20)) for _ in range(3)]
    for run in runs:
        assert next(run)["kind"] == "begin"
    (trouble,) = told(live, form())
    assert trouble["kind"] == "trouble" and "line is full" in trouble["sentence"]
    with pytest.raises(BadRequest, match="line is full"):
        generated(live, Request("a cat", 7))
    for run in runs:
        live.stop(run.run)


def test_the_api_gets_files_and_the_trace(make):
    live = make()
    picture, gif, trace = generated(live, Request("a blue cat", 7, steps=3))
    assert (picture.suffix, gif.suffix, len(trace["states"])) == (".png", ".gif", 4)
    with Image.open(picture) as image:
        assert image.size == (64, 64)


def branch(left, **changed) -> dict:
    return {"run": key(), "parent": left, "branch_at": 2, "then": "a red fox", **changed}


def test_a_branch_begins_with_the_states_of_the_run_it_leaves(make):
    live = make()
    asked = form()
    left = told(live, asked)
    drawn = live.engine.drawn
    messages = told(live, branch(asked["run"], then_guidance="2"))
    assert kinds(messages) == kinds(left)
    begin = messages[0]
    assert (begin["prompt"], begin["guidance"], begin["seed"], begin["total"]) == ("a red fox", 2.0, 7, 4)
    assert begin["branch"] == {
        "run": asked["run"],
        "at": 2,
        "fresh": None,
        "prompt": "a blue cat",
        "negative_prompt": "",
        "guidance": 5.0,
    }
    hashes, others = ([m["sha256"] for m in run if m["kind"] == "frame"] for run in (messages, left))
    assert [one == other for one, other in zip(hashes, others, strict=True)] == [True, True, True, False, False]
    assert live.engine.drawn == drawn + 5  # the fake counts those it hands on


def test_a_branch_is_given_what_is_kept_of_the_run_it_leaves_and_no_more(make, monkeypatch):
    live, given = make(), []
    asked = form()
    told(live, asked)
    frames = live.engine.frames

    def watched(request, run, watch, past):
        given.append(past)
        return frames(request, run, watch, past)

    monkeypatch.setattr(live.engine, "frames", watched)
    told(live, branch(asked["run"]))
    live.runs.withhold(live.runs.get(asked["run"]))
    messages = told(live, branch(asked["run"]))
    assert [[frame.index for frame in past] for past in given] == [[0, 1, 2], []]
    assert kinds(messages)[-1] == "done" and messages[0]["branch"]["run"] == asked["run"]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"parent": "A" * 24}, "parent", "no longer kept"),
        ({"parent": ["x"]}, "parent", "no longer kept"),
        ({"scheduler": "euler"}, "scheduler", "scheduler of the run that it leaves"),
        ({"steps": "8"}, "steps", "steps of the run"),
        ({"width": "64"}, "width", "width of the run"),
        ({"seed": "8"}, "seed", "seed of the run"),
        ({"branch_at": "4"}, "branch_at", "from 0 to 3"),
        ({"branch_at": None}, "branch_at", "whole number"),
        ({"then": " "}, "then", "prompt is empty"),
        ({"then_negative_prompt": "a hat"}, "negative_prompt", "takes no negative prompt"),
    ],
)
def test_a_branch_that_cannot_be_is_refused_in_a_sentence(make, change, field, said):
    live, asked = make(), form()
    told(live, asked)
    (trouble,) = told(live, branch(asked["run"], **change))
    assert trouble["field"] == field and said in trouble["sentence"]


def test_words_may_change_at_a_step_without_a_run_before(make):
    begin, *_, done = told(make(), form(branch_at="2", then="a red fox", fresh="9"))
    assert begin["prompt"] == "a red fox" and done["kind"] == "done"
    assert (begin["branch"]["run"], begin["branch"]["at"], begin["branch"]["fresh"]) == (None, 2, 9)


def test_nothing_is_told_while_nobody_reads_and_all_of_it_to_who_comes_late(make):
    """What is told to nobody would be kept for a session that may never come, by whoever carries it there."""
    live, asked, reads = make(pause=0.01), form(steps=8), threading.Event()
    visitor = Visitor(live, asked, reads.is_set)
    threading.Timer(0.3, reads.set).start()
    first = next(visitor)
    assert reads.is_set() and live.engine.drawn == 9
    assert [first["number"], *(message["number"] for message in visitor)] == [*range(12)]


def test_who_never_reads_is_told_nothing_and_not_waited_for(make, monkeypatch):
    monkeypatch.setattr(visit, "ABSENT", 0.2)
    assert told(make(), form(), lambda: False) == []


def test_a_process_that_ends_in_the_midst_of_runs_says_nothing(tmp_path):
    """Nor does it wait for them. An executor refuses what comes to be packed then, which was a traceback."""
    code = """
import sys, time
from pathlib import Path
from fake_engine import FakeEngine
from following import form
from demo.page.live import Live
from demo.run.store import Runs

live = Live(FakeEngine(pause=0.02, places=4), Runs(Path(sys.argv[1])))
for _ in range(8):
    live.start(form(steps=8))
time.sleep(0.3)
"""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "page")])
    env = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=env, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
