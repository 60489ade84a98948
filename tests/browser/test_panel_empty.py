"""Nobody asks: sixteen real runs without a prompt and their mean; and the training of the model, recorded."""

import json
import re

import numpy as np
import pytest
from PIL import Image
from visiting import Visitor, painted

from demo.lab.mean import small
from demo.settings import LAB


@pytest.fixture(params=[1280, 390])
def asker(browser, knowing, request):
    context = browser.new_context(viewport={"width": request.param, "height": 844}, has_touch=request.param < 800)
    yield Visitor(context.new_page(), knowing)
    context.close()


def test_nothing_is_asked_sixteen_times_and_compared_with_the_training(asker):
    page = asker.page
    page.click("[data-drawer=settings]")
    page.fill("#oos-steps", "2")
    page.focus(".empty .ask-nothing")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.empty .verdict').textContent !== ''", timeout=240_000)
    begun = asker.heard("begin")
    assert [one["prompt"] for one in begun] == [""] * 16 and len({one["seed"] for one in begun}) == 16
    drawn = [small(painted(page.locator(f".empty li:nth-child({at}) canvas"))) for at in range(1, 17)]
    usual = small(np.asarray(Image.open(LAB / "mean.webp").convert("RGB")))
    levels, told = np.abs(np.mean(drawn, axis=0) - usual).mean(), json.loads((LAB / "mean.json").read_text())
    said = page.text_content(".empty .verdict")
    assert f"is {levels:.1f} of 255 levels" in said and ("contradicts" in said) == (levels > told["most"])
    mean = np.mean([painted(page.locator(f".empty li:nth-child({at}) canvas")) for at in range(1, 17)], axis=0)
    assert np.abs(painted(page.locator(".empty .mine")) - mean).max() <= 0.5
    assert asker.errors == [] and not asker.is_wide() and page.locator(".visit .runs li").count() == 0


def test_the_form_goes_on_refusing_it(asker):
    asker.ask("")
    assert "empty" in asker.trouble()


def test_the_training_is_shown_as_recorded_and_can_be_moved_through(asker):
    page = asker.page
    slide = page.locator(".frozen .grown input")
    slide.scroll_into_view_if_needed()
    page.wait_for_selector(".frozen .grown output:has-text('after 500 batches')")
    pixels = (
        "[...document.querySelector('.frozen .grown canvas').getContext('2d').getImageData(0, 0, 128, 128).data].join()"
    )
    first = page.evaluate(pixels)
    slide.focus()
    page.keyboard.press("End")
    assert re.fullmatch(r"after [\d,]+ batches", page.text_content(".frozen .grown output"))
    assert page.evaluate(pixels) != first and "Recorded" in page.text_content(".frozen .grown")
    assert slide.get_attribute("aria-valuetext") == page.text_content(".frozen .grown output")
