"""The forward process against the scheduler's own, and the classifier against a plain loop with diffusers' formulas."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
)
from PIL import Image, ImageOps
from random_model import SCHEDULE

from demo.engine import drowned, latents
from demo.run.trace import BadRequest

SEED = 7
PROMPTS = ["a fox", "a cat", "a blue cat", "a pizza"]


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def encoded(pipe, picture) -> torch.Tensor:
    """By the pipeline's own image processor and the autoencoder's own encoder."""
    side = pipe.unet.config.sample_size * pipe.vae_scale_factor
    square = ImageOps.fit(Image.fromarray(picture), (side, side), Image.Resampling.LANCZOS)
    pixels = pipe.image_processor.preprocess(square)
    with torch.inference_mode():
        return pipe.vae.encode(pixels).latents * pipe.vae.config.scaling_factor


def first_noise(like: torch.Tensor) -> torch.Tensor:
    return torch.randn(like.shape, generator=torch.Generator().manual_seed(SEED))


def test_each_level_is_the_schedulers_own_noise_on_the_encoders_own_latents(pipe, engine, picture):
    scheduler, clean = DDIMScheduler(**SCHEDULE), encoded(pipe, picture)
    levels = engine.drown(picture, SEED)
    assert len(levels) == drowned.LEVELS
    for level in levels:
        state = scheduler.add_noise(clean, first_noise(clean), torch.tensor([int(level.timestep)]))
        left = float(scheduler.alphas_cumprod[int(level.timestep)])
        assert (level.alpha, level.sigma) == pytest.approx((left**0.5, (1 - left) ** 0.5), abs=1e-6)
        assert np.abs(level.state.astype(int) - latents.decode(pipe, state)[0]).max() <= 1
        with torch.inference_mode():
            words = pipe.encode_prompt([""], "cpu", 1, False)[0]
            output = pipe.unet(state, int(level.timestep), encoder_hidden_states=words).sample
            scheduler.set_timesteps(1000)
            guess = scheduler.step(output, int(level.timestep), state).pred_original_sample
        assert np.abs(level.guess.astype(int) - latents.decode(pipe, guess)[0]).max() <= 1


def test_levels_go_from_noise_to_picture_by_equal_decibels(engine, picture):
    snr = [level.snr for level in engine.drown(picture, SEED)]
    assert snr == sorted(snr) and snr[0] < -20 and snr[-1] > 9
    assert np.diff(snr) == pytest.approx(np.full(len(snr) - 1, (snr[-1] - snr[0]) / (len(snr) - 1)), abs=0.5)


def test_the_same_seed_drowns_alike_and_another_does_not(engine, picture):
    once, again, other = (engine.drown(picture, seed)[3].state for seed in (SEED, SEED, SEED + 1))
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_the_classifier_is_the_plain_loop(pipe, engine, picture):
    """One prompt, one noise at a time; the posterior mean of the added noise in its textbook form."""
    scheduler, clean = DDIMScheduler(**SCHEDULE), encoded(pipe, picture)
    left = scheduler.alphas_cumprod.double().tolist()
    dice = torch.Generator().manual_seed(SEED)
    hidden = torch.randn(clean.shape, generator=dice)
    expected = []
    for at in drowned.ladder(scheduler.alphas_cumprod):
        state = scheduler.add_noise(clean, hidden, torch.tensor([at]))
        noises = [torch.randn(clean.shape, generator=dice) for _ in range(drowned.PAIRS)]
        to = min(range(at + 1, 1000), key=lambda t: abs(left[t] / left[at] - 0.5))
        kept, errors = left[to] / left[at], []
        for prompt in PROMPTS:
            missed = []
            for noise in (one for drawn in noises for one in (drawn, -drawn)):
                deeper = kept**0.5 * state + (1 - kept) ** 0.5 * noise
                with torch.inference_mode():
                    words = pipe.encode_prompt([prompt], "cpu", 1, False)[0]
                    velocity = pipe.unet(deeper, to, encoder_hidden_states=words).sample
                every = left[to] ** 0.5 * velocity + (1 - left[to]) ** 0.5 * deeper  # all of the noise, from v
                covariance, variance = (1 - kept) ** 0.5, 1 - left[to]  # of e with x, and of x, given the picture
                found = covariance / variance * (1 - left[to]) ** 0.5 * every
                missed.append(float(((found - noise) ** 2).mean()))
            errors.append(np.mean(missed))
        expected.append(errors)
    assert engine.classify(picture, SEED, PROMPTS) == pytest.approx(np.array(expected), rel=1e-4)


def test_the_expected_noise_is_that_of_gaussians():
    """E[e | x, x0] by sampling: the factor (s / sigma') by which the classifier takes its part of all the noise."""
    dice, kept, left = np.random.default_rng(0), 0.5, 0.2
    hidden, added = dice.normal(size=(2, 400_000))
    every = np.sqrt(kept * (1 - left)) * hidden + np.sqrt(1 - kept) * added  # what hides the picture in x
    sigma = np.sqrt(1 - kept * left)
    assert np.std(every) == pytest.approx(sigma, rel=5e-3)
    slope = np.mean(added * every) / np.mean(every**2)
    assert slope * sigma == pytest.approx(np.sqrt(1 - kept) / sigma, rel=1e-2)


def test_prompts_that_are_one_are_judged_alike_and_drawn_from_the_state_alone(engine, picture):
    errors = engine.classify(picture, SEED, ["a cat", "a cat"])
    assert errors.shape == (drowned.LEVELS, 2) and np.array_equal(errors[:, 0], errors[:, 1])
    assert np.isfinite(errors).all() and errors.dtype == np.float32


def test_a_picture_is_encoded_as_the_library_would(pipe):
    torch.manual_seed(0)
    vae = AutoencoderKL(block_out_channels=(32, 32), down_block_types=("DownEncoderBlock2D",) * 2,
                        up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=4).eval()  # fmt: skip
    pixels = 2 * torch.rand(2, 3, 16, 16) - 1
    with torch.inference_mode():
        expected = vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor
    torch.testing.assert_close(latents.encode(SimpleNamespace(vae=vae), pixels), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "schedule",
    [SCHEDULE, {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}, {}],
    ids=["no signal at its end", "Stable Diffusion's", "DDPM's"],
)
def test_every_level_of_any_schedule_can_be_drowned_further(schedule):
    left = DDPMScheduler(**{k: v for k, v in schedule.items() if k != "clip_sample"}).alphas_cumprod
    steps = drowned.ladder(left)
    assert steps == sorted(steps, reverse=True) and len(set(steps)) == drowned.LEVELS
    for at in steps:
        to = drowned.further_on(left.double(), at)
        assert to > at and float(left[to] / left[at]) == pytest.approx(0.5, abs=0.05) and float(left[to]) > 1e-6


def test_what_cannot_be_drowned_says_so(pipe, picture):
    flow, euler, pixels = (copy.copy(pipe) for _ in range(3))
    vars(flow)["scheduler"] = FlowMatchEulerDiscreteScheduler()
    vars(euler)["scheduler"] = EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    vars(pixels)["vae"] = None
    assert drowned.why_not(pipe) is drowned.why_not(euler) is None
    for other in (flow, pixels):
        with pytest.raises(BadRequest) as refused:
            drowned.drown(other, picture, SEED)
        assert str(refused.value).endswith(".") and str(refused.value) == drowned.why_not(other)


def test_a_denoiser_too_large_for_a_processor_is_not_asked(pipe, monkeypatch):
    monkeypatch.setattr(drowned, "LARGE", 1000)
    assert "minutes" in drowned.why_not(pipe)


def test_the_embedded_model_names_its_own_picture_when_it_is_nearly_clear(shipped):
    *_, last = shipped.frames(shipped.abilities.request("a fox", seed=3, steps=8))
    errors = shipped.classify(last.image, SEED, ["a pizza", "a fox"])
    assert (errors[-3:].argmin(axis=1) == 1).all()
    guess = shipped.drown(last.image, SEED)[-1].guess
    assert np.abs(guess.astype(int) - last.image).mean() < 12
