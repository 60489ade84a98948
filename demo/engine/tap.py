"""Watches a diffusers scheduler: every state of a run, how noisy it is, and the picture the model guessed on the way.

Knows schedulers, not pipelines: it wraps three methods of one scheduler object and changes none of their results. With
m the model output after guidance, x the state and (a, s) its noise level, the guess is (x - s m) / a for noise
prediction, a x - s m for v-prediction (Salimans and Ho 2022, appendix D), x - s m for flow matching, and m itself for
sample prediction. A variance-exploding x (Euler and its kin) is first divided by sqrt(sigma^2 + 1), which makes it a
variance-preserving one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

# diffusers keeps abar at 2**-24 where the schedule says zero, so that sigma = sqrt(1 / abar - 1) stays finite.
ZERO = 2**-24 * 1.01  # the last bit of its square root depends on the processor


@dataclass(frozen=True, eq=False)
class State:
    """What the tap reports: `latents = alpha * picture + sigma * noise` after `index` of `total` steps.

    latents and denoised (the guess x0) are the pipeline's tensors with their batch axis; timestep is what the network
    saw on the way here. denoised and timestep are None at 0. conditional and unconditional are the guesses from the
    two halves of the network's output, where those are told.
    """

    index: int
    total: int
    timestep: float | None
    alpha: float
    sigma: float
    latents: torch.Tensor
    denoised: torch.Tensor | None
    conditional: torch.Tensor | None = None
    unconditional: torch.Tensor | None = None


class Tap:
    """Reports every State of the run that `scheduler` steps through to `see`, the noise before the network first runs.

    A pipeline that never calls `scale_model_input` (those of flow matching) gets its noise reported at the first step.
    What `see` raises ends the run. One Tap and one scheduler object per run. `halves` (see door.py) takes the output
    that the scheduler gets apart again: (with the prompt, without it), or None.
    """

    def __init__(self, scheduler, see: Callable[[State], None], halves: Callable | None = None):
        self.scheduler, self.see, self.halves = scheduler, see, halves
        self.done = 0
        self.started = False
        for name, wrap in (
            ("set_timesteps", self._set_timesteps),
            ("scale_model_input", self._scale_model_input),
            ("step", self._step),
        ):
            if hasattr(scheduler, name):
                setattr(scheduler, name, wrap(getattr(scheduler, name)))

    def _set_timesteps(self, original):
        @functools.wraps(original)
        def set_timesteps(*args, **kwargs):
            original(*args, **kwargs)
            drop_timestep_below_zero(self.scheduler)

        return set_timesteps

    def _scale_model_input(self, original):
        @functools.wraps(original)
        def scale_model_input(sample, *args, **kwargs):
            self._start(sample[:1])  # under guidance the state comes twice
            return original(sample, *args, **kwargs)

        return scale_model_input

    def _step(self, original):
        @functools.wraps(original)  # keeps the signature, which pipelines inspect for `eta` and `generator`
        def step(model_output, timestep, sample, *args, return_dict=True, **kwargs):
            self._start(sample)
            result = original(model_output, timestep, sample, *args, return_dict=True, **kwargs)
            guess = getattr(result, "pred_original_sample", None)
            if guess is None:
                guess = predicted_picture(self.scheduler, self.done, model_output, sample)
            sides = self._sides(model_output, sample)
            self.done += 1
            self._report(result.prev_sample, float(timestep), guess, *sides)
            return result if return_dict else result.to_tuple()

        return step

    def _start(self, sample) -> None:
        if not self.started:
            self.started = True
            noise_std = getattr(self.scheduler, "init_noise_sigma", 1.0)
            self._report(sample / noise_std, None, None, rescale=False)

    def _sides(self, model_output, sample) -> list[torch.Tensor]:
        """The guesses from both halves, by our formula: none of them is clipped, whatever the scheduler does."""
        halves = (self.halves and self.halves(model_output)) or ()
        return [predicted_picture(self.scheduler, self.done, half, sample) for half in halves]

    def _report(self, latents, timestep, guess, *sides, rescale=True) -> None:
        alpha, sigma, scale = noise_level(self.scheduler, self.done)
        latents = latents * scale if rescale and scale != 1.0 else latents
        self.see(State(self.done, len(self.scheduler.timesteps), timestep, alpha, sigma, latents, guess, *sides))


def drop_timestep_below_zero(scheduler) -> None:
    """Takes back the timestep of -1 that trailing spacing adds where 1000 / (1000 / N) rounds up: at 61 steps."""
    if scheduler.timesteps[-1] < 0:
        scheduler.timesteps = scheduler.timesteps[:-1]
        scheduler.num_inference_steps = len(scheduler.timesteps)
        if hasattr(scheduler, "sigmas"):
            scheduler.sigmas = torch.cat([scheduler.sigmas[:-2], scheduler.sigmas[-1:]])


def noise_level(scheduler, index: int) -> tuple[float, float, float]:
    """(alpha, sigma, scale) of the state after `index` steps; the scheduler's own latents times scale are that state.

    The level is the one of the scheduler's next timestep, and for the result what the last step left, which is not
    always nothing: DDIM with trailing spacing keeps up to 3 % noise where 1000 / N is no whole number. The result is
    never rescaled, for it is what the pipeline decodes.
    """
    alpha, sigma, scale = _level(scheduler, index)
    if alpha**2 <= ZERO:
        alpha, sigma = 0.0, 1.0
    if index == len(scheduler.timesteps) and scale != 1.0:
        alpha, sigma, scale = 1.0, sigma / alpha, 1.0
    return alpha, sigma, scale


def predicted_picture(scheduler, index: int, model_output, sample) -> torch.Tensor:
    """x0 from the output of the network at the state after `index` steps; float32, the shape of `sample`."""
    output = model_output.float()
    kind = scheduler.config.get("prediction_type", "flow_prediction")
    alpha, sigma, scale = _level(scheduler, index)
    state = sample.float() * scale
    if kind == "epsilon":
        return (state - sigma * output) / alpha
    if kind == "v_prediction":
        return alpha * state - sigma * output
    if kind == "flow_prediction":
        return state - sigma * output
    if kind in ("sample", "original_sample"):
        return output
    raise NotImplementedError(f"No formula for the picture behind a prediction of type {kind!r}.")


def _level(scheduler, index: int) -> tuple[float, float, float]:
    """As noise_level, by the scheduler's own table and nothing else."""
    if not hasattr(scheduler, "sigmas"):
        left = float(_cumulative_alpha(scheduler, index))
        return math.sqrt(left), math.sqrt(1 - left), 1.0
    sigma = scheduler.sigmas[index]
    if hasattr(scheduler, "_sigma_to_alpha_sigma_t"):
        alpha, sigma = scheduler._sigma_to_alpha_sigma_t(sigma)
        return float(alpha), float(sigma), 1.0
    sigma = float(sigma)
    if type(scheduler).__name__.startswith("FlowMatch"):
        return 1.0 - sigma, sigma, 1.0
    scale = 1 / math.sqrt(sigma**2 + 1)
    return scale, sigma * scale, scale


def _cumulative_alpha(scheduler, index: int):
    """abar after `index` steps of a scheduler that counts in timesteps (DDIM and its kin)."""
    if index < len(scheduler.timesteps):
        return scheduler.alphas_cumprod[int(scheduler.timesteps[index])]
    stride = scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    last = int(scheduler.timesteps[-1]) - stride
    return scheduler.alphas_cumprod[last] if last >= 0 else getattr(scheduler, "final_alpha_cumprod", 1.0)
