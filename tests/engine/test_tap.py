"""The tap against twins: diffusers' own x0, an oracle that knows the picture, and the schedulers' own tables."""

import inspect

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from random_model import SCHEDULE

from demo.engine.levels import level, predicted_picture
from demo.engine.schedulers import CLASSES
from demo.engine.tap import Tap
from demo.run.trace import MAX_STEPS

ORDINARY = {**SCHEDULE, "rescale_betas_zero_snr": False}  # noise prediction cannot start from zero signal
GIVES_X0 = ("ddim", "euler", "euler-ancestral")
SHAPE = (1, 2, 4, 4)


def scheduler_for(key, kind="v_prediction", **schedule):
    schedule = {**(SCHEDULE if kind == "v_prediction" else ORDINARY), "prediction_type": kind, **schedule}
    cls = CLASSES[key]
    return cls(**{name: value for name, value in schedule.items() if name in inspect.signature(cls).parameters})


def randn(seed):
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


def right_output(kind, picture, state, alpha, sigma):
    """What a network that knows the picture answers at `state = alpha * picture + sigma * noise`."""
    noise = (state - alpha * picture) / sigma
    return {"epsilon": noise, "v_prediction": alpha * noise - sigma * picture, "sample": picture}[kind]


def run(scheduler, count, model):
    """The States of `count` steps; model(state, alpha, sigma) -> the network's output."""
    states, results = [], []
    Tap(scheduler, states.append)
    scheduler.set_timesteps(count)
    sample = randn(0) * scheduler.init_noise_sigma
    extra = {"generator": torch.Generator().manual_seed(1)} if "Ancestral" in type(scheduler).__name__ else {}
    for index, timestep in enumerate(scheduler.timesteps):
        scheduler.scale_model_input(torch.cat([sample, sample]), timestep)
        alpha, sigma, spread = level(scheduler, index)
        result = scheduler.step(model(sample / spread, alpha, sigma), timestep, sample, **extra)
        sample = result.prev_sample
        results.append(result)
    return states, results


CASES = [
    (key, kind)
    for key in CLASSES
    for kind in ("epsilon", "v_prediction", "sample")
    if (key, kind) != ("euler-ancestral", "sample")  # diffusers refuses this pair, see below
]


@pytest.mark.parametrize(("key", "kind"), CASES)
def test_a_network_that_knows_the_picture_is_heard_to_say_it(key, kind):
    picture = randn(5)
    states, _ = run(scheduler_for(key, kind), 9, lambda *state: right_output(kind, picture, *state))
    for state in states[1:]:  # at zero terminal SNR diffusers' alpha is 2**-12, the network's and ours is 0
        torch.testing.assert_close(state.denoised, picture, atol=3 * 2**-12, rtol=0)
    if states[-1].sigma == 0:
        torch.testing.assert_close(states[-1].latents, picture, atol=3 * 2**-12, rtol=0)


@pytest.mark.parametrize(("key", "kind"), CASES)
def test_our_formula_gives_diffusers_own_x0(key, kind):
    scheduler = scheduler_for(key, kind)
    ours = []

    def model(state, alpha, sigma):
        output = torch.tanh(state) - 0.3 * state
        spread = level(scheduler, len(ours))[2]
        ours.append(predicted_picture(scheduler, len(ours), output, state * spread))
        return output

    states, results = run(scheduler, 12, model)
    for guess, state, result in zip(ours, states[1:], results, strict=True):
        if key in GIVES_X0:
            assert torch.equal(state.denoised, result.pred_original_sample)
        torch.testing.assert_close(guess, state.denoised, atol=1e-5, rtol=1e-4)
    if key not in GIVES_X0:  # these keep the last x0 for themselves
        torch.testing.assert_close(states[-1].denoised, scheduler.model_outputs[-1], atol=1e-6, rtol=1e-5)


def test_a_pair_that_diffusers_refuses_is_refused_in_its_own_words():
    with pytest.raises(NotImplementedError, match="sample"):
        run(scheduler_for("euler-ancestral", "sample"), 3, lambda state, *_: state)


