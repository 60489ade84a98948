"""The level that is reported against a twin that knows no scheduler's code: every scheduler, 1 to 100 steps, to 1e-4.

The twin is a network that knows the picture and the noise, and levels from the noise schedule in float64. At each step
the scheduler is given the exact state of its timestep, so what it returns is alpha * picture + sigma * noise, and no
earlier rounding can hide what the last step did.
"""

import inspect
import math

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from demo.engine.levels import ZERO, noise_level
from demo.engine.schedulers import CLASSES
from demo.engine.tap import Tap
from demo.run.trace import MAX_STEPS

BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
ZERO_SNR = {**BETAS, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "prediction_type": "v_prediction"}
# As Stable Diffusion 1 says it, and as SDXL's Euler is often told: zero signal is never reached.
ORDINARY = {**BETAS, "timestep_spacing": "leading", "steps_offset": 1, "prediction_type": "epsilon"}
TRAILING = {**BETAS, "timestep_spacing": "trailing", "prediction_type": "epsilon"}
SCHEDULES = {"zero-snr": ZERO_SNR, "ordinary": ORDINARY, "trailing": TRAILING}
SHAPE = (1, 2, 3, 3)
CLOSE = 1e-4

EVERY = pytest.mark.parametrize("key", CLASSES)
EACH = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


def randn(seed):
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


PICTURE, NOISE = randn(1), randn(2)


def build(key, schedule):
    cls = CLASSES[key]
    options = {**schedule, "clip_sample": False, "set_alpha_to_one": True}
    return cls(**{name: value for name, value in options.items() if name in inspect.signature(cls).parameters})


def counts(schedule):
    """All there are for the schedule of the model that ships, some for the others."""
    return range(1, MAX_STEPS + 1) if schedule is ZERO_SNR else (1, 2, 3, 7, 30, 61, 100)


def table(schedule) -> np.ndarray:
    """abar of all 1000 timesteps, float64; where the schedule says zero, what diffusers puts there."""
    betas = np.linspace(schedule["beta_start"] ** 0.5, schedule["beta_end"] ** 0.5, 1000) ** 2
    left = np.cumprod(1 - betas)
    if schedule.get("rescale_betas_zero_snr"):  # Lin et al. 2023, algorithm 1
        root = np.sqrt(left)
        left = ((root - root[-1]) * root[0] / (root[0] - root[-1])) ** 2
    return left


def listed(key, schedule, count) -> np.ndarray:
    """The timesteps of a run, by the formulas of Lin et al. 2023, table 2."""
    if schedule["timestep_spacing"] == "trailing":
        times = np.round(np.arange(1000, 0, -1000 / count)) - 1
        return times[times >= 0].astype(int)
    stride = 1000 // (count + (key in ("dpm++2m", "unipc")))  # these two count the end of the way as a step
    return (np.arange(count)[::-1] + (key in ("dpm++2m", "unipc"))) * stride + schedule["steps_offset"]


def level(left: float) -> tuple[float, float]:
    return math.sqrt(left), math.sqrt(1 - left)


def expected_levels(key, schedule, count) -> list[tuple[float, float]]:
    """(alpha, sigma) of the states after 1, 2, ... count steps."""
    left, times = table(schedule), listed(key, schedule, count)
    if key != "ddim":
        return [*(level(left[t]) for t in times[1:]), (1.0, 0.0)]
    before = times - 1000 // count
    return [level(left[t] if t >= 0 else 1.0) for t in before]


def answer(kind, alpha, sigma):
    return {"epsilon": NOISE, "v_prediction": alpha * NOISE - sigma * PICTURE, "flow": NOISE - PICTURE}[kind]


def drive(scheduler, count, seen, kind, seed=3):
    """The States of a run in which step i is given `alpha * picture + sigma * noise` of seen[i] = (alpha, sigma)."""
    states = []
    Tap(scheduler, states.append)
    scheduler.set_timesteps(count)
    exploding = hasattr(scheduler, "is_scale_input_called")
    extra = {"generator": torch.Generator().manual_seed(seed)} if "Ancestral" in type(scheduler).__name__ else {}
    for timestep, (alpha, sigma) in zip(scheduler.timesteps, seen, strict=True):
        sample = alpha * PICTURE + sigma * NOISE
        sample = sample / alpha if exploding else sample
        if hasattr(scheduler, "scale_model_input"):
            scheduler.scale_model_input(torch.cat([sample, sample]), timestep)
        scheduler.step(answer(kind, alpha, sigma), timestep, sample, **extra)
    return states


def networks_levels(key, schedule, count) -> list[tuple[float, float]]:
    """(alpha, sigma) of each timestep, with diffusers' stand-in for no signal at all where it is divided by."""
    floor = 0.0 if key == "ddim" else 2**-24
    return [level(max(table(schedule)[t], floor)) for t in listed(key, schedule, count)]


def assert_are(states, levels, latents, rounding=0.0):
    """Each State has its (alpha, sigma) and its latents; `rounding` is what float32 may have done to the first."""
    told = np.array([(state.alpha, state.sigma) for state in states])
    np.testing.assert_allclose(told, levels, atol=CLOSE, rtol=0)
    off = (torch.cat([state.latents for state in states]) - torch.cat(latents)).abs().amax((1, 2, 3))
    off[0] -= rounding * levels[0][0]
    assert off.max() < CLOSE


def rounded(key, seen) -> float:
    """The last place of Euler's first state, which is 4096 times the noise where the schedule says no signal."""
    alpha, sigma = seen[0]
    return float(np.spacing(np.float32(sigma / alpha * NOISE.abs().max()))) if key.startswith("euler") else 0.0


