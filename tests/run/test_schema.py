"""The schema of the messages: up to date, fit for every message of real runs, and hard on broken ones."""

import copy
import json

import pytest
from fake_engine import FakeEngine

from demo.run import messages, schema
from demo.run.records import KINDS
from demo.run.trace import Request, Watch

KEY = "abcdefghijklmnopqrstuv-_"
REQUEST = Request("a blue cat", seed=7, steps=4)


def run(engine: FakeEngine, watch: Watch = Watch(), count: int = 5) -> list[str]:  # noqa: B008 (it is frozen)
    """Every kind of message, of a run that ends after `count` states."""
    frames = list(engine.frames(REQUEST, watch=watch))[:count]
    tokens = engine.numbers(REQUEST.prompt).told(engine.atlas()) if engine.abilities.can("numbers") else None
    told = [messages.begin(KEY, 0, REQUEST, "fake", ["cat"], tokens), messages.waiting(KEY, 1, 3)]
    for before, frame in zip([None, *frames], frames, strict=False):
        told.append(messages.frame(KEY, len(told), frame, before))
    told.append(messages.drawn(KEY, len(told), count, stopped=count < 5))
    told.append(messages.done(KEY, len(told), frames, "/x/y.gif", 12, stopped=count < 5))
    return [*told, messages.trouble(KEY, len(told), "It broke.", count=count), messages.trouble(None, 0, "No key.")]


def test_the_file_is_what_the_types_say():
    assert schema.FILE.read_text("utf-8") == schema.text(), "python -m demo.run.schema"


@pytest.mark.parametrize("count", [0, 1, 3, 5])
@pytest.mark.parametrize("watch", [Watch(), Watch(word_maps=True, guesses=True)], ids=["states", "everything"])
@pytest.mark.parametrize("cannot", [{}, {"numbers": "No.", "word_maps": "No.", "guidance": "No."}], ids=["all", "less"])
def test_every_message_of_a_run_fits(watch, count, cannot):
    told = [json.loads(message) for message in run(FakeEngine(**cannot), watch, count)]
    assert [schema.fault(message) for message in told] == [None] * len(told)
    assert {message["kind"] for message in told} >= set(KINDS) - ({"frame"} if count == 0 else set())
    assert [message["number"] for message in told[:-1]] == list(range(len(told) - 1))


BREAKS = {
    "no number": lambda message: message.pop("number"),
    "another schema": lambda message: message.update(schema=2),
    "another kind": lambda message: message.update(kind="packing"),
    "a strange key": lambda message: message.update(run="../../etc/passwd"),
    "a number below 0": lambda message: message.update(number=-1),
    "a number in text": lambda message: message.update(number="1"),
    "a truth for a number": lambda message: message.update(number=True),
    "something more": lambda message: message.update(html="<b>"),
}


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_message_is_refused(kind, broken):
    message = next(one for one in map(json.loads, run(FakeEngine(), Watch(True, True))) if one["kind"] == kind)
    assert schema.fault(message) is None
    BREAKS[broken](message)
    assert schema.fault(message)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "javascript:alert(1)"),
        ("state", "data:image/svg+xml;base64,PHN2Zz4="),
        ("state", 'data:image/png;base64,AAAA" onload="x'),
        ("guess", 3),
        ("noise_left", 1.01),
        ("sigma", None),
        ("sha256", "x" * 64),
        ("channels", {"data": "AAAA"}),
        ("word_maps", []),
        ("sentence", ["a"]),
    ],
)
def test_a_frame_with_a_broken_field_is_refused(field, value):
    message = copy.deepcopy(json.loads(run(FakeEngine(), Watch(True, True))[3]))
    message[field] = value
    assert field in schema.fault(message)


@pytest.mark.parametrize("nothing", [None, [], "x", 3, {}, {"kind": ["frame"]}, {"kind": None}])
def test_what_is_no_message_at_all_is_refused(nothing):
    assert schema.fault(nothing)
