"""Which schedulers a model runs with, its own first, and a fresh one for each run.

A model learned one thing: to say the noise, the velocity or the picture (diffusion), the way from noise to picture
(flow), a picture scaled as Karras et al. 2022 do (edm), or the end from anywhere (consistency). A scheduler made for
another of these would feed the network what it never saw, so none is offered.
"""

from __future__ import annotations

import copy
import inspect
import json
from pathlib import Path
from types import SimpleNamespace

import diffusers
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EDMDPMSolverMultistepScheduler,
    EDMEulerScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    UniPCMultistepScheduler,
)
from diffusers.configuration_utils import FrozenDict

from demo.engine.levels import is_edm
from demo.run.trace import OWN, SCHEDULERS

CLASSES = {
    "ddim": DDIMScheduler,
    "euler": EulerDiscreteScheduler,
    "euler-ancestral": EulerAncestralDiscreteScheduler,
    "dpm++2m": DPMSolverMultistepScheduler,
    "unipc": UniPCMultistepScheduler,
}
KINDS = {
    "diffusion": CLASSES,
    "flow": {
        "euler": FlowMatchEulerDiscreteScheduler,
        "dpm++2m": DPMSolverMultistepScheduler,
        "unipc": UniPCMultistepScheduler,
    },
    "edm": {"euler": EDMEulerScheduler, "dpm++2m": EDMDPMSolverMultistepScheduler},
    "consistency": {},
}
# Pipeline -> kind -> schedulers besides its own that were tried on it (tests/engine/test_families.py): pipelines differ
# in what they ask of one, such as to scale the input, or to take their sigmas.
TRIED = {
    "StableDiffusionPipeline": {"diffusion": tuple(CLASSES)},
    "StableDiffusionXLPipeline": {"diffusion": tuple(CLASSES), "edm": ("euler", "dpm++2m")},
    "PixArtSigmaPipeline": {"diffusion": tuple(CLASSES)},
    "StableDiffusion3Pipeline": {"flow": ("euler", "dpm++2m", "unipc")},
    "SanaPipeline": {"flow": ("euler", "dpm++2m", "unipc")},
    "FluxPipeline": {"flow": ("euler",)},
    "ZImagePipeline": {"flow": ("euler",)},
    "QwenImagePipeline": {"flow": ("euler",)},
    "DDPMPipeline": {"diffusion": ("ddim",)},
    "DDIMPipeline": {"diffusion": ("ddim",)},
}
# Those whose states and guesses are known (levels.py), with the name of each where it has no key of its own.
WATCHED = {
    **{cls.__name__: SCHEDULERS[key] for kind in KINDS.values() for key, cls in kind.items()},
    "DDPMScheduler": "DDPM",
    "DEISMultistepScheduler": "DEIS",
    "DPMSolverSinglestepScheduler": "DPM++ singlestep",
    "FlowMatchHeunDiscreteScheduler": "Heun",
    "HeunDiscreteScheduler": "Heun",
    "LCMScheduler": "LCM",
    "LMSDiscreteScheduler": "LMS",
    "PNDMScheduler": "PNDM",
    "TCDScheduler": "TCD",
}
# What a model learned with, which means the same to every scheduler; how to step is each one's own.
LEARNED = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "trained_betas",
    "prediction_type",
    "rescale_betas_zero_snr",
    "timestep_spacing",
    "steps_offset",
    "set_alpha_to_one",
    "clip_sample",
    "clip_sample_range",
    "thresholding",
    "dynamic_thresholding_ratio",
    "sample_max_value",
)
EDM_LEARNED = (
    "sigma_min",
    "sigma_max",
    "sigma_data",
    "sigma_schedule",
    "rho",
    "num_train_timesteps",
    "prediction_type",
)


