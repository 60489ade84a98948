"""A run whose picture a safety checker has to pass: what is told before, and what is left of one that it flags."""

import json
import time

import pytest
from fake_engine import FakeEngine
from following import Visitor, form, generated, told

from demo.engine.api import Withheld
from demo.page.answers import Answers
from demo.page.live import Live
from demo.run.store import Runs
from demo.run.trace import BadRequest, Request
from demo.settings import Settings


@pytest.fixture
def make(tmp_path):
    return lambda flags, unchecked=False, **options: Live(
        FakeEngine(flags=flags, **options), Runs(tmp_path), unchecked=unchecked
    )


def indices(messages) -> list[int]:
    return [message["index"] for message in messages if message["kind"] == "frame"]


def test_what_passes_is_told_whole(make, tmp_path):
    messages = told(make(flags=False), form())
    assert indices(messages) == [0, 1, 2, 3, 4] and messages[-1]["kind"] == "done" and messages[-1]["gif"]


def test_nothing_but_the_noise_is_told_before_the_check(make):
    """The engine has drawn three states, and one is told."""
    live = make(flags=False, pause=0.1)
    visitor = Visitor(live, form(steps=30))
    assert [next(visitor)["kind"] for _ in range(2)] == ["begin", "frame"]
    while live.engine.drawn < 4:
        time.sleep(0.01)
    assert indices(map(json.loads, live.missing(visitor.run, 0)["messages"])) == [0]
    live.stop(visitor.run)
    rest = list(visitor)
    assert indices(rest) == [] and rest[-1]["kind"] == "done" and rest[-1]["stopped"] and rest[-1]["count"] == 1
    visitor.close()


def test_what_is_flagged_leaves_nothing(make, tmp_path):
    live, asked = make(flags=True), form()
    messages = told(live, asked)
    assert indices(messages) == [0] and messages[-1]["kind"] == "trouble"
    assert messages[-1]["sentence"] == "The fake's checker flagged it." and messages[-1]["count"] == 0
    assert not list(tmp_path.rglob("*.gif")) and not list(tmp_path.rglob("*.png"))
    with pytest.raises(BadRequest):
        Answers(live.engine, live.runs, live.prompts).touch(asked["run"], 1, 0, 0, True)
    with pytest.raises(Withheld):
        generated(live, Request("a blue cat", seed=7, steps=4))
    assert not list(tmp_path.rglob("*.png"))


def test_shown_before_the_check_where_the_author_says_so(make):
    live, asked = make(flags=True, unchecked=True), form()
    messages = told(live, asked)
    assert indices(messages) == [0, 1, 2, 3] and messages[-1]["kind"] == "trouble"
    assert live.runs.get(asked["run"]).frames == []
    assert Settings.from_env({"DEMO_SHOW_BEFORE_CHECK": "1"}).show_before_check and not Settings().show_before_check
    with pytest.raises(ValueError, match="DEMO_SHOW_BEFORE_CHECK"):
        Settings.from_env({"DEMO_SHOW_BEFORE_CHECK": "maybe"})
