"""What an engine records besides the states: it costs no bit of the picture, and it is what it says it is."""

from dataclasses import replace

import numpy as np
import pytest

from demo.engine.api import BrokenRun
from demo.engine.diffusers_engine import DiffusersEngine
from demo.run.finish import Finish
from demo.run.trace import SCHEDULERS, Request, Watch, difference, without_word

BOTH = Watch(word_maps=True, guesses=True)
REQUEST = Request("a blue cat wearing a hat", seed=7, steps=6)
every_scheduler = pytest.mark.parametrize("key", SCHEDULERS)


def hooks(engine):
    return [name for name, module in engine._pipe.unet.named_modules() if module._forward_hooks]


def close(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1, np.abs(expected).max()), rtol=1e-5)


@every_scheduler
@pytest.mark.parametrize("watch", [Watch(word_maps=True), Watch(guesses=True), BOTH], ids=["words", "guesses", "both"])
def test_recording_does_not_change_a_bit_of_any_state(engine, key, watch):
    request = replace(REQUEST, scheduler=key)
    alone = list(engine.frames(request))
    for frame, plain in zip(engine.frames(request, watch=watch), alone, strict=True):
        assert frame.sha256 == plain.sha256
        assert np.array_equal(frame.step.latents, plain.step.latents)
        assert (frame.step.word_maps is not None) == (watch.word_maps and frame.index > 0)
        assert (frame.step.conditional is not None) == (watch.guesses and frame.index > 0)
        assert (frame.step.unconditional is not None) == (watch.guesses and frame.index > 0)
        assert plain.step.word_maps is plain.step.conditional is plain.step.unconditional is None


@every_scheduler
@pytest.mark.parametrize("guidance", [1.5, 5.0, 20.0])
def test_the_guess_is_mixed_from_the_two(engine, key, guidance):
    request = replace(REQUEST, scheduler=key, guidance=guidance)
    for step in list(engine.steps(request, watch=BOTH))[1:]:
        assert step.conditional.shape == step.unconditional.shape == step.denoised.shape
        assert step.conditional.dtype == step.unconditional.dtype == np.float32
        assert not np.allclose(step.conditional, step.unconditional, atol=1e-3)
        close(step.unconditional + guidance * (step.conditional - step.unconditional), step.denoised)


@every_scheduler
def test_each_of_the_two_is_the_guess_of_a_run_without_guidance(engine, key):
    """Twins at the first step, where all three runs are still at the same noise."""
    asked = replace(REQUEST, scheduler=key)
    guided, alone, empty = (
        list(engine.steps(request, watch=BOTH))[1]
        for request in (asked, replace(asked, guidance=1.0), replace(asked, guidance=1.0, prompt=""))
    )
    close(guided.conditional, alone.denoised)
    close(guided.unconditional, empty.denoised)
    assert alone.conditional is alone.unconditional is None  # one guess is not mixed
    np.testing.assert_allclose(guided.word_maps, alone.word_maps, rtol=2e-3)


def test_words_are_one_in_sum_at_every_place_of_every_step(engine):
    steps = list(engine.steps(replace(REQUEST, width=48, height=32), watch=BOTH))
    for step in steps[1:]:
        assert step.word_maps.shape == (16, 8, 12) and step.word_maps.dtype == np.float16
        np.testing.assert_allclose(step.word_maps.astype(np.float64).sum(0), 1, atol=1e-3)
    assert not np.array_equal(steps[1].word_maps, steps[-1].word_maps)


