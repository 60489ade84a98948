"""Stage 1 in a real browser: the seed's static, the channels at every step, and the same again by its hashes."""

import re

import numpy as np
import pytest
from visiting import painted

STEPS = 4


@pytest.fixture(params=[390, 1280])
def watched(open_page, request):
    """A visitor whose run has ended, with the first panel open, reached by keyboard."""
    visitor = open_page(request.param, 844)
    visitor.tab_to("[data-opens=noise]")
    visitor.page.keyboard.press("Enter")
    visitor.run("a blue cat", steps=STEPS, seed=7)
    return visitor


def tiles(visitor) -> list[np.ndarray]:
    """The grey channels as drawn, uint8 (h, w) each."""
    return [painted(tile)[..., 0] for tile in visitor.page.locator(".channels canvas").all()]


def test_before_a_run_the_panel_says_what_to_do(visitor):
    visitor.page.click("[data-opens=noise]")
    assert "With the first run" in visitor.page.text_content(".seed-told")
    assert visitor.page.is_disabled(".same-again") and visitor.page.is_hidden(".seen") and visitor.errors == []


def test_the_static_is_that_of_step_0_whatever_the_step(watched):
    assert watched.page.text_content(".seed-title") == "Seed 7 makes this static"
    static = watched.page.locator(".dice-static").first
    shown = painted(static)
    watched.page.keyboard.press("Home")
    state = watched.pixels("state")
    assert np.array_equal(shown, state)
    watched.page.keyboard.press("End")
    assert np.array_equal(painted(static), shown)


def test_the_channels_are_noise_at_first_and_change_with_every_step(watched):
    watched.page.keyboard.press("Home")
    first = tiles(watched)
    grey = np.stack(first).astype(float)
    assert abs(grey.mean() - 128) < 4 and abs(grey.std() - 127 / 3) < 4  # the bell curve, three spreads to the edge
    assert "at step 0 of 4" in watched.page.get_attribute(".channels", "aria-label")
    seen = [first]
    for _ in range(STEPS):
        watched.page.keyboard.press("ArrowRight")
        seen.append(tiles(watched))
    assert len({np.stack(tile).tobytes() for tile in seen}) == STEPS + 1
    assert watched.page.text_content(".channels-step") == f"at step {STEPS} of {STEPS}"
    spread = re.search(r"mean (-?[\d.]+), spread ([\d.]+)", watched.page.get_attribute(".counts", "aria-label"))
    assert spread and watched.errors == [] and not watched.is_wide()


def test_the_same_seed_again_gives_the_same_to_the_last_pixel(watched):
    frames = watched.heard("frame")
    watched.page.evaluate("window.heard.length = 0")
    watched.tab_to(".same-again")
    watched.page.keyboard.press("Enter")
    watched.page.wait_for_function(
        "document.querySelector('.again-said').textContent.startsWith('All')", timeout=120_000
    )
    assert f"All {STEPS + 1} states are the same" in watched.page.text_content(".again-said")
    assert watched.page.locator(".states .same").count() == STEPS + 1
    assert [frame["sha256"] for frame in watched.heard("frame")] == [frame["sha256"] for frame in frames]
    assert watched.page.text_content(".hash-first") == watched.page.text_content(".hash-second")
    assert watched.step == STEPS and watched.reached == STEPS  # the run on the timeline is left alone
    assert watched.page.is_visible(".go") and not watched.is_wide() and watched.errors == []


def test_a_state_that_differs_is_said_to_differ(visitor):
    visitor.page.click("[data-opens=noise]")
    visitor.run("a blue cat", steps=STEPS, seed=7)
    visitor.page.evaluate(
        """window.addEventListener("out-of-static:message", (event) => {
          const message = JSON.parse(event.detail);
          if (message.kind !== "frame" || message.index !== 2 || message.lied) return;
          event.stopImmediatePropagation();
          const detail = JSON.stringify({ ...message, sha256: "0".repeat(64), lied: true });
          window.dispatchEvent(new CustomEvent("out-of-static:message", { detail }));
        }, true)"""
    )
    visitor.page.click(".same-again")
    visitor.page.wait_for_function("document.querySelector('.again-said').textContent.includes('states are')")
    assert visitor.page.text_content(".again-said").startswith(f"{STEPS} of {STEPS + 1} states are the same.")
    assert visitor.page.locator(".states .differs").count() == 1


def test_the_second_look_can_be_stopped_with_its_own_button(visitor):
    visitor.page.click("[data-opens=noise]")
    visitor.run("a blue cat", steps=60, seed=7)
    visitor.page.focus(".same-again")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_selector(".states .same", state="attached")
    visitor.page.keyboard.press("Enter")  # the focus is where it was
    visitor.page.wait_for_function("document.querySelector('.again-said').textContent.startsWith('Stopped')")
    assert visitor.page.text_content(".same-again") == "Same seed again" and visitor.errors == []


def test_a_run_of_ones_own_comes_before_the_second_look(visitor):
    visitor.page.click("[data-opens=noise]")
    visitor.run("a blue cat", steps=60, seed=7)
    visitor.page.click(".same-again")
    visitor.page.wait_for_selector(".states .same", state="attached")
    frames = visitor.run("a red fox", steps=2, seed=8)
    mine = visitor.heard("begin")[-1]["run"]
    assert [frame["index"] for frame in frames if frame["run"] == mine] == [0, 1, 2]
    assert visitor.reached == 2 and visitor.page.text_content(".seed-title") == "Seed 8 makes this static"
    assert visitor.page.is_hidden(".witness") and visitor.errors == []
