"""A model with a safety checker, in a real browser: what is said meanwhile, and what is left of a flagged run."""

import pytest
from fake_engine import FakeEngine
from visiting import Visitor


@pytest.fixture(params=[False, True], ids=["passes", "flagged"])
def checked(request, browser, launched):
    """(a visitor of a model whose checker passes or flags everything, which of them)"""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield Visitor(context.new_page(), launched(FakeEngine(flags=request.param, pause=1.0))), request.param
    context.close()


def test_the_rest_waits_behind_a_curtain_and_the_visitor_is_told(checked):
    visitor, flagged = checked
    page = visitor.page
    visitor.ask("a cat", steps=4, seed=7)
    page.wait_for_function("document.querySelector('[data-number=step]').textContent === '0 / 4'")
    assert "behind a curtain" in page.text_content(".said")
    assert visitor.step == 0 and len(visitor.heard("frame")) == 1
    if not flagged:
        visitor.wait_for_end()
        assert visitor.reached == 4 and "curtain" not in page.text_content(".said")
    else:
        assert visitor.trouble() == "The fake's checker flagged it."
        box = page.locator(".trouble").bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 844  # where the eye is
        assert len(visitor.heard("frame")) == 1 and page.get_attribute(".take", "aria-disabled") == "true"
        assert page.is_visible(".go") and page.input_value("#oos-prompt") == "a cat"  # nothing typed is lost
    assert visitor.errors == [] and not visitor.is_wide()
    page.screenshot(path=f"/tmp/withheld-{flagged}.png")
