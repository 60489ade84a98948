"""A run that is watched by a quick preview says so, and shows the model's own pictures when they are asked for."""

import numpy as np
import pytest
from visiting import Visitor, painted

STEPS = 4


@pytest.fixture
def watched(browser, previewed):
    """A visitor whose run has ended."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    visitor = Visitor(context.new_page(), previewed)
    visitor.run("a blue cat", steps=STEPS, seed=7)
    yield visitor
    context.close()


def shown(visitor, view: str) -> np.ndarray:
    """The pixels of a view, uint8 (H, W, 4)."""
    return painted(visitor.page.locator(f"[data-view={view}] canvas").first, "RGBA")


def squares(picture: np.ndarray, side: int) -> bool:
    """Whether a picture is made of squares, but for what JPEG does to it."""
    means = picture.reshape(picture.shape[0] // side, side, -1, side, 4).astype(float).mean((1, 3), keepdims=True)
    return np.abs(picture.reshape(means.shape[0], side, means.shape[2], side, 4) - means).mean() < 3


def test_the_page_says_what_is_a_preview_and_brings_what_is_not(watched):
    page = watched.page
    page.wait_for_function("document.querySelector('.preview').textContent.startsWith('Exact picture')")
    page.keyboard.press("Home")
    assert page.text_content(".preview") == "Quick preview: a colour map" and page.is_visible(".preview")
    side = shown(watched, "state").shape[0] // 16
    assert squares(shown(watched, "state"), side)
    page.click(".exact")
    page.wait_for_function("document.querySelector('.preview').textContent.startsWith('Exact, but')")
    assert not squares(shown(watched, "state"), side) and page.is_hidden(".exact")
    page.keyboard.press("ArrowRight")  # the next step follows by itself
    page.wait_for_function("document.querySelector('.preview').textContent.startsWith('Exact, but')")
    assert not squares(shown(watched, "guess"), side) and watched.errors == []


def test_the_usual_page_has_nothing_to_say_of_previews(visitor):
    visitor.run("a blue cat", steps=2, seed=7)
    assert visitor.page.is_hidden(".preview") and visitor.page.is_hidden(".exact")


def test_runs_that_were_computed_with_others_say_so(open_page):
    first, second = open_page(), open_page(390, 844)
    first.ask("a red fox", steps=30, seed=1)
    second.ask("a blue cat", steps=30, seed=2)
    first.wait_for_end(), second.wait_for_end()
    for visitor in (first, second):
        company = {frame["index"]: frame.get("company", 1) for frame in visitor.heard("frame")}
        assert len(company) == 31 and company[0] == 1 and set(company.values()) == {1, 2}
        visitor.page.locator(".scrub").focus()
        visitor.page.keyboard.press("Home")
        assert visitor.page.is_hidden(".preview")
        for _ in range(next(index for index in company if company[index] == 2)):
            visitor.page.keyboard.press("ArrowRight")
        assert visitor.page.text_content(".preview") == "Drawn with 1 other run" and not visitor.is_wide()
        assert visitor.page.is_hidden(".exact") and visitor.errors == []
