"""The same static without one word, asked for, stopped and scrubbed by keyboard alone."""

import re

import pytest
from visiting import RUNNING

STEPS = 5


@pytest.fixture(scope="module")
def taken(either):
    """A visitor who has asked for the run without "red", and has its numbers."""
    either.run("a red fox wearing a crown", steps=STEPS, seed=7)
    take_out(either, "r")
    verdict(either)
    return either


@pytest.fixture
def watched(taken):
    taken.page.locator(".scrub").focus()
    taken.page.keyboard.press("End")
    taken.page.wait_for_timeout(400)
    taken.requests.clear()
    return taken


def take_out(visitor, letter: str) -> None:
    """Choose the word that begins with a letter, and press the button."""
    visitor.tab_to("#oos-without")
    visitor.page.keyboard.type(letter)
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")


def verdict(visitor) -> str:
    visitor.page.wait_for_function("document.querySelector('.verdict').textContent", timeout=RUNNING)
    return visitor.page.text_content(".verdict")


def test_the_second_run_has_the_same_static_and_one_word_less(watched):
    told = verdict(watched)
    first, second = watched.heard("begin")
    assert second["prompt"] == "a fox wearing a crown" and second["seed"] == first["seed"] == 7
    frames = watched.heard("frame")
    mine, theirs = ([f for f in frames if f["run"] == one["run"]] for one in (first, second))
    assert mine[0]["sha256"] == theirs[0]["sha256"] and mine[-1]["sha256"] != theirs[-1]["sha256"]
    assert len(theirs) == STEPS + 1 and watched.step == STEPS  # the timeline stays with the first
    assert "0.11" in told and re.search(r"overlap by [01]\.\d\d", told)
    captions = watched.page.locator(".without figcaption").all_text_contents()
    assert captions[:2] == ["with “red”", "without it"] and watched.errors == []


def test_both_runs_are_scrubbed_together_without_a_request(watched):
    told = set()
    for step in range(STEPS, -1, -1):
        assert f"step {step}" in watched.page.get_attribute("[data-side=theirs] canvas", "aria-label")
        told.add(watched.page.text_content(".verdict"))
        watched.page.keyboard.press("ArrowLeft")
    assert len(told) == STEPS + 1 and "same static" in watched.page.text_content(".verdict")
    asked = [url for url in watched.requests if not url.startswith(("data:", "blob:"))]
    assert asked == []


def test_the_word_on_the_pictures_is_the_one_that_is_offered(watched):
    watched.tab_to(".look:nth-child(3)")
    watched.page.keyboard.press("Enter")
    assert watched.page.locator("#oos-without option:checked").text_content() == "fox"


def test_the_only_word_cannot_be_taken_out(visitor):
    visitor.run("fox", steps=2)
    visitor.tab_to(".take-out [type=submit]")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_function("document.querySelector('.without .state').textContent.includes('only word')")
    assert visitor.page.is_enabled(".take-out [type=submit]") and len(visitor.heard("begin")) == 1


def test_it_can_be_stopped_and_asked_for_again(visitor):
    visitor.run("a red fox", steps=40)
    take_out(visitor, "r")
    visitor.page.wait_for_selector(".pair-view:not([hidden])")
    visitor.tab_to(".halt-second")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector(".halt-second", state="hidden", timeout=120_000)
    assert "stopped" in visitor.page.text_content(".without .state")
    assert visitor.page.is_enabled(".take-out [type=submit]")


def test_a_run_of_ones_own_comes_first(visitor):
    visitor.run("a red fox", steps=40)
    take_out(visitor, "r")
    visitor.page.wait_for_selector(".pair-view:not([hidden])")
    visitor.page.fill("#oos-prompt", "a blue cat")
    visitor.page.fill("#oos-steps", "2") if visitor.page.is_visible("#oos-steps") else None
    visitor.page.evaluate("document.querySelector('#oos-steps').value = '2'")
    visitor.page.evaluate("heard.length = 0")
    visitor.page.click(".go")
    visitor.page.wait_for_function("heard.some((m) => m.kind === 'done' && m.count === 3)", timeout=120_000)
    visitor.wait_for_end()
    assert visitor.reached == 2 and visitor.page.is_hidden(".pair-view") and visitor.errors == []


def test_it_waits_for_the_run_to_end(visitor):
    visitor.ask("a red fox", steps=60)
    visitor.wait_for_step(2)
    assert visitor.page.is_disabled(".take-out [type=submit]")
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()


def test_it_fits(watched):
    assert not watched.is_wide()
