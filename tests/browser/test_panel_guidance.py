"""What the prompt adds, and the mix made in the browser: true to the recorded halves, and free of the server."""

import base64
import json
import urllib.request

import numpy as np
import pytest
from visiting import painted

STEPS = 5


@pytest.fixture(scope="module")
def ran(either):
    either.run("a red fox", steps=STEPS, seed=7, guidance=5)
    return either


@pytest.fixture
def watched(ran):
    """A visitor whose run has ended, at its end."""
    ran.page.locator(".scrub").focus()
    ran.page.keyboard.press("End")
    ran.page.evaluate("document.querySelector('.remix button').click()")
    ran.page.wait_for_timeout(400)
    ran.requests.clear()
    return ran


def pixels(visitor, name: str) -> np.ndarray:
    return painted(visitor.page.locator(f"[data-half={name}] canvas").first).astype(int)


def preview(visitor) -> tuple[np.ndarray, np.ndarray]:
    with urllib.request.urlopen(visitor.address + "config", timeout=10) as answer:
        config = json.load(answer)
    facts = next(
        part["props"]["props"]["facts"] for part in config["components"] if "facts" in part["props"].get("props", {})
    )
    return np.array(facts["preview"]["matrix"]), np.array(facts["preview"]["bias"])


def half(frame: dict, name: str) -> np.ndarray:
    told = frame[name]
    return np.frombuffer(base64.b64decode(told["data"]), "<f2").reshape(told["c"], told["h"], told["w"]).astype(float)


def linear(visitor, frame: dict, weight: float) -> np.ndarray:
    """The picture of u + w (c - u) through the linear decoder, computed here once more."""
    matrix, bias = preview(visitor)
    mixed = half(frame, "unconditional") + weight * (half(frame, "conditional") - half(frame, "unconditional"))
    return np.clip(np.einsum("kc,chw->hwk", matrix, mixed) + bias, 0, 255)


@pytest.mark.parametrize("step", [1, 3, STEPS])
def test_the_mix_at_the_runs_own_guidance_is_the_linear_preview_of_the_guess(watched, step):
    watched.page.keyboard.press("Home")
    for _ in range(step):
        watched.page.keyboard.press("ArrowRight")
    expected = linear(watched, watched.heard("frame")[step], 5)
    assert np.abs(pixels(watched, "remix") - expected).max() <= 1


def test_the_slider_mixes_by_key_without_the_server_and_without_moving_the_timeline(watched):
    frame = watched.heard("frame")[STEPS]
    watched.tab_to("#oos-remix")
    watched.page.wait_for_timeout(1500)
    watched.requests.clear()
    for key, weight in (("ArrowRight", 5.5), ("Home", 0), ("ArrowRight", 0.5), ("End", 20)):
        watched.page.keyboard.press(key)
        assert float(watched.page.text_content(".remix output")) == weight
        assert np.abs(pixels(watched, "remix") - linear(watched, frame, weight)).max() <= 1
    assert watched.step == STEPS and watched.requests == [] and watched.errors == []
    watched.page.keyboard.press("Tab")
    watched.page.keyboard.press("Enter")
    assert watched.page.input_value("#oos-remix") == "5"


def test_who_stays_and_looks_gets_the_models_own_pictures(watched):
    watched.page.locator(".guidance .quad").scroll_into_view_if_needed()
    watched.page.keyboard.press("ArrowLeft")
    watched.page.wait_for_selector("[data-half=guided] canvas:not(.rough)", timeout=120_000)
    guided = pixels(watched, "guided")
    assert guided.shape == watched.pixels("guess").shape
    assert np.abs(guided - watched.pixels("guess").astype(int)).mean() < 3
    assert "approximate" in watched.page.text_content("[data-half=remix] figcaption")
    assert "root mean square" in watched.page.text_content("#oos-remix-note")


def test_without_guidance_there_is_nothing_to_compare(visitor):
    visitor.run("a red fox", steps=2, guidance=1)
    assert "which is off" in visitor.page.text_content("#oos-remix-note")
    assert visitor.page.is_hidden(".guidance .quad") and visitor.errors == []


def test_the_static_has_no_halves(watched):
    watched.page.keyboard.press("Home")
    assert "pure static" in watched.page.text_content("#oos-remix-note") and watched.page.is_hidden(".guidance .quad")
    watched.page.keyboard.press("ArrowRight")
    assert watched.page.is_visible(".guidance .quad") and not watched.is_wide()
