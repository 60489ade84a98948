"""Schedulers: the model's own first, every other told what the model learned and nothing else."""

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSinglestepScheduler,
    EDMEulerScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UniPCMultistepScheduler,
)
from random_model import SCHEDULE

from demo.engine.schedulers import CLASSES, can_watch, new_scheduler, offered_schedulers
from demo.run.trace import OWN, SCHEDULERS


def made(scheduler, cls=StableDiffusionPipeline):
    """A pipeline of this class of which nothing is there but its scheduler."""
    pipe = object.__new__(cls)
    vars(pipe)["scheduler"] = scheduler
    return pipe


@pytest.mark.parametrize("key", SCHEDULERS)
def test_every_scheduler_keeps_the_models_noise_schedule(key):
    own = made(DDIMScheduler(**SCHEDULE))
    scheduler = new_scheduler(own, key)
    assert type(scheduler) is CLASSES[key]
    assert {name: scheduler.config[name] for name in SCHEDULE if name != "clip_sample"} == {
        name: value for name, value in SCHEDULE.items() if name != "clip_sample"
    }
    torch.testing.assert_close(scheduler.alphas_cumprod, own.scheduler.alphas_cumprod, atol=2**-23, rtol=1e-5)
    scheduler.set_timesteps(4)
    assert scheduler.timesteps.tolist() == [999, 749, 499, 249]


def test_each_run_gets_a_scheduler_of_its_own():
    own = made(DDIMScheduler(**SCHEDULE))
    assert new_scheduler(own, "ddim") is not own.scheduler
    assert new_scheduler(own, "ddim").config == own.scheduler.config


@pytest.mark.parametrize("other", [PNDMScheduler(), EulerDiscreteScheduler()])
def test_ddim_never_clips_latents_to_what_pixels_may_be(other):
    assert new_scheduler(made(other), "ddim").config.clip_sample is False


def test_dpm_is_what_its_label_says_whatever_the_model_was_saved_with():
    saved = {"solver_order": 3, "algorithm_type": "sde-dpmsolver++", "final_sigmas_type": "sigma_min"}
    own = made(CLASSES["dpm++2m"](**saved))
    config = new_scheduler(own, "dpm++2m").config
    assert (config.solver_order, config.algorithm_type, config.final_sigmas_type) == (2, "dpmsolver++", "zero")


def test_another_scheduler_is_told_what_the_model_learned_and_no_more():
    """What says how to step means something else in another class: Singlestep's options made UniPC's numbers NaN."""
    own = DPMSolverSinglestepScheduler(solver_order=3, solver_type="heun", lower_order_final=False, beta_end=0.012)
    told = new_scheduler(made(own), "unipc").config
    assert told.beta_end == 0.012
    assert {name: told[name] for name in ("solver_order", "solver_type", "lower_order_final")} == {
        "solver_order": 2, "solver_type": "bh2", "lower_order_final": True,
    }  # fmt: skip


def test_the_models_own_comes_first_under_the_key_that_is_just_the_same():
    for own, key, label in (
        (DDIMScheduler(), "ddim", "DDIM"),
        (EulerDiscreteScheduler(timestep_spacing="trailing"), "euler", "Euler"),
        (EulerDiscreteScheduler(use_karras_sigmas=True), OWN, "Euler"),
        (DPMSolverMultistepScheduler(solver_order=3), OWN, "DPM++ 2M"),
        (PNDMScheduler(skip_prk_steps=True), OWN, "PNDM"),
        (DDPMScheduler(), OWN, "DDPM"),
    ):
        offered = offered_schedulers(made(own))
        assert next(iter(offered.items())) == (key, f"{label} (the model's own)")
        assert set(offered) == {key, *SCHEDULERS}
        assert dict(new_scheduler(made(own), key).config) == dict(own.config)
        assert type(new_scheduler(made(own), OWN)) is type(own)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_who_predicts_pictures_is_offered_who_steps_by_pictures(prediction):
    offered = offered_schedulers(made(DDIMScheduler(prediction_type=prediction)))
    assert ("euler" in offered) == (prediction != "sample") and "unipc" in offered


def test_a_flow_model_is_offered_what_knows_the_flow():
    own = FlowMatchEulerDiscreteScheduler(shift=3.0)
    flow = made(own, StableDiffusion3Pipeline)
    assert list(offered_schedulers(flow)) == ["euler", "dpm++2m", "unipc"]
    assert new_scheduler(flow, "euler").config.shift == 3.0
    for key in ("dpm++2m", "unipc"):
        told = new_scheduler(flow, key).config
        assert (told.prediction_type, told.use_flow_sigmas, told.flow_shift) == ("flow_prediction", True, 3.0)
    by_size = made(FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), StableDiffusion3Pipeline)
    assert list(offered_schedulers(by_size)) == ["euler"]


def test_a_distilled_or_a_karras_model_is_offered_no_other_kind():
    assert list(offered_schedulers(made(LCMScheduler()))) == [OWN]
    edm = made(EDMEulerScheduler(sigma_max=50.0), StableDiffusionXLPipeline)
    assert list(offered_schedulers(edm)) == ["euler", "dpm++2m"]
    assert new_scheduler(edm, "dpm++2m").config.sigma_max == 50.0


def test_whose_steps_are_unknown_is_not_offered_but_the_others_are():
    prk = PNDMScheduler(skip_prk_steps=False)
    assert not can_watch(prk) and list(offered_schedulers(made(prk))) == list(SCHEDULERS)
    assert isinstance(new_scheduler(made(prk), "unipc"), UniPCMultistepScheduler)
