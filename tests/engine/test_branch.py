"""Branches: with nothing changed the original bit for bit, for every family and scheduler; fresh noise as defined."""

import inspect
from dataclasses import replace

import diffusers
import numpy as np
import pytest
import torch
from random_model import build_pipeline
from tiny_families import FAMILIES, build

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.levels import level
from demo.engine.past import forget
from demo.engine.schedulers import CLASSES, new_scheduler
from demo.run.trace import BadRequest, Request, Watch

STEPS, AT = 4, 2
RECORDED = Watch(word_maps=True, guesses=True, outputs=True)
REQUEST = Request("a blue cat", seed=7, steps=STEPS, guidance=3.0)
CHANGED = {"prompt": "a red fox", "guidance": 6.0}


@pytest.fixture(scope="session")
def engines(tmp_path_factory):
    """Name -> engine of each family, built when first asked for."""
    root, made = tmp_path_factory.mktemp("branches"), {}

    def engine(name) -> DiffusersEngine:
        if name not in made:
            made[name] = DiffusersEngine.load(str(build(name, root)))
        return made[name]

    return engine


@pytest.fixture(scope="module")
def engine():
    return DiffusersEngine(build_pipeline(), "random")


def counted(engine) -> list:
    """Grows by one at each call of the denoiser."""
    denoiser, calls = getattr(engine._pipe, "unet", None) or engine._pipe.transformer, []
    denoiser.register_forward_pre_hook(lambda *_: calls.append(1))
    return calls


def states(frames) -> list:
    return [frame.step for frame in frames]


def same(ones, others) -> bool:
    """Whether two runs have the same states and guesses, bit for bit."""
    return all(
        np.array_equal(one.latents, other.latents) and (one.index == 0 or np.array_equal(one.denoised, other.denoised))
        for one, other in zip(ones, others, strict=True)
    )


def calls_in(steps) -> int:
    """How often the scheduler was called on the way to these states."""
    return sum(len(step.outputs) for step in steps if step.outputs is not None)


@pytest.mark.parametrize("name", FAMILIES)
def test_with_nothing_changed_it_is_the_original_bit_for_bit_and_costs_only_what_follows(engines, name):
    engine = engines(name)
    able = engine.abilities
    size = {"width": 64, "height": 64} if able.size and able.size[0] > 128 else {}
    guidance = {} if able.guidance is None else {"guidance": 3.0}
    calls = counted(engine)
    for key in able.schedulers:
        request = able.request("a blue cat", seed=7, steps=STEPS, scheduler=key, **guidance, **size)
        before = list(engine.frames(request, watch=RECORDED))
        plain = len(calls)
        calls.clear()
        after = list(engine.frames(request.branch(AT), past=before))
        assert [one.sha256 for one in after] == [one.sha256 for one in before], key
        assert same(states(after), states(before)), key
        assert len(calls) * calls_in(states(before)) == plain * calls_in(states(before)[AT + 1 :])
        other = request.branch(AT, "a red fox", 6.0 if guidance else None)
        others = list(engine.steps(other, past=before))
        assert same(others[: AT + 1], states(before)[: AT + 1])
        assert same(others, states(before)) == (not able.reads)
        calls.clear()


@pytest.mark.parametrize("own", ["DEISMultistep", "DPMSolverSinglestep", "HeunDiscrete", "LCM", "PNDM", "TCD"])
@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_at_any_step_of_whatever_scheduler_a_folder_has(own, at):
    pipe = build_pipeline()
    config = {**pipe.scheduler.config, "prediction_type": "epsilon", "rescale_betas_zero_snr": False}
    cls = getattr(diffusers, f"{own}Scheduler")
    pipe.scheduler = cls(**{name: config[name] for name in inspect.signature(cls).parameters if name in config})
    engine = DiffusersEngine(pipe, "random")
    before = list(engine.frames(REQUEST, watch=RECORDED))
    assert same(engine.steps(REQUEST.branch(at), past=before), states(before))
    if at:
        after, large = (
            list(engine.steps(REQUEST.branch(at, fresh=5), past=before)),
            np.abs(states(before)[-1].latents).max(),
        )
        assert same(after[:at], states(before)[:at]) and np.abs(after[-1].latents).max() < 2 * large


@pytest.mark.parametrize("key", CLASSES)
def test_without_its_parents_states_the_parent_is_drawn_anew_to_the_same_bits(engine, key):
    parent = replace(REQUEST, scheduler=key)
    before = list(engine.frames(parent, watch=RECORDED))
    for request in (parent.branch(AT, **CHANGED), parent.branch(AT, fresh=3, **CHANGED)):
        there = list(engine.frames(request, watch=RECORDED, past=before))
        anew = list(engine.frames(request, watch=RECORDED))
        assert [one.sha256 for one in there] == [one.sha256 for one in anew]
        assert same(states(there), states(anew))
        for one, other in zip(there, anew, strict=True):
            assert one.index == 0 or np.array_equal(one.step.conditional, other.step.conditional)
            assert one.index == 0 or np.array_equal(one.step.word_maps, other.step.word_maps)
    seconds = [frame.seconds for frame in there]
    assert seconds == sorted(seconds)