@pytest.mark.parametrize("key", CLASSES)
def test_the_first_state_is_the_noise_itself_and_comes_before_the_network(key):
    order = []
    scheduler = scheduler_for(key)
    Tap(scheduler, lambda state: order.append(state))
    scheduler.set_timesteps(5)
    sample = randn(0) * scheduler.init_noise_sigma
    scheduler.scale_model_input(torch.cat([sample, sample]), scheduler.timesteps[0])
    (state,) = order
    assert torch.equal(state.latents, randn(0))
    assert (state.index, state.total, state.timestep, state.denoised) == (0, 5, None, None)


@pytest.mark.parametrize("key", CLASSES)
def test_every_number_of_steps_is_taken_exactly_and_nothing_becomes_nan(key):
    for count in range(1, MAX_STEPS + 1):
        states, _ = run(scheduler_for(key), count, lambda state, *_: torch.tanh(state))
        assert [state.index for state in states] == list(range(count + 1))
        assert all(torch.isfinite(state.latents).all() for state in states)
        assert all(torch.isfinite(state.denoised).all() for state in states[1:])
        assert min(state.timestep for state in states[1:]) >= 0
        left = [state.sigma for state in states]
        assert left == sorted(left, reverse=True) and left[0] == 1.0
        if key != "ddim":
            assert left[-1] == 0.0


def test_ddim_says_what_its_last_step_leaves():
    """Where the result is not the last guess, what stands between them is noise, about as much as is reported."""
    with_rest = []
    for count in range(1, MAX_STEPS + 1):
        picture = randn(5)
        states, _ = run(scheduler_for("ddim"), count, lambda *s, p=picture: right_output("v_prediction", p, *s))
        last = states[-1]
        if last.sigma:
            with_rest.append(count)
            assert last.sigma < 0.03
            rest, noise = last.latents - last.alpha * picture, randn(0)
            assert 0.95 < (rest * noise).sum() / (noise * noise).sum() / last.sigma < 1.3
        else:
            torch.testing.assert_close(last.latents, last.denoised, atol=1e-6, rtol=0)
    assert 30 not in with_rest and 8 not in with_rest and 7 in with_rest


def test_flow_matching_needs_no_scaling_of_its_input():
    scheduler = FlowMatchEulerDiscreteScheduler()
    states = []
    Tap(scheduler, states.append)
    scheduler.set_timesteps(6)
    picture, sample = randn(5), randn(0)
    for timestep in scheduler.timesteps:
        (sample,) = scheduler.step(randn(0) - picture, timestep, sample, return_dict=False)
    assert [state.index for state in states] == list(range(7))
    assert torch.equal(states[0].latents, randn(0))
    for state in states:
        assert state.alpha + state.sigma == pytest.approx(1)
        torch.testing.assert_close(state.latents, state.alpha * picture + state.sigma * randn(0), atol=1e-5, rtol=0)
    for state in states[1:]:
        torch.testing.assert_close(state.denoised, picture, atol=1e-5, rtol=0)


@pytest.mark.parametrize("key", CLASSES)
def test_a_tapped_scheduler_answers_as_the_bare_one(key):
    bare, tapped = scheduler_for(key), scheduler_for(key)
    parameters = inspect.signature(bare.step).parameters
    Tap(tapped, lambda state: None)
    assert inspect.signature(tapped.step).parameters == parameters
    for scheduler in (bare, tapped):
        scheduler.set_timesteps(4)
    sample, timestep = randn(0), bare.timesteps[0]
    extra = [{"generator": torch.Generator().manual_seed(1)} if "generator" in parameters else {} for _ in range(2)]
    answers = [
        scheduler.step(randn(2), timestep, sample, **more, return_dict=False)
        for scheduler, more in zip((bare, tapped), extra, strict=True)
    ]
    assert len(answers[0]) == len(answers[1])
    assert all(torch.equal(a, b) for a, b in zip(*answers, strict=True))


def test_what_the_watcher_raises_ends_the_run():
    def see(state):
        raise KeyError(state.index)

    with pytest.raises(KeyError):
        scheduler = scheduler_for("ddim")
        Tap(scheduler, see)
        scheduler.set_timesteps(3)
        scheduler.scale_model_input(randn(0), scheduler.timesteps[0])


def test_a_kind_of_prediction_without_formula_is_said():
    scheduler = scheduler_for("dpm++2m")
    scheduler.register_to_config(prediction_type="score")
    scheduler.set_timesteps(2)
    with pytest.raises(NotImplementedError, match="'score'"):
        predicted_picture(scheduler, 0, randn(0), randn(1))
