"""The room in the window: during a run prompt, Stop, state and guess are on screen, at 200 % too; axe is content."""

from pathlib import Path

import pytest
from conftest import Visitor
from fake_engine import FakeEngine

from demo.page.page import build, launch_options
from demo.settings import Settings

SIZES = [(390, 844), (768, 1024), (1280, 800), (1366, 768)]
DOUBLED = [(width // 2, height // 2) for width, height in SIZES]  # what 200 % leaves, in CSS pixels
AXE = Path(__file__).resolve().parents[1] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SEEN = ["#oos-prompt", ".halt", "[data-view=state] .screen", "[data-view=guess] .screen"]
BOX = "(selector) => Object.values(document.querySelector(selector).getBoundingClientRect().toJSON())"


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    settings = Settings(exports=tmp_path_factory.mktemp("room"))
    app = build(FakeEngine(pause=0.4), settings)
    _, address, _ = app.launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))
    yield address
    app.close()


@pytest.fixture
def enter(browser, slow):
    contexts = []

    def arrive(width, height, **options):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        return Visitor(contexts[-1].new_page(), slow)

    yield arrive
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "height"), SIZES + DOUBLED)
def test_during_a_run_what_matters_is_on_screen(enter, width, height):
    visitor = enter(width, height, reduced_motion="reduce")
    page = visitor.page
    page.fill("#oos-prompt", "a blue cat riding a skateboard")
    page.press("#oos-prompt", "Enter")
    visitor.wait_for_step(2)
    page.wait_for_timeout(300)
    for selector in SEEN:
        x, y, wide, high, *_ = page.evaluate(BOX, selector)
        assert wide > 40 and high > 30, selector
        assert x >= -1 and y >= -1 and x + wide <= width + 1 and y + high <= height + 1, selector
    assert not visitor.is_wide()
    x, y, wide, high, *_ = page.evaluate(BOX, ".timeline")
    docked = page.evaluate("getComputedStyle(document.querySelector('.timeline')).position === 'fixed'")
    assert not docked or high <= height / 3 + 1
    page.keyboard.press("Escape")
    visitor.wait_for_end()


def test_in_a_low_frame_the_timeline_is_at_hand(enter):
    visitor = enter(1000, 400)
    visitor.run("a blue cat", steps=1)
    _, y, _, high, *_ = visitor.page.evaluate(BOX, ".scrub")
    assert y > 0 and y + high <= 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(enter, scheme):
    if not AXE.exists():
        pytest.skip("axe-core is fetched with the tools of tests/web (npm ci)")
    visitor = enter(1280, 800, color_scheme=scheme, reduced_motion="reduce")
    page = visitor.page
    page.evaluate(AXE.read_text())

    def serious() -> list:
        return page.evaluate(
            """() => axe.run(".oos", {resultTypes: ["violations"]}).then(({violations}) =>
                 violations.filter(({impact}) => ["serious", "critical"].includes(impact)).map(({id}) => id))"""
        )

    assert serious() == []
    visitor.run("a blue cat", steps=1)
    assert serious() == []
    for stage in ("noise", "numbers", "touches"):
        page.click(f"[data-opens={stage}]")
        page.wait_for_timeout(1500)
        assert serious() == [], stage
