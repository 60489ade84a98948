"""A run capsule, opened from the disk with the network off: it plays, tells, and asks nobody."""

import pytest
from fake_engine import FakeEngine

from demo.__main__ import main

PROMPT = "a blue </script><script>alert(1)</script> cat"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("capsule") / "run.html"
    argv = [PROMPT, "--steps", "6", "--seed", "7", "--out", str(path)]
    assert main(argv, load=lambda _: FakeEngine()) == 0
    return path


@pytest.fixture(params=[1280, 390])
def opened(request, browser, file):
    """(page, what it asked for, what went wrong)"""
    context = browser.new_context(offline=True, viewport={"width": request.param, "height": 844})
    page = context.new_page()
    asked, wrong = [], []
    page.on("request", lambda one: one.url.startswith(("data:", "blob:")) or asked.append(one.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.on("dialog", lambda dialog: (wrong.append("dialog"), dialog.dismiss()))
    page.goto(file.as_uri())
    page.wait_for_selector(".recorded:not([hidden])", timeout=120_000)
    page.wait_for_function("() => document.querySelector('[data-number=step]').textContent === '6 / 6'")
    yield page, asked, wrong
    context.close()


def test_it_plays_from_the_disk_and_asks_nobody(opened, file):
    page, asked, wrong = opened
    assert page.text_content(".said").startswith("Step 6 of 6")
    assert page.text_content("[data-phase=picture] span") == f"“{PROMPT}”"
    page.locator(".scrub").focus()
    page.keyboard.press("Home")
    for step in range(1, 7):
        page.keyboard.press("ArrowRight")
        assert page.text_content("[data-number=step]") == f"{step} / 6"
    page.keyboard.press("Home")
    page.select_option(".speed select", "24")
    page.click(".play")
    page.wait_for_function("() => document.querySelector('[data-number=step]').textContent === '6 / 6'")
    lit = "document.querySelector('[data-view=state] canvas').getContext('2d').getImageData(0, 0, 1, 1).data[3]"
    assert page.evaluate(lit) == 255
    assert asked == [file.as_uri()] and wrong == []
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_its_panels_tell_what_the_file_holds_and_offer_nothing_that_needs_a_model(opened):
    page, asked, wrong = opened
    for stage, text in {"noise": "", "numbers": "cat", "guess": "", "touches": "recorded run"}.items():
        if page.get_attribute(f"[data-opens={stage}]", "aria-expanded") != "true":
            page.click(f"[data-opens={stage}]")
        page.wait_for_function(
            "([stage, text]) => document.querySelector(`[data-stage=${stage}]`).textContent.includes(text)",
            arg=[stage, text],
        )
    for hidden in (".ask", ".go", ".offers", ".drawers", ".take"):
        assert page.locator(hidden).first.is_hidden()
    assert len(asked) == 1 and wrong == []