@EACH
@pytest.mark.parametrize("key", [key for key in CLASSES if key != "euler-ancestral"])
def test_every_state_is_as_much_picture_and_as_much_noise_as_is_said(key, schedule):
    for count in counts(schedule):
        seen = networks_levels(key, schedule, count)
        states = drive(build(key, schedule), count, seen, schedule["prediction_type"])
        told = expected_levels(key, schedule, count)
        assert [state.index for state in states] == list(range(count + 1)) and len(told) == count
        latents = [alpha * PICTURE + sigma * NOISE for alpha, sigma in told]
        assert_are(states[1:], told, latents, rounded(key, seen))


@EACH
def test_ancestral_states_have_the_level_of_their_old_and_new_noise_together(schedule):
    for count in counts(schedule):
        seen = networks_levels("euler-ancestral", schedule, count)
        states = drive(build("euler-ancestral", schedule), count, seen, schedule["prediction_type"])
        told = expected_levels("euler-ancestral", schedule, count)
        fresh, latents = torch.Generator().manual_seed(3), []
        for (a, s), (alpha, sigma) in zip(seen, told, strict=True):
            before, after = s / a, sigma / alpha  # Karras et al. 2022: noise per picture
            up = math.sqrt(after**2 * (before**2 - after**2) / before**2)
            down = math.sqrt(after**2 - up**2)
            latents.append(alpha * (PICTURE + down * NOISE + up * torch.randn(SHAPE, generator=fresh)))
        assert_are(states[1:], told, latents, rounded("euler-ancestral", seen))


def bent(time, shift):
    return shift * time / (1 + (shift - 1) * time)  # Esser et al. 2024, equation 23


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_flow_matching_goes_in_a_straight_line(shift):
    for count in range(1, MAX_STEPS + 1):
        time = np.linspace(bent(1.0, shift), bent(0.001, shift), count)
        time = bent(time, shift)  # diffusers bends the range and then what is in it
        scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
        states = drive(scheduler, count, [(1 - t, t) for t in time], "flow")
        told = [(1 - t, t) for t in [*time[1:], 0.0]]
        assert_are(states[1:], told, [alpha * PICTURE + sigma * NOISE for alpha, sigma in told])


@EACH
@EVERY
def test_the_first_state_is_noise_as_strong_as_the_network_sees_it(key, schedule):
    """What a pipeline begins with has no picture in it, whatever the timestep says."""
    for count in (1, 7, 30):
        scheduler, seen = build(key, schedule), []
        Tap(scheduler, seen.append)
        scheduler.set_timesteps(count)
        begun = NOISE * scheduler.init_noise_sigma
        given = scheduler.scale_model_input(torch.cat([begun, begun]), scheduler.timesteps[0])
        (state,) = seen
        assert (state.index, state.total, state.timestep, state.alpha) == (0, count, None, 0.0)
        torch.testing.assert_close(state.latents, given[:1], atol=CLOSE / 10, rtol=0)
        torch.testing.assert_close(state.latents, state.sigma * NOISE, atol=CLOSE / 10, rtol=0)
    if schedule is ZERO_SNR:
        assert torch.equal(state.latents, NOISE) and state.sigma == 1.0


@pytest.mark.parametrize("key", ["euler", "euler-ancestral", "dpm++2m", "unipc"])
@pytest.mark.parametrize("towards", [0.0, 1e9])
def test_no_signal_is_known_whatever_the_last_bits_of_a_processors_square_root(key, towards):
    """sqrt(1 / 2**-24 - 1) differs in its last bits from one processor to another: none of them may show a picture."""
    scheduler = build(key, ZERO_SNR)
    scheduler.set_timesteps(5)
    sigma = np.float32(scheduler.sigmas[0])
    for _ in range(8):
        sigma = np.nextafter(sigma, np.float32(towards))
    scheduler.sigmas[0] = float(sigma)
    alpha, sigma, spread = noise_level(scheduler, 0)
    assert (alpha, sigma) == (0.0, 1.0)
    assert torch.equal(NOISE * float(scheduler.init_noise_sigma) / spread, NOISE)
    assert table(ORDINARY)[-1] > 1000 * ZERO > 1000 * 2**-24


def test_in_a_free_run_ddims_state_is_its_own_guess_and_noise_at_the_level_it_says():
    """Its next timestep is another one than the level, so the network is told a little less or more than there is."""
    scheduler, states, results = build("ddim", ZERO_SNR), [], []
    Tap(scheduler, states.append)
    scheduler.set_timesteps(30)
    sample = NOISE
    for timestep in scheduler.timesteps:
        scheduler.scale_model_input(sample, timestep)
        left = float(scheduler.alphas_cumprod[int(timestep)])
        output = torch.tanh(sample)
        noise = math.sqrt(left) * output + math.sqrt(1 - left) * sample
        result = scheduler.step(output, timestep, sample)
        sample = result.prev_sample
        results.append((result.pred_original_sample, noise))
    for state, (guess, noise) in zip(states[1:], results, strict=True):
        torch.testing.assert_close(state.latents, state.alpha * guess + state.sigma * noise, atol=1e-5, rtol=0)
    listed_next = [math.sqrt(1 - float(scheduler.alphas_cumprod[int(t)])) for t in scheduler.timesteps[1:]]
    assert max(abs(a - b.sigma) for a, b in zip(listed_next, states[1:], strict=False)) > 1e-3
