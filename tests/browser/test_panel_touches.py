"""The final touches by keyboard alone: chosen, compared, told apart, taken home."""

import re

import pytest
from PIL import Image

STEPS = 4
PROMPT = "a purple umbrella in the rain"  # no black and no white, so that contrast has something to do


@pytest.fixture(params=[1280, 390])
def watched(request, open_page):
    visitor = open_page(request.param, 844, has_touch=request.param < 800)
    visitor.run(PROMPT, steps=STEPS, seed=7)
    visitor.tab_to("[data-opens=touches]", back=True)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector(".finished:not([hidden])", timeout=120_000)
    return visitor


def size(visitor) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", visitor.page.text_content(".compare .size"))]


def settled(visitor, side: int) -> None:
    visitor.page.wait_for_function(f"document.querySelector('.size').textContent.startsWith('{side} ')")


def test_touches_are_chosen_by_key(watched):
    side = watched.pixels("state").shape[0]
    assert size(watched) == [4 * side, 4 * side]
    watched.tab_to("[name=oos-upscale]")
    watched.page.keyboard.press("ArrowLeft")
    settled(watched, 3 * side)
    watched.tab_to("#oos-sharpen")
    watched.page.keyboard.press("Home")
    assert watched.page.text_content("output[for=oos-sharpen]") == "off"
    watched.tab_to("#oos-contrast")
    watched.page.keyboard.press("Home")
    watched.page.wait_for_function("document.querySelectorAll('.added .choice button').length === 1")
    watched.page.wait_for_function("document.querySelector('.gained').textContent.includes('cannot know more')")
    assert watched.errors == []
    same = """[...document.querySelectorAll(".compare canvas")].map((c) => c.toDataURL())"""
    after, before = watched.page.evaluate(same)
    assert after == before


def test_before_and_after_are_wiped_by_key(watched):
    watched.tab_to(".wipe")
    share = "getComputedStyle(document.querySelector('.compare .before')).clipPath"
    half = watched.page.evaluate(share)
    watched.page.keyboard.press("Home")
    assert watched.page.get_attribute(".wipe", "aria-valuetext") == "0 % before, 100 % after"
    assert watched.page.evaluate(share) != half and watched.step == STEPS


def test_each_touch_has_a_before_an_after_and_a_map_of_its_own(watched):
    found = {"before": {}, "after": {}, "added": {}}
    maps = found["added"]
    told = {"All": "All touches", "Upscale": "Plain enlarging", "Contrast": "Contrast", "Sharpen": "Sharpening"}
    for name, text in told.items():
        button = watched.page.locator(".added .choice button", has_text=name)
        watched.tab_to(f".added .choice button:nth-child({len(maps) + 1})")
        watched.page.keyboard.press("Enter")
        assert button.get_attribute("aria-pressed") == "true"
        watched.page.wait_for_function(f"document.querySelector('.gained').textContent.startsWith('{text}')")
        for view, pictures in found.items():
            selector = ".added canvas" if view == "added" else f".compare .{view}"
            pictures[name] = watched.page.evaluate(f"document.querySelector('{selector}').toDataURL()")
    assert len(set(maps.values())) == 4
    before, after = found["before"], found["after"]
    assert before["All"] == before["Upscale"] == after["Upscale"] == before["Contrast"]  # enlarging is the comparison
    assert after["Contrast"] == before["Sharpen"] and after["Sharpen"] == after["All"] != before["All"]


@pytest.mark.parametrize("kind", ["png", "gif"])
def test_the_finished_picture_is_taken_home_by_key(watched, kind, tmp_path):
    side = watched.pixels("state").shape[0]
    watched.tab_to(f"[data-file={kind}]")
    with watched.page.expect_download() as download:
        watched.page.keyboard.press("Enter")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == f"out-of-static-a-purple-umbrella-in-the-rain-seed-7-finished.{kind}"
    with Image.open(path) as file:
        if kind == "png":
            assert file.size == (4 * side, 4 * side) and file.text["prompt"] == PROMPT
        else:
            assert file.n_frames == STEPS + 2
    assert path.name in watched.page.text_content(".kept")


def test_a_stopped_run_has_nothing_to_finish(visitor):
    visitor.ask("a blue cat", steps=60)
    visitor.wait_for_step(1)
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()
    visitor.page.click("[data-opens=touches]")
    assert "stopped before its last step" in visitor.page.text_content(".touches .state")
    assert visitor.page.is_disabled("#oos-sharpen") and visitor.page.is_hidden(".finished")


def test_before_a_run_it_says_what_it_needs(visitor):
    visitor.page.click("[data-opens=touches]")
    visitor.page.locator(
        ".touches .state", has_text="needs a finished run"
    ).wait_for()  # its module may still be on its way
    assert visitor.errors == []


def test_it_fits(watched):
    assert not watched.is_wide()
    small = watched.page.evaluate(
        """[...document.querySelectorAll(".touches button, .touches .sizes label")].filter((e) => e.checkVisibility())
           .filter((e) => e.getBoundingClientRect().height < (innerWidth < 800 ? 44 : 30)).length"""
    )
    assert small == 0