def test_recording_ends_with_the_run_however_it_ends(engine, monkeypatch):
    stopped, closed = engine.steps(REQUEST, "mine", BOTH), engine.steps(REQUEST, watch=BOTH)
    next(stopped)
    assert engine.cancel("mine")
    list(stopped)
    next(closed)
    closed.close()
    list(engine.steps(REQUEST))  # waits for the two to end
    assert hooks(engine) == []
    monkeypatch.setattr(engine._pipe.unet.conv_out, "forward", lambda x: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(engine.steps(REQUEST, watch=BOTH))
    assert hooks(engine) == []


def test_frames_carry_the_numbers_they_were_made_of(engine):
    frames, steps = list(engine.frames(REQUEST, watch=BOTH)), list(engine.steps(REQUEST, watch=BOTH))
    for frame, step in zip(frames, steps, strict=True):
        for field in ("latents", "denoised", "word_maps", "conditional", "unconditional"):
            assert np.array_equal(getattr(frame.step, field), getattr(step, field))
        assert replace(frame, step=None).sha256 == frame.sha256


def test_guesses_are_decoded_when_asked_for(engine):
    frame = list(engine.frames(REQUEST, watch=BOTH))[3]
    shown = engine.guesses(frame.step, REQUEST)
    assert list(shown) == ["conditional", "unconditional", "guided"]
    assert all(picture.shape == (32, 32, 3) and picture.dtype == np.uint8 for picture in shown.values())
    assert np.abs(shown["guided"].astype(int) - frame.denoised).max() <= 1  # that one was decoded in a batch of two
    for w, name in ((0.0, "unconditional"), (1.0, "conditional")):
        remixed = engine.guesses(frame.step, replace(REQUEST, guidance=w))["guided"].astype(int)
        assert np.abs(remixed - shown[name]).max() <= 1


def test_a_step_without_guesses_shows_what_it_has(engine):
    first, second, *_ = engine.steps(REQUEST)
    assert set(engine.guesses(first, REQUEST).values()) == {None}
    shown = engine.guesses(second, REQUEST)
    assert shown["conditional"] is shown["unconditional"] is None and shown["guided"].shape == (32, 32, 3)


def test_the_remix_at_the_runs_own_guidance_is_the_preview_of_its_guess(engine):
    assert engine.preview() is engine.preview()
    for step in list(engine.steps(REQUEST, watch=BOTH))[1:]:
        mix = step.unconditional + REQUEST.guidance * (step.conditional - step.unconditional)
        np.testing.assert_allclose(engine.preview().colours(mix), engine.preview().colours(step.denoised), atol=0.05)


def test_removing_nothing_changes_nothing_and_removing_a_word_does(engine):
    nothing, hat = (without_word(REQUEST.prompt, start, 24) for start in (24, 21))
    assert (nothing, hat) == (REQUEST.prompt, "a blue cat wearing a")
    run, same, other = (
        [frame.image for frame in engine.frames(replace(REQUEST, prompt=prompt))]
        for prompt in (REQUEST.prompt, nothing, hat)
    )
    assert all((difference(*pair)[0] == 128).all() for pair in zip(same, run, strict=True))
    assert np.array_equal(other[0], run[0])  # the noise knows no words
    assert not np.array_equal(other[-1], run[-1])


def test_what_a_model_cannot_show_is_said_and_left_none(engine, pipe):
    said = engine.abilities.cannot.pop("upscaler")
    assert "DEMO_UPSCALER" in said and said.endswith(".")
    assert engine.abilities.cannot == {}
    engine.abilities.cannot.update(word_maps="None here.", guidance="None here.")
    last = list(engine.steps(REQUEST, watch=BOTH))[-1]
    assert last.word_maps is last.conditional is last.unconditional is None
    assert DiffusersEngine(pipe, "random", upscaler="some/upscaler").abilities.can("upscaler")


def test_the_reader_reads_with_the_models_own_words(engine):
    tokens = engine.numbers("a blue zebra").tokens
    assert [token.kind for token in tokens[:5]] == ["start", "word", "word", "unknown", "end"]


def test_an_upscaler_is_told_the_prompt_and_the_seed(engine):
    given = []

    class Fake:
        def __call__(self, image, prompt, generator, output_type):
            given.append((image.size, prompt, generator.initial_seed(), output_type))
            self.images = [np.asarray(image.resize((64, 64))) / 255 + self.off]
            return self

        off = 0.0

    image = list(engine.frames(REQUEST))[-1].image
    plain = engine.finish(image, Finish(upscale=2), REQUEST)
    assert (plain.added == 128).all()
    engine._upscaler = lambda picture, **arguments: Fake()(picture, **arguments).images[0]
    invented = engine.finish(image, Finish(upscale=2), REQUEST)
    assert given == [((32, 32), REQUEST.prompt, 7, "np")]
    assert invented.image.shape == (64, 64, 3) and (invented.added != 128).any()
    Fake.off = np.nan
    with pytest.raises(BrokenRun, match="upscaler"):  # and no black picture
        engine.finish(image, Finish(upscale=2), REQUEST)


def test_guesses_may_be_asked_for_while_a_run_is_under_way(engine):
    steps = engine.steps(replace(REQUEST, steps=50), watch=BOTH)
    next(steps)
    step = next(steps)
    assert engine.guesses(step, REQUEST)["guided"] is not None
    steps.close()
