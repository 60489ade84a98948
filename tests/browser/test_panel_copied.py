"""The experiment *Did it copy?*: a real run, the scenes nearest to it, and eight of what was kept from training."""

import numpy as np
import pytest
from embedded import MODEL
from visiting import Visitor

from demo.engine.diffusers_engine import DiffusersEngine
from demo.lab import nearest
from demo.lab.embedded import EmbeddedLab
from demo.tiny.captions import plain_caption
from demo.tiny.data import numbered

COUNT = 240


@pytest.fixture(scope="module")
def here(launched, tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "nearest.npz"
    nearest.main(MODEL, freedom="still", count=COUNT, asked=2, steps=1, plant=1, workers=0, out=str(path))
    return launched(DiffusersEngine.load(MODEL), EmbeddedLab.load(MODEL, path))


@pytest.fixture(params=[1280, 390])
def asker(browser, here, request):
    context = browser.new_context(viewport={"width": request.param, "height": 844}, has_touch=request.param < 800)
    yield Visitor(context.new_page(), here)
    context.close()


def test_the_nearest_scenes_stand_beside_the_picture(asker):
    page = asker.page
    page.wait_for_selector(".copied .state:has-text('Generate')")
    assert page.is_disabled(".look-for")
    asker.run("a blue cat on a beach", steps=6, seed=3)
    page.focus(".look-for")
    page.keyboard.press("Enter")
    page.wait_for_selector(".copied .found:not([hidden])", timeout=120_000)
    said = page.text_content(".copied .verdict")
    assert f"The nearest of {COUNT} scenes that its training drew from is" in said
    assert ("did not copy" in said) != ("contradicts" in said or "leans on" in said)
    assert page.evaluate("document.activeElement.classList.contains('verdict')")
    for kind, seed in (("seen", 1), ("unseen", 2)):
        items = page.locator(f".copied [data-kind={kind}] li")
        far = [float(text.split()[0]) for text in items.locator("b").all_text_contents()]
        assert len(far) == 4 and far == sorted(far)
        made = items.locator("small").first.text_content()
        assert f"made again from seed {seed}, number " in made
        number = int(made.split("number ")[1].split(";")[0])
        assert items.locator("span").first.text_content() == plain_caption(numbered(seed, number)[0])
    assert "a blue cat on a beach" in page.text_content(".copied figcaption")
    assert "copies made on purpose" in page.text_content(".copied .how")
    assert asker.errors == [] and not asker.is_wide()


def test_a_run_that_was_stopped_has_no_picture_to_look_for(asker):
    asker.ask("a red fox", steps=100)
    asker.wait_for_step(2)
    asker.page.click(".halt")
    asker.wait_for_end()
    assert asker.page.is_disabled(".look-for")
    assert "stopped before its last step" in asker.page.text_content(".copied .state")


def test_eight_of_a_combination_are_drawn_from_eight_seeds_and_tapped(asker):
    page = asker.page
    page.locator(".draw-eight").scroll_into_view_if_needed()
    if page.get_attribute("[data-drawer=settings]", "aria-expanded") == "false":
        page.click("[data-drawer=settings]")
    page.fill("#oos-steps", "2")
    page.click(".draw-eight")
    page.wait_for_function("document.querySelector('.told-eight').textContent.includes('Tap each')", timeout=120_000)
    begins = asker.heard("begin")
    assert len({begin["prompt"] for begin in begins}) == 1 and begins[0]["prompt"] in page.text_content(".told-eight")
    assert np.diff([begin["seed"] for begin in begins]).tolist() == [1] * 7
    page.locator(".eight button").nth(2).click()
    page.locator(".eight button").nth(5).focus()
    page.keyboard.press("Space")
    assert page.text_content(".counted").startswith("By your eye 2 of 8 are right")
    assert page.locator(".visit .runs li").count() == 0 and asker.errors == [] and not asker.is_wide()


def test_eight_can_be_stopped(asker):
    asker.page.click(".draw-eight")
    asker.wait_for_step(1)
    asker.page.click(".halt-eight")
    asker.page.wait_for_function("document.querySelector('.told-eight').textContent.includes('Stopped at run')")
    assert asker.page.is_enabled(".draw-eight") and asker.page.is_hidden(".halt-eight")