@pytest.mark.parametrize("key", CLASSES)
def test_fresh_noise_keeps_the_guess_and_goes_on_as_a_solver_that_begins_there(engine, key):
    """Against diffusers' own way to begin in the middle (set_begin_index), with a loop of our own."""
    parent = replace(REQUEST, scheduler=key)
    before = states(engine.frames(parent, watch=RECORDED))
    after = list(engine.steps(parent.branch(AT, fresh=5), past=list(engine.frames(parent, watch=RECORDED))))
    left, anew = before[AT], after[AT]
    noise = torch.randn((1, *left.latents.shape), generator=torch.Generator().manual_seed(5)).numpy()[0]
    np.testing.assert_allclose(anew.latents, left.alpha * left.denoised + left.sigma * noise, atol=1e-5)
    assert np.array_equal(anew.denoised, left.denoised) and (anew.alpha, anew.sigma) == (left.alpha, left.sigma)
    assert same(after[:AT], before[:AT]) and not np.array_equal(after[-1].latents, before[-1].latents)
    if key != "euler-ancestral":  # which draws noise on the way
        np.testing.assert_allclose(after[-1].latents, begun_there(engine, parent, anew.latents), atol=2e-4)


@torch.inference_mode()
def begun_there(engine, request, latents) -> np.ndarray:
    """The result of diffusers' scheduler that begins at state AT with these latents."""
    pipe = engine._pipe
    scheduler = new_scheduler(pipe, request.scheduler)
    scheduler.set_timesteps(STEPS)
    words = torch.cat(pipe.encode_prompt(request.prompt, "cpu", 1, True)[::-1])
    sample = torch.from_numpy(latents)[None] * level(scheduler, AT)[2]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(AT)
    for timestep in scheduler.timesteps[AT:]:
        seen = scheduler.scale_model_input(torch.cat([sample, sample]), timestep)
        without, told = pipe.unet(seen, timestep, encoder_hidden_states=words).sample.chunk(2)
        output = without + request.guidance * (told - without)
        sample = scheduler.step(output, timestep, sample, return_dict=False)[0]
    return sample[0].numpy()


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_a_solver_that_remembers_slopes_is_given_the_one_that_euler_takes(kind):
    """As LMS keeps them, which needs SciPy: with all slopes alike its step of any order is Euler's."""
    euler = diffusers.EulerDiscreteScheduler(prediction_type=kind)
    euler.set_timesteps(STEPS)
    euler.derivatives = [None, None]
    noise = torch.Generator().manual_seed(1)
    output, sample = (torch.randn(1, 4, 8, 8, generator=noise) for _ in range(2))
    euler.set_begin_index(AT)
    forget(euler, AT, output, sample)
    stepped = euler.step(output, euler.timesteps[AT], sample).prev_sample
    assert len(euler.derivatives) == 2
    for slope in euler.derivatives:
        reached = sample + slope * (euler.sigmas[AT + 1] - euler.sigmas[AT])
        np.testing.assert_allclose(reached.numpy(), stepped.numpy(), atol=1e-4)


def test_four_branches_of_fresh_noise_are_four_pictures(engine):
    before = list(engine.frames(REQUEST, watch=RECORDED))
    ends = [list(engine.frames(REQUEST.branch(1, fresh=seed), past=before))[-1].sha256 for seed in range(4)]
    assert len({*ends, before[-1].sha256}) == 5


def test_a_branch_of_a_branch_goes_on_from_its_states_fresh_noise_and_all(engine):
    first = REQUEST.branch(1, "a red fox", fresh=3)
    once = list(engine.frames(first, watch=RECORDED))
    for at in (1, 2, 3):
        again = first.branch(at)
        assert same(engine.steps(again, past=once), states(once))
        assert same(engine.steps(again), states(once))
    assert first.branch(0).renewals == {} and first.branch(1).renewals == first.branch(3).renewals == {1: 3}


def test_guidance_may_be_switched_off_and_on_at_a_branch(engine):
    for w, then in ((3.0, 1.0), (1.0, 3.0)):
        parent = replace(REQUEST, guidance=w)
        before = list(engine.frames(parent, watch=RECORDED))
        after = list(engine.frames(parent.branch(AT, guidance=then), watch=RECORDED, past=before))
        assert same(states(after)[: AT + 1], states(before)[: AT + 1])
        assert (after[AT].step.conditional is None) == (w == 1.0)
        assert (after[-1].step.conditional is None) == (then == 1.0)


def test_what_is_not_watched_is_not_recorded_and_recording_changes_no_bit(engine):
    plainly, recorded = list(engine.steps(REQUEST)), list(engine.steps(REQUEST, watch=RECORDED))
    assert same(plainly, recorded) and all(step.outputs is None for step in plainly)
    assert [step.outputs is None for step in recorded] == [True, *[False] * STEPS]
    assert recorded[1].outputs.shape == (1, *recorded[1].latents.shape)


def test_half_precision_comes_back_as_it_was(tmp_path):
    engine = DiffusersEngine.load(str(build("sd-2", tmp_path)), dtype="bfloat16")
    before = list(engine.frames(REQUEST, watch=RECORDED))
    assert same(engine.steps(REQUEST.branch(AT), past=before), states(before))


def test_a_model_refuses_of_a_branch_what_it_refuses_of_a_run(engine):
    able = engine.abilities
    with pytest.raises(BadRequest) as refused:
        able.request("a blue cat", steps=4, branch_at=2, then="a red fox", scheduler="no such")
    assert refused.value.field == "scheduler"
    request = able.request("a blue cat", seed=7, steps=4, branch_at=2, then="a red fox")
    assert len(list(engine.steps(request))) == 5
