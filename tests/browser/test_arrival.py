"""Whoever arrives finds a recorded run that plays once, labelled as such, and takes over by typing or Generate."""

import json

import pytest
from fake_engine import FakeEngine
from visiting import ROOT, Visitor

from demo import gallery

STEP = "() => document.querySelector('[data-number=step]').textContent"
SHELF = json.loads((ROOT / "assets" / "gallery" / "runs.json").read_text("utf-8"))


@pytest.fixture
def arrive(browser, address):
    """Call it with what stands behind the address, for a visitor to whom the recorded runs are let through."""
    contexts = []

    def enter(link="", **options) -> Visitor:
        contexts.append(browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options)))
        return Visitor(contexts[-1].new_page(), address + link, arrival=True)

    yield enter
    for context in contexts:
        context.close()


def recorded(visitor, prompt=SHELF[0]["prompt"]) -> None:
    visitor.page.wait_for_selector(".recorded:not([hidden])", timeout=120_000)
    assert visitor.page.is_visible(".badge") and visitor.page.input_value("#oos-prompt") == prompt


def test_it_plays_once_from_the_noise_to_the_picture_and_stays(arrive):
    visitor = arrive()
    recorded(visitor)
    page = visitor.page
    page.wait_for_function(f"{STEP}.startsWith('2 / ')")
    page.wait_for_function(f"{STEP} === '30 / 30' && !document.querySelector('.play.playing')", timeout=120_000)
    page.wait_for_selector("[data-panel=heat] .look")
    assert page.is_hidden(".visit")  # it is nobody's own run
    page.click("[data-opens=numbers]")
    page.wait_for_selector(".token.word")
    assert visitor.errors == []
    assert not any("queue/join" in address for address in visitor.requests)  # nothing was asked of the model


def test_with_reduced_motion_it_lies_there_finished(arrive):
    visitor = arrive(reduced_motion="reduce")
    recorded(visitor)
    visitor.page.wait_for_function(f"{STEP} === '30 / 30'")
    assert visitor.page.locator(".play.playing").count() == 0


def test_typing_takes_over_and_generate_runs_what_was_typed(arrive):
    visitor = arrive()
    recorded(visitor)
    page = visitor.page
    page.wait_for_selector(".play.playing")
    page.click("#oos-prompt")
    page.wait_for_function("getSelection().toString().length > 10")  # the lent words give way
    page.keyboard.type("a blue cat")
    assert page.input_value("#oos-prompt") == "a blue cat" and page.locator(".play.playing").count() == 0
    frames = visitor.run("a blue cat", steps=2)
    assert len(frames) == 3 and page.locator(".recorded, .badge").evaluate_all("all => all.every((one) => one.hidden)")


def test_a_link_brings_its_own_recorded_run_at_its_step_or_none(arrive):
    visitor = arrive("#prompt=a+red+fox+wearing+sunglasses+on+a+skateboard&seed=8&step=4")
    recorded(visitor)
    visitor.page.wait_for_function(f"{STEP} === '4 / 30'")
    assert visitor.page.get_attribute(".shelf [aria-current]", "aria-current") == "true"
    assert "other static" in visitor.page.text_content(".shelf [aria-current]")
    other = arrive("#prompt=a+green+pear")
    other.page.wait_for_timeout(1500)
    assert other.page.locator(".recorded:visible").count() == 0
    assert not any("/runs/" in address for address in other.requests)
    strange = arrive("#steps=5000")
    strange.page.wait_for_timeout(1500)
    assert "cannot be done here" in strange.trouble() and strange.page.locator(".recorded:visible").count() == 0


def test_the_shelf_plays_another_and_puts_its_request_into_the_form(arrive):
    visitor = arrive()
    recorded(visitor)
    page = visitor.page
    page.locator(".shelf .show", has_text="one leap").click()
    page.wait_for_function(f"{STEP} === '1 / 1'")
    assert page.input_value("#oos-steps") == "1" and visitor.errors == []
    page.route("**/runs/rider.json", lambda route: route.abort())
    page.locator(".shelf .show", has_text="riding").click()
    assert visitor.trouble() == "This recorded run could not be fetched. Nothing is lost: try again in a moment."


@pytest.mark.parametrize("width", [1280, 390])
def test_a_gallery_opens_from_the_disk_and_leads_from_run_to_run(browser, tmp_path, width):
    asked = {"seed": 1, "steps": 3}
    runs = ("cat", "A cat", {"prompt": "a cat", **asked}), ("dog", "A <b>dog</b>", {"prompt": "a dog", **asked})
    assert gallery.main([str(tmp_path)], load=lambda _: FakeEngine(), runs=runs) == 0
    context = browser.new_context(offline=True, viewport={"width": width, "height": 844})
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.goto((tmp_path / "index.html").as_uri())
    page.wait_for_function(f"{STEP} === '3 / 3'")
    assert page.text_content("[data-phase=picture] span") == "“a cat”"
    page.get_by_role("link", name="A <b>dog</b>").click()
    page.wait_for_function(f"{STEP} === '3 / 3' && document.title.startsWith('a dog')")
    assert "/dog.html" in page.url and "a+cat" not in page.url and "dog" in page.text_content(".shelf [aria-current]")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") and wrong == []
    context.close()


def test_generate_does_not_wait_for_the_recorded_run(arrive):
    visitor = arrive()
    page = visitor.page
    page.wait_for_selector(".recorded:not([hidden])")
    page.evaluate("document.querySelector('.go').click()")  # at once, whether or not its frames are all there
    visitor.wait_for_step(1)
    assert page.locator(".badge").is_hidden()
    page.locator(".shelf .show", has_text="one leap").evaluate("(card) => card.click()")
    assert visitor.trouble().startswith("A run is under way") and visitor.errors == []
