"""A broken run never looks like a good one: what is not finite ends the run there, in a sentence, watched or not."""

import functools
import math

import numpy as np
import pytest
import torch

from demo.engine import latents
from demo.engine.api import BadModel, BrokenRun
from demo.engine.landing import must_be_finite
from demo.run.trace import SCHEDULERS, Request, Step, Watch

REQUEST = Request("a blue cat", seed=7, steps=6)
EVERYTHING = Watch(word_maps=True, guesses=True)
WAYS = [
    pytest.param(kind, watch, id=f"{kind}-{'watched' if watch.guesses else 'unwatched'}")
    for kind in ("frames", "steps")
    for watch in (Watch(), EVERYTHING)
]


def spoil(module, monkeypatch, value, call=0):
    """From its `call`th call on, one number of what `module` gives is `value`."""
    inner, calls = module.forward, []

    def forward(*args, **kwargs):
        answer = inner(*args, **kwargs)
        calls.append(1)
        if len(calls) > call:
            part = answer if isinstance(answer, torch.Tensor) else answer[0]
            part.view(-1)[0] = value
        return answer

    monkeypatch.setattr(module, "forward", forward)


def until_it_breaks(items) -> tuple[list, BrokenRun]:
    read = []
    with pytest.raises(BrokenRun) as raised:
        for item in items:
            read.append(item)
    return read, raised.value


@pytest.mark.parametrize(("kind", "watch"), WAYS)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_denoiser_that_breaks_ends_the_run_at_that_step(engine, monkeypatch, kind, watch, value):
    spoil(engine._pipe.unet, monkeypatch, value, call=3)
    read, error = until_it_breaks(getattr(engine, kind)(REQUEST, watch=watch))
    assert [item.index for item in read] == [0, 1, 2, 3]
    assert type(error) is BrokenRun and "step 4 of 6" in str(error) and str(error).endswith("may get through.")
    monkeypatch.undo()
    assert len(list(engine.steps(REQUEST))) == 7  # the engine is free and whole


@pytest.mark.parametrize("key", SCHEDULERS)
def test_so_it_is_with_every_scheduler(engine, monkeypatch, key):
    spoil(engine._pipe.unet, monkeypatch, math.nan, call=1)
    read, _ = until_it_breaks(engine.frames(Request("a cat", seed=1, steps=3, scheduler=key)))
    assert [frame.index for frame in read] == [0, 1]


@pytest.mark.parametrize(("kind", "watch"), WAYS)
def test_a_text_encoder_that_breaks_ends_the_run_at_its_first_step(engine, monkeypatch, kind, watch):
    spoil(engine._pipe.text_encoder, monkeypatch, math.nan)
    read, error = until_it_breaks(getattr(engine, kind)(REQUEST, watch=watch))
    assert [item.index for item in read] == [0] and "step 1 of 6" in str(error)


@pytest.mark.parametrize("watch", [Watch(), EVERYTHING])
def test_a_decoder_that_breaks_gives_no_black_picture(engine, monkeypatch, watch):
    spoil(engine._pipe.vae.decoder, monkeypatch, math.nan, call=2)
    read, error = until_it_breaks(engine.frames(REQUEST, watch=watch))
    assert [frame.index for frame in read] == [0, 1] and "step 2 of 6" in str(error) and "decoder" in str(error)


def test_what_is_asked_between_runs_is_finite_or_says_so(engine, monkeypatch):
    step = list(engine.steps(REQUEST, watch=EVERYTHING))[2]
    spoil(engine._pipe.text_encoder, monkeypatch, math.nan)
    for ask in (lambda: engine.numbers("a cat"), engine.atlas):
        with pytest.raises(BrokenRun, match="text encoder"):
            ask()
    spoil(engine._pipe.vae.decoder, monkeypatch, math.nan)
    with pytest.raises(BrokenRun, match="decoder"):
        engine.guesses(step, REQUEST)
    with pytest.raises(BadModel, match="not finite"):
        engine.preview()


def test_a_preview_is_not_fitted_to_what_the_encoder_did_not_give(pipe, monkeypatch):
    spoil(pipe.vae.encoder, monkeypatch, math.inf)
    with pytest.raises(BadModel, match="not finite"):
        latents.linear_preview(pipe)


@pytest.mark.parametrize("part", ["latents", "denoised", "conditional", "unconditional", "word_maps", "sigma"])
def test_no_part_of_a_state_may_be_anything_but_finite(part):
    plane = np.zeros((2, 3, 3), np.float32)
    parts = dict.fromkeys(("latents", "denoised", "conditional", "unconditional", "word_maps"), plane)
    told = {"index": 2, "total": 6, "timestep": 5.0, "alpha": 0.6, "sigma": 0.8, "seconds": 0.0, **parts}
    must_be_finite(Step(**told))
    told[part] = math.nan if part == "sigma" else np.where(np.eye(3), np.float32(np.inf), plane)
    with pytest.raises(BrokenRun, match="step 2 of 6"):
        must_be_finite(Step(**told))


def test_a_pipeline_that_stops_by_itself_is_not_taken_for_one_that_has_ended(engine, monkeypatch):
    loop = type(engine._pipe.scheduler).scale_model_input
    calls = []

    def leave(self, sample, timestep=None):
        calls.append(1)
        if len(calls) == 3:
            raise StopIteration
        return loop(self, sample, timestep)

    inner = type(engine._pipe).__call__

    @functools.wraps(inner)  # what it may be called with is read
    def call(self, *args, **kwargs):
        try:
            return inner(self, *args, **kwargs)
        except StopIteration:
            return None

    monkeypatch.setattr(type(engine._pipe.scheduler), "scale_model_input", leave)
    monkeypatch.setattr(type(engine._pipe), "__call__", call)
    read, error = until_it_breaks(engine.steps(REQUEST))
    assert len(read) == 3 and "after step 2 of 6" in str(error)
