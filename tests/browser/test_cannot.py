"""A model that lacks what a panel shows: the panel says so in a sentence, and everything else goes on."""

import pytest
from conftest import Visitor
from fake_engine import FakeEngine

from demo.page.page import build, launch_options
from demo.settings import Settings

WHY = {
    "word_maps": "It has no attention that could be heard.",
    "guidance": "It guesses once.",
    "numbers": "It reads in a way of its own.",
}


@pytest.fixture(scope="module")
def poor(tmp_path_factory):
    settings = Settings(exports=tmp_path_factory.mktemp("poor"))
    app = build(FakeEngine(**WHY), settings)
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))
    yield address
    app.close()


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
        assert visitor.errors == [] and not visitor.is_wide()
    finally:
        context.close()
