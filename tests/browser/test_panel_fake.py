"""The experiment *Spot the fake*: one film is the run, the other mixed from its ends, and what is said is measured."""

import numpy as np
import pytest
from visiting import Visitor, painted

STEPS = 6


@pytest.fixture
def player(open_page, request):
    width = getattr(request, "param", 1280)
    visitor = open_page(width, 844, has_touch=width < 800, reduced_motion="reduce")
    visitor.run("a red fox", steps=STEPS, seed=3)
    return visitor


def film(visitor, side: int) -> np.ndarray:
    return painted(visitor.page.locator(".fake canvas").nth(side)).astype(float)


def go(visitor, step: int) -> None:
    visitor.page.locator(".both-steps").fill(str(step))


def state(visitor, step: int) -> np.ndarray:
    visitor.page.locator(".scrub").fill(str(step))
    return visitor.pixels("state").astype(float)


def test_one_film_is_the_run_and_the_other_is_mixed_from_its_ends(player):
    page = player.page
    left = [frame["noise_left"] for frame in player.heard("frame")]
    page.click(".show-two")
    ends = state(player, 0), state(player, STEPS)
    for step, end in ((0, ends[0]), (STEPS, ends[1])):
        go(player, step)
        assert all(np.abs(film(player, side) - end).max() <= 1 for side in (0, 1))
    go(player, 3)
    run, share = state(player, 3), (left[3] - left[-1]) / (left[0] - left[-1])
    apart = [np.abs(film(player, side) - run).max() for side in (0, 1)]
    real = int(np.argmin(apart))
    assert apart[real] == 0
    assert np.abs(film(player, 1 - real) - (share * ends[0] + (1 - share) * ends[1])).max() <= 2
    page.locator(".fake .pick").nth(real).click()
    assert page.text_content(".fake .verdict").startswith(f"Yes, {'AB'[real]} is the run")
    assert page.text_content(".fake .state") == "You found the run 1 of 1 time."


def test_what_is_said_of_the_run_is_what_was_measured(player):
    page = player.page
    page.click(".show-two")
    page.locator(".fake .pick").nth(0).click()
    (done,) = player.heard("done")
    first = done["curves"]["layout"][1]
    said = page.text_content(".fake .verdict")
    assert f"like its end by {first:.2f}, " in said
    assert ("contradicts the claim" in said) == (first >= 0.8)
    assert f"step {done['point']} of {STEPS}" in said or "never settled" in said
    page.click(".fake .another")
    assert page.is_hidden(".fake .revealed") and page.is_enabled(".fake .pick >> nth=1")


@pytest.mark.parametrize("player", [390], indirect=True)
def test_it_is_played_by_keyboard_on_a_phone(player):
    page = player.page
    for chosen in (".show-two", ".fake .pick"):
        page.focus(chosen)
        page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('.fake .verdict')")
    assert player.step == STEPS and not player.is_wide() and player.errors == []


def test_without_a_run_it_says_what_it_needs_and_its_link_leads_to_it(browser, address):
    page = browser.new_page()
    visitor = Visitor(page, address + "#try=fake")
    page.wait_for_function("document.querySelector('.fake .state').textContent.startsWith('This needs a run')")
    assert page.is_disabled(".show-two")
    there = "document.querySelector('#oos-try-fake').getBoundingClientRect().top < innerHeight"
    page.wait_for_function(there)
    page.evaluate("scrollTo(0, 0)")
    page.reload()  # what stood in the address still does
    page.wait_for_selector(".oos", state="visible")
    page.wait_for_function(there)
    assert page.is_hidden(".trouble") and visitor.errors == []
    page.close()
