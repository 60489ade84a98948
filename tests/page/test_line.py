"""The waiting line: first come, first served, and everybody hears of a new place."""

import threading
import time

from demo.page.line import Line


def test_the_line_is_first_come_first_served():
    told = []
    line = Line(9, lambda one, before: told.append((one, before)))
    for one in "abc":
        line.join(one)
    assert told == [("b", ["a"]), ("c", ["a", "b"])] and line.turn() == "a" and line.members() == ["a", "b", "c"]
    assert line.leave("b") and not line.leave("b")
    assert told[2:] == [("c", ["a"])]
    threading.Timer(0.05, line.leave, ["a"]).start()
    assert line.turn(5) == "c" and told[3:] == []


def test_as_many_have_their_turn_as_there_are_places():
    told = []
    line = Line(9, lambda one, before: told.append((one, before)), places=2)
    for one in "abcd":
        line.join(one)
    assert told == [("c", ["a", "b"]), ("d", ["a", "b", "c"])]
    assert [line.turn(), line.turn(), line.turn(0.01)] == ["a", "b", None]
    assert not line.leave("b", waiting=True) and line.leave("b")
    assert told[2:] == [("d", ["a", "c"])] and [line.turn(), line.turn(0.01)] == ["c", None]
    assert line.leave("a") and line.turn() == "d" and line.members() == ["c", "d"]


def test_who_is_being_served_does_not_leave_as_one_who_waits():
    line = Line(9)
    line.join("a"), line.join("b")
    assert line.turn() == "a"
    assert not line.leave("a", waiting=True) and line.leave("b", waiting=True)
    assert line.members() == ["a"]


def test_it_is_full_when_so_many_wait_behind_the_first():
    line = Line(2)
    line.join("a"), line.join("b")
    assert not line.full
    line.join("c")
    assert line.full


def test_nobody_is_waited_for_without_an_end():
    began = time.monotonic()
    assert Line(2).turn(0.05) is None and time.monotonic() - began < 1
