"""The door: what goes through it is untouched, and what it heard is told only where it is what was mixed."""

import copy
from types import SimpleNamespace

import pytest
import torch
from diffusers import FluxPipeline

from demo.engine.door import Door, stand_before, why_no_guesses

W = 5.0


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def mixed(output, w=W):
    unconditional, conditional = output.chunk(2)
    return unconditional + w * (conditional - unconditional)


def after(output, w=W) -> Door:
    """A door that `output` has just come through."""
    door = Door(lambda: (output,), w)
    door()
    return door


def test_calls_and_attributes_go_through(pipe):
    door = Door(pipe.unet, W)
    given = randn(2, 8, 8, 8), torch.tensor(5), randn(2, 16, 32)
    with torch.inference_mode():
        expected = pipe.unet(*given).sample
        assert torch.equal(door(*given, return_dict=False)[0], expected)
        assert torch.equal(door(*given).sample, expected)
    assert door.config is pipe.unet.config and door.dtype == torch.float32
    with pytest.raises(AttributeError, match="no_such_thing"):
        door.no_such_thing  # noqa: B018
    assert copy.copy(door).config is pipe.unet.config


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("shape", [(2, 4, 6, 6), (2, 36, 16)], ids=["planes", "packed"])
def test_a_mix_is_taken_apart_again(dtype, shape):
    output = randn(*shape).to(dtype)
    conditional, unconditional = after(output).guesses(mixed(output))  # rounded as a pipeline rounds it
    assert torch.equal(unconditional, output[:1].float()) and torch.equal(conditional, output[1:].float())
    assert unconditional.dtype == conditional.dtype == torch.float32


def test_a_learned_variance_behind_the_guesses_is_left_out():
    output = randn(2, 8, 6, 6)  # four channels of each, as in PixArt
    conditional, unconditional = after(output).guesses(mixed(output)[:, :4])
    assert torch.equal(unconditional, output[:1, :4]) and torch.equal(conditional, output[1:, :4])


def test_a_list_told_backwards_with_the_prompt_first_is_taken_apart():
    output = randn(2, 4, 1, 6, 6)  # as in Z-Image, whose w is one less
    with_prompt, without = output[:1, :, 0], output[1:, :, 0]
    mix = -(with_prompt + (W - 1) * (with_prompt - without))
    conditional, unconditional = after([*output]).guesses(mix)
    assert torch.equal(conditional, -with_prompt) and torch.equal(unconditional, -without)


def test_what_was_not_mixed_so_is_not_taken_apart():
    output = randn(2, 4, 6, 6)
    mix = mixed(output)
    assert Door(None, W).guesses(mix) is None  # nothing came through yet
    assert after(output[:1]).guesses(output[:1]) is None  # guidance is off
    assert after(output).guesses(-mix) is None
    assert after(output).guesses(mixed(output, 2.0)) is None
    assert after(output).guesses(mix[..., :2]) is None
    assert after([output]).guesses(mix) is None


@pytest.mark.parametrize("name", ["unet", "transformer"])
def test_it_stands_before_the_denoiser_of_one_run_only(name):
    shared = SimpleNamespace(**{name: object(), "vae": object()})
    run = copy.copy(shared)
    door = stand_before(run, W)
    assert getattr(run, name) is door and run.vae is shared.vae
    assert not isinstance(getattr(shared, name), Door)
    assert stand_before(SimpleNamespace(), W) is None


def test_the_pipelines_config_does_not_hear_of_it(pipe):
    run, before = copy.copy(pipe), dict(pipe.config)
    stand_before(run, W)
    assert dict(run.config) == dict(pipe.config) == before
    assert run.device == pipe.device and run.dtype == pipe.dtype


def test_why_there_are_no_two_guesses_is_said(pipe):
    before = dict(vars(pipe))
    assert why_no_guesses(pipe) is None and vars(pipe) == before
    distilled = copy.copy(pipe)  # a UNet that takes the guidance as an input, as in LCM
    vars(distilled)["unet"] = SimpleNamespace(config=SimpleNamespace(time_cond_proj_dim=256))
    flux = object.__new__(FluxPipeline)
    vars(flux)["transformer"] = object()
    for other in (distilled, flux):
        said = why_no_guesses(other)
        assert type(other).__name__ in said and said.endswith("not two to compare.")