def kind_of(scheduler) -> str:
    """What the model behind `scheduler` learned, one of KINDS."""
    name, config = type(scheduler).__name__, scheduler.config
    if is_edm(scheduler):
        return "edm"
    if name.startswith("FlowMatch") or config.get("prediction_type") == "flow_prediction":
        return "flow"
    return "consistency" if name in ("LCMScheduler", "TCDScheduler") else "diffusion"


def can_watch(scheduler) -> bool:
    """Whether the states of this very scheduler can be shown."""
    whole = scheduler.config.get("skip_prk_steps", True)  # else PNDM's first steps are four calls each
    return type(scheduler).__name__ in WATCHED and whole


def stand_in(folder: Path, told: list | None):
    """A scheduler in the place of a saved one whose class is not to be had here, such as LMS without SciPy, else None.

    It is told what the model learned; the model's own is then not offered.
    """
    cls = getattr(diffusers, str((told or [None, None])[1]), None)
    if cls is None or not getattr(cls, "_backends", None) or "torch" not in cls._backends:
        return None
    config = FrozenDict(json.loads((folder / "scheduler_config.json").read_text(encoding="utf-8")))
    return _built(SimpleNamespace(config=config), "ddim")


def offered_schedulers(pipe) -> dict[str, str]:
    """Key -> label of the schedulers that this model can run with, its own first; empty where there is none."""
    offered = {}
    if can_watch(pipe.scheduler):
        key = _own_key(pipe)
        offered[key] = f"{WATCHED[type(pipe.scheduler).__name__]} (the model's own)"
    for key in TRIED.get(type(pipe).__name__, {}).get(kind_of(pipe.scheduler), ()):
        if key not in offered and _suits(pipe.scheduler, key):
            offered[key] = SCHEDULERS[key]
    return offered


def new_scheduler(pipe, key: str):
    """A fresh scheduler for one run: the pipeline's own, or another that is told what the model learned."""
    own = pipe.scheduler
    return copy.deepcopy(own) if key in (OWN, _own_key(pipe)) else _built(own, key)


def _own_key(pipe) -> str:
    """The key under which the pipeline's own scheduler is offered: OWN where none of ours would be just the same."""
    own = pipe.scheduler
    for key, cls in KINDS[kind_of(own)].items():
        if type(own) is cls and _told(own.config) == _told(_built(own, key).config):
            return key
    return OWN


def _suits(own, key: str) -> bool:
    config = own.config
    if config.get("prediction_type") in ("sample", "original_sample"):
        return key in ("ddim", "dpm++2m", "unipc")  # the others do not step by pictures
    return not (config.get("use_dynamic_shifting") and key != "euler")  # the others know no shift by size


def _built(own, key: str):
    """The scheduler `key` for what the model of the scheduler `own` learned."""
    kind, config = kind_of(own), own.config
    cls = KINDS[kind][key]
    solver = {"algorithm_type": "dpmsolver++", "solver_order": 2} if key == "dpm++2m" and kind != "edm" else {}
    if kind == "flow":
        if cls is FlowMatchEulerDiscreteScheduler:
            return _flow_euler(own)
        shift = config.get("flow_shift", config.get("shift", 1.0))
        flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": shift}
        return cls(num_train_timesteps=config.num_train_timesteps, **flow, **solver)
    learned = EDM_LEARNED if kind == "edm" else LEARNED
    taken = inspect.signature(cls).parameters
    options = {name: config[name] for name in learned if name in taken and name in config}
    if key == "ddim":  # its default clips x0 to [-1, 1], which is meant for pixels
        options.setdefault("clip_sample", False)
    return cls(**options, **solver)


def _flow_euler(own):
    if isinstance(own, FlowMatchEulerDiscreteScheduler):
        return copy.deepcopy(own)
    shift = own.config.get("flow_shift", own.config.get("shift", 1.0))
    return FlowMatchEulerDiscreteScheduler(num_train_timesteps=own.config.num_train_timesteps, shift=shift)


def _told(config) -> dict:
    """A scheduler's options without what is written beside them."""
    return {name: value for name, value in config.items() if not name.startswith("_")}
