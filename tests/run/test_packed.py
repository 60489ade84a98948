"""Arrays as text: what a browser reads back is what was recorded, to the last level; what is too large is None."""

import base64

import numpy as np
import pytest
from fake_engine import FakeEngine

from demo.run import packed
from demo.run.trace import Request, Watch

RANDOM = np.random.default_rng(5)


def read(told: dict, kind: str, *axes: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(told["data"]), kind).reshape([told[axis] for axis in axes])


def last_step(**changed):
    request = Request("a blue cat", seed=7, steps=4, **changed)
    return list(FakeEngine().frames(request, watch=Watch(word_maps=True, guesses=True)))[-1].step


def test_channels_are_grey_around_zero():
    latents = np.array([[[0.0, packed.SPAN], [-packed.SPAN, 99.0]]], np.float32)
    told = packed.channels(latents)
    assert read(told, "u1", *"chw").tolist() == [[[128, 255], [1, 255]]] and told["span"] == packed.SPAN


def test_channels_can_be_read_back_to_half_a_grey():
    latents = np.clip(RANDOM.normal(size=(12, 16, 16)), -3, 3).astype(np.float32)
    told = packed.channels(latents)
    again = (read(told, "u1", *"chw").astype(float) - 128) / 127 * told["span"]
    assert np.abs(again - latents).max() <= 0.5 / 127 * told["span"] + 1e-6


@pytest.mark.parametrize(("h", "w"), [(128, 128), (96, 130), (65, 20)])
def test_wide_channels_keep_the_variance_of_noise(h, w):
    latents = RANDOM.normal(size=(4, h, w)).astype(np.float32)
    told = packed.channels(latents)
    assert max(told["h"], told["w"]) <= packed.WIDEST
    again = (read(told, "u1", *"chw").astype(float) - 128) / 127 * told["span"]
    assert again.std() == pytest.approx(1, abs=0.06)


def test_word_maps_can_be_read_back_each_on_its_own_scale():
    maps = RANDOM.dirichlet(np.ones(10), size=(8, 8)).transpose(2, 0, 1).astype(np.float16)
    told = packed.word_maps(maps, 6)
    again = read(told, "u1", *"thw") / 255 * np.array(told["scale"])[:, None, None]
    assert again.shape == (6, 8, 8)
    assert (np.abs(again - maps[:6]).max(axis=(1, 2)) <= np.array(told["scale"]) / 500).all()


def test_maps_of_all_tokens_still_sum_to_one():
    step = last_step()
    told = packed.word_maps(step.word_maps)
    again = read(told, "u1", *"thw") / 255 * np.array(told["scale"])[:, None, None]
    assert np.abs(again.sum(axis=0) - 1).max() < 0.01


def test_what_is_not_there_or_too_large_is_none():
    assert packed.word_maps(None) is None
    assert packed.word_maps(np.ones((200, 32, 32), np.float16)) is None
    assert packed.guesses(last_step(guidance=1.0)) == (None, None)
    step = last_step()
    large = np.ones((16, 64, 64), np.float32)
    object.__setattr__(step, "conditional", large), object.__setattr__(step, "unconditional", large)
    assert packed.guesses(step) == (None, None)


@pytest.mark.parametrize("guidance", [1.5, 5.0, 20.0])
def test_the_guesses_mix_to_the_guess_that_was_recorded(guidance):
    """The remix at the run's own guidance is the linear preview of the recorded guess."""
    step, preview = last_step(guidance=guidance), FakeEngine().preview()
    told = packed.guesses(step)
    conditional, without = (read(one, "<f2", *"chw").astype(np.float32) for one in told)
    mix = without + np.float32(guidance) * (conditional - without)
    colours = [np.einsum("kc,chw->hwk", preview.matrix, latents) + preview.bias for latents in (mix, step.denoised)]
    assert np.abs(colours[0] - colours[1]).max() < guidance * 0.15
