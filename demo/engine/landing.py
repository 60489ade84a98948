"""A state that the tap saw, on its way from the pipeline's tensors to the Step that everybody else gets."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from demo.engine import latents
from demo.engine.api import BrokenRun
from demo.engine.attention import Listener
from demo.engine.machine import Carrier
from demo.engine.patches import PatchListener
from demo.engine.tap import State
from demo.run.trace import Request, Step, Watch


def as_step(
    pipe,
    request: Request,
    state: State,
    listener: Listener | PatchListener | None,
    carrier: Carrier,
    began: float,
    watch: Watch,
    company: int,
) -> Callable[[], Step]:
    """The Step of a state, whose numbers are on their way to the CPU; asked for, it waits until they are there."""

    def plain(tensor) -> Callable[[], np.ndarray | None]:
        if tensor is None:
            return lambda: None
        return carrier.off(latents.planes(pipe, tensor, request.height, request.width)[0])

    here = latents.planes(pipe, state.latents, request.height, request.width)[0]
    # Where a pipeline says the noise only when it first steps, what was heard by then belongs to that step.
    word_maps = listener.take(*here.shape[1:]) if listener and state.index else None
    parts = {name: plain(getattr(state, name)) for name in ("latents", "denoised", "conditional", "unconditional")}
    outputs = carrier.off(torch.cat(state.outputs)) if watch.outputs and state.outputs else None
    return lambda: Step(
        index=state.index,
        total=state.total,
        timestep=state.timestep,
        alpha=state.alpha,
        sigma=state.sigma,
        word_maps=word_maps,
        outputs=outputs and outputs(),
        **{name: landed() for name, landed in parts.items()},
        company=company if state.index else 1,
        seconds=time.perf_counter() - began,
    )


def must_be_finite(step: Step) -> None:
    """Raises BrokenRun where a number of `step` is none: decoded it would be black, and look like a picture."""
    parts = (step.latents, step.denoised, step.conditional, step.unconditional, step.word_maps)
    levels = (step.alpha, step.sigma)
    if not np.isfinite(levels).all() or not all(np.isfinite(part).all() for part in parts if part is not None):
        raise BrokenRun(
            f"The run broke at step {step.index} of {step.total}: the model's numbers are no longer finite and make no "
            "picture; another scheduler, seed or guidance may get through."
        )
