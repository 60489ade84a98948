"""The waiting line: first come, first served, and everybody hears of a new place."""

import threading
import time

from demo.page.line import Line


def test_the_line_is_first_come_first_served():
    told = []
    line = Line(9, lambda one, ahead: told.append((one, ahead)))
    for one in "abc":
        line.join(one)
    assert told == [("b", 1), ("c", 2)] and line.first() == "a" and line.members() == ["a", "b", "c"]
    assert line.leave("b") and not line.leave("b")
    assert told[2:] == [("c", 1)]
    threading.Timer(0.05, line.leave, ["a"]).start()
    deadline = time.monotonic() + 5
    while line.first() != "c" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert line.first() == "c" and told[3:] == []


def test_who_is_being_served_does_not_leave_as_one_who_waits():
    line = Line(9)
    line.join("a"), line.join("b")
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
    assert Line(2).first(0.05) is None and time.monotonic() - began < 1
