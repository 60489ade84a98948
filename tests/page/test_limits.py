"""How many runs one visitor may ask for, and that a class behind one router is admitted."""

import re

import pytest

from demo.page.limits import AT_ONCE, Limits, Who
from demo.run.trace import BadRequest


def test_one_run_of_a_session_is_drawn_and_one_waits():
    limits, me, other = Limits(100, 100), Who("me", "a"), Who("other", "a")
    limits.admit(me, [me, other, other])
    with pytest.raises(BadRequest, match="Two of your runs"):
        limits.admit(me, [me] * AT_ONCE)
    limits.admit(Who(None, "a"), [Who(None, "a")] * 9)  # nobody knows whether these are of one visitor


def test_a_minute_has_a_bound_for_a_session_and_says_when_to_come_again():
    limits = Limits(3, 100)
    for _ in range(3):
        limits.admit(Who("me", "a"), [])
    with pytest.raises(BadRequest, match=r"3 runs a minute.* a page .*again in [0-9]+ seconds") as told:
        limits.admit(Who("me", "a"), [])
    assert 1 <= int(re.search(r"in (\d+) seconds", str(told.value))[1]) <= 60
    limits.admit(Who("other", "a"), [])


def test_an_address_has_a_bound_that_sessions_share_and_a_refusal_counts_for_nobody():
    limits = Limits(2, 5)
    for n in range(5):
        limits.admit(Who(f"{n}", "a"), [])
    for _ in range(3):
        with pytest.raises(BadRequest, match="an address"):
            limits.admit(Who("0", "a"), [])
    limits.admit(Who("0", "b"), [])
    with pytest.raises(BadRequest, match="a page"):
        limits.admit(Who("0", "b"), [])


def test_the_bound_moves_on(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    limits = Limits(1, 9)
    limits.admit(Who("me"), [])
    with pytest.raises(BadRequest):
        limits.admit(Who("me"), [])
    now[0] += 61
    limits.admit(Who("me"), [])


def test_questions_are_counted_apart_and_an_address_may_ask_as_many_times_more_of_them_as_of_runs():
    limits = Limits(2, 6, questions=3)
    for _ in range(3):
        limits.ask(Who("me", "a"))
    with pytest.raises(BadRequest, match="3 questions a minute are what a page"):
        limits.ask(Who("me", "a"))
    limits.admit(Who("me", "a"), [])
    for n in range(6):
        limits.ask(Who(f"{n}", "a"))
    with pytest.raises(BadRequest, match="9 questions a minute are what an address"):
        limits.ask(Who("new", "a"))
