"""Where each word looked: chips and veil by keyboard alone, with the numbers that the server sent."""

import base64
import re

import numpy as np
import pytest
from visiting import painted

STEPS = 6


@pytest.fixture(scope="module")
def ran(either):
    either.run("a red fox", steps=STEPS, seed=7)
    return either


@pytest.fixture
def watched(ran):
    """A visitor whose run has ended, at its end."""
    ran.page.locator(".scrub").focus()
    ran.page.keyboard.press("End")
    pressed = ".look[aria-pressed=true], [data-span=step][aria-pressed=false]"
    ran.page.evaluate("(s) => document.querySelectorAll(s).forEach((button) => button.click())", pressed)
    ran.page.wait_for_timeout(400)
    ran.requests.clear()
    return ran


def veil(visitor, view="state") -> bytes | None:
    """RGBA of what lies over a picture, None where nothing does."""
    canvas = visitor.page.locator(f"[data-view={view}] .veil").first
    return painted(canvas, "RGBA").tobytes() if canvas.is_visible() else None


def choose(visitor, word: str) -> None:
    visitor.tab_to(f".look:nth-child({['a', 'red', 'fox'].index(word) + 1})")
    visitor.page.keyboard.press("Enter")


def maps(visitor, tokens: list[int]) -> list[np.ndarray | None]:
    """The map of a word per step, from the messages."""
    told = []
    for frame in visitor.heard("frame"):
        words = frame["word_maps"]
        if words is None:
            told.append(None)
            continue
        grey = np.frombuffer(base64.b64decode(words["data"]), "u1").reshape(words["t"], words["h"], words["w"])
        told.append(sum(grey[token] / 255 * words["scale"][token] for token in tokens))
    return told


def shares(visitor) -> list[float]:
    return [float(number) for number in re.findall(r"([\d.]+) %", visitor.page.text_content(".heat .note"))]


def test_every_word_of_the_prompt_has_a_chip(watched):
    assert watched.page.locator(".look span").all_text_contents() == ["a", "red", "fox"]
    assert veil(watched) is None and watched.errors == []


def test_a_chosen_word_lies_over_the_pictures_and_moves_with_the_step(watched):
    choose(watched, "fox")
    assert watched.page.get_attribute(".look:nth-child(3)", "aria-pressed") == "true"
    assert "“fox”" in watched.page.text_content("[aria-live=polite].live")
    seen = []
    for _ in range(STEPS):
        assert all(veil(watched, view) for view in ("state", "guess", "change"))
        seen.append(veil(watched))
        watched.page.keyboard.press("ArrowLeft")
    assert any(one != seen[0] for one in seen)
    assert watched.step == 0 and veil(watched) is None
    assert "static" in watched.page.text_content(".heat .note")
    watched.page.keyboard.press("End")
    assert veil(watched) == seen[0]
    watched.page.keyboard.press("Enter")
    assert veil(watched) is None and watched.requests == [] and watched.errors == []


def test_the_numbers_under_the_chips_are_the_recorded_ones(watched):
    choose(watched, "fox")
    known = maps(watched, [3])
    told = shares(watched)
    expected = [
        known[STEPS].mean(),
        known[STEPS].max(),
        min(m.min() for m in known[1:]),
        max(m.max() for m in known[1:]),
    ]
    assert told == pytest.approx([100 * share for share in expected], abs=0.5)


def test_the_mean_over_all_steps_is_the_same_at_every_step(watched):
    choose(watched, "red")
    watched.tab_to("[data-span=mean]", back=True)
    watched.page.keyboard.press("Enter")
    mean = np.mean([m for m in maps(watched, [2]) if m is not None], axis=0)
    assert shares(watched)[:2] == pytest.approx([100 * mean.mean(), 100 * mean.max()], abs=0.5)
    before = veil(watched)
    watched.page.keyboard.press("ArrowLeft")
    assert veil(watched) == before and "all steps" in watched.page.text_content(".veil-word")


def test_what_is_brightest_is_where_it_looked_most(watched):
    choose(watched, "fox")
    data = np.frombuffer(veil(watched), np.uint8).reshape(-1, 4).astype(float)
    side = int(len(data) ** 0.5)
    light = data[:, 0].reshape(side, side)
    known = maps(watched, [3])[STEPS]
    scale = side // known.shape[0]
    small = light.reshape(known.shape[0], scale, known.shape[1], scale).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), known.ravel())[0, 1] > 0.9


def test_closing_the_stage_takes_the_veil_off(watched):
    choose(watched, "fox")
    watched.tab_to("[data-opens=guess]", back=True)
    watched.page.keyboard.press("Enter")
    assert veil(watched) is None
    watched.page.keyboard.press("Enter")
    assert veil(watched)


def test_a_new_run_begins_bare(visitor):
    visitor.run("a red fox", steps=2)
    visitor.page.locator(".look").last.click()
    assert veil(visitor)
    visitor.run("a blue cat", steps=2)
    assert veil(visitor) is None and visitor.page.locator(".look span").all_text_contents() == ["a", "blue", "cat"]


def test_what_was_never_learned_and_what_fell_off_is_marked(visitor):
    visitor.run("a dinosaur " + "cat " * 90, steps=1)
    assert "unknown" in visitor.page.get_attribute(".look:nth-child(2)", "class")
    assert "cut" in visitor.page.locator(".look").last.get_attribute("class")
    visitor.page.locator(".look").last.click()
    assert "did not fit" in visitor.page.text_content(".heat .note") and veil(visitor) is None
    assert visitor.errors == [] and not visitor.is_wide()


def test_chips_are_large_enough_and_fit(watched):
    small = watched.page.evaluate(
        """[...document.querySelectorAll(".heat button")].map((e) => e.getBoundingClientRect())
           .filter((box) => box.height < (innerWidth < 800 ? 44 : 30) || box.right > innerWidth).length"""
    )
    assert small == 0 and not watched.is_wide()
