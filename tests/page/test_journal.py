"""What the log says of runs that ended, and what it keeps to itself."""

import io
import json

import pytest
from fake_engine import FakeEngine
from following import Visitor, form, told, until

from demo.page import journal
from demo.page.live import Live
from demo.run.store import Runs


@pytest.fixture
def lines():
    """Call it for what the log has so far."""
    stream = io.StringIO()
    journal.to(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    journal.log.removeHandler(journal.log.handlers[-1])


def test_a_run_that_ended_is_one_line_without_what_was_typed(tmp_path, lines):
    live, asked = Live(FakeEngine(), Runs(tmp_path)), form(prompt="a red fox", steps="4")
    told(live, asked)
    until(lines)
    (line,) = lines()
    assert line["run"] == journal.name(asked["run"]) and line["by"] == "page"
    assert (line["steps"], line["states"], line["stopped"], line["trouble"], line["company"]) == (4, 5, False, None, 1)
    assert line["seconds"] >= line["drawing"] >= 0
    written = json.dumps(line)
    assert not [word for word in ("fox", asked["run"]) if word in written]


def test_what_broke_and_what_was_stopped_in_line_are_told_as_such(tmp_path, lines):
    live = Live(FakeEngine(breaks_at=3, pause=0.02), Runs(tmp_path))
    broken, waiting = Visitor(live, form()), Visitor(live, form())
    next(broken), next(waiting)
    live.stop(waiting.run)
    list(broken), list(waiting)
    until(lambda: len(lines()) == 2)
    by_run = {line["run"]: line for line in lines()}
    first, second = (by_run[journal.name(one.run)] for one in (broken, waiting))
    assert (first["trouble"], first["states"], first["stopped"]) == ("RuntimeError", 3, False)
    assert (second["trouble"], second["states"], second["drawing"], second["stopped"]) == (None, 0, 0.0, True)
