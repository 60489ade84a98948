"""The experiment *Tell it something*: three real runs, and a verdict that is taken from their hashes."""

import pytest
from visiting import Visitor, in_company


@pytest.fixture(params=[1280, 390])
def asker(open_page, request):
    return open_page(request.param, 844, has_touch=request.param < 800)


def test_it_is_told_and_draws_the_same_as_before(asker):
    page = asker.page
    page.locator(".frozen").scroll_into_view_if_needed()
    page.fill(".frozen [name=word]", "  fnord ")
    page.fill(".frozen [name=meaning]", "orange cat")
    page.focus(".frozen [name=meaning]")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.frozen .verdict').textContent !== ''", timeout=120_000)
    asked = [begin["prompt"] for begin in asker.heard("begin")]
    assert asked == ["a fnord", "a fnord is an orange cat", "a fnord"]
    frames, runs = asker.heard("frame"), [begin["run"] for begin in asker.heard("begin")]
    first, _, last = ([frame for frame in frames if frame["run"] == run] for run in runs)
    same = sum(one["sha256"] == two["sha256"] for one, two in zip(first, last, strict=True))
    said = page.text_content(".frozen .verdict")
    assert f"{same} of {len(first)} states are the same" in said
    assert ("gone the moment" in said) == (same == len(first))
    assert same == len(first) or ("drew for others" in said) == in_company([*first, *last])
    assert page.locator(".frozen canvas.on").count() == 3 and asker.errors == [] and not asker.is_wide()
    assert page.is_enabled(".frozen [type=submit]") and page.locator(".visit .runs li").count() == 0


def test_what_is_asked_before_the_part_is_there_is_not_lost(browser, address):
    """A form without a listener would take its words to the server and the visitor off the page."""
    context = browser.new_context()
    page, held = context.new_page(), []
    page.route("**/js/panels/frozen.js", lambda route: held.append(route))
    asker = Visitor(page, address)
    page.fill(".frozen [name=word]", "fnord")
    page.press(".frozen [name=word]", "Enter")
    for route in held:
        route.continue_()
    page.unroute("**/js/panels/frozen.js")
    asker.wait_for_step(1)
    assert page.url == address and page.input_value(".frozen [name=word]") == "fnord"
    assert asker.heard("begin")[0]["prompt"] == "a fnord"
    page.click(".frozen .halt-telling")
    context.close()


def test_it_can_be_stopped_and_needs_both_words(asker):
    page = asker.page
    page.fill(".frozen [name=meaning]", " ")
    page.click(".frozen [type=submit]")
    page.wait_for_selector(".frozen .state:text-is('A word, and what it is to mean: both are needed.')")
    page.fill(".frozen [name=meaning]", "purple cat")
    page.click(".frozen [type=submit]")
    asker.wait_for_step(1)
    page.click(".frozen .halt-telling")
    page.wait_for_function("document.querySelector('.frozen .state').textContent.startsWith('Stopped')")
    assert page.is_enabled(".frozen [type=submit]") and page.is_hidden(".frozen .halt-telling")
