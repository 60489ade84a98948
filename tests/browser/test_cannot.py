"""A model that lacks what a panel shows: the panel says so in a sentence, and everything else goes on."""

import pytest
from fake_engine import FakeEngine
from visiting import Visitor

WHY = {
    "word_maps": "It has no attention that could be heard.",
    "guidance": "It guesses once.",
    "numbers": "It reads in a way of its own.",
    "drowned": "It cannot be asked what is in a picture.",
}


@pytest.fixture(scope="module")
def poor(launched):
    return launched(FakeEngine(**WHY))


@pytest.mark.parametrize("width", [390, 1280])
def test_every_part_that_is_missing_says_why(browser, poor, width):
    context = browser.new_context(viewport={"width": width, "height": 844})
    try:
        visitor = Visitor(context.new_page(), poor)
        assert len(visitor.run("a blue cat", steps=4)) == 5
        for stage, need in {"numbers": "numbers", "guess": "word_maps"}.items():
            if visitor.page.get_attribute(f"[data-opens={stage}]", "aria-expanded") != "true":
                visitor.page.click(f"[data-opens={stage}]")
            assert WHY[need] in visitor.page.text_content(f"[data-stage={stage}]")
        assert WHY["guidance"] in visitor.page.text_content("[data-stage=guess]")
        assert WHY["drowned"] in visitor.page.text_content(".drowned")
        assert visitor.errors == [] and not visitor.is_wide()
    finally:
        context.close()
