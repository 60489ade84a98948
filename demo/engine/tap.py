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

from demo.engine.api import BrokenRun

# diffusers keeps abar at 2**-24 where the schedule says zero, so that sigma = sqrt(1 / abar - 1) stays finite. What
# comes back from there as alpha^2 is 2**-24 but for its last bits, which depend on the processor; real schedules stop
# far above (Stable Diffusion's at 0.0047).
ZERO = 2**-24 * 1.01


@dataclass(frozen=True, eq=False)
class State:
    """What the tap reports: `latents = alpha * picture + sigma * noise` after `index` of `total` steps.

    latents and denoised (the guess x0) are the pipeline's tensors with their batch axis; timestep is what the network
    saw on the way here. denoised and timestep are None at 0. conditional and unconditional are the guesses with and
    without the prompt, where those are told.
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
    What `see` raises ends the run. One Tap and one scheduler object per run. `guesses` (see door.py) takes the output
    that the scheduler gets apart again: (conditional, unconditional), or None.
    """

    def __init__(self, scheduler, see: Callable[[State], None], guesses: Callable | None = None):
        self.scheduler, self.see, self.guesses = scheduler, see, guesses
        self.done = 0
        self.started = False
        for name, wrap in (
            ("set_timesteps", self._set_timesteps),
            ("scale_model_input", self._scale_model_input),
            ("step", self._step),
        ):
            if hasattr(scheduler, name):
                setattr(scheduler, name, wrap(getattr(scheduler, name)))

    def must_be_through(self) -> None:
        """Raises BrokenRun where the pipeline returned before its last step, so that a state is never taken for it."""
        total = len(self.scheduler.timesteps)
        if self.done < total:
            raise BrokenRun(
                f"The model's pipeline stopped by itself after step {self.done} of {total}, so there is no picture; "
                "another scheduler may get through."
            )

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
            guesses = self._guesses(model_output, sample)
            self.done += 1
            self._report(result.prev_sample, float(timestep), guess, *guesses)
            return result if return_dict else result.to_tuple()

        return step

    def _start(self, sample) -> None:
        if not self.started:
            self.started = True
            self._report(sample, None, None)

    def _guesses(self, model_output, sample) -> list[torch.Tensor]:
        """The guesses with and without the prompt, by our formula: none is clipped, whatever the scheduler does."""
        outputs = (self.guesses and self.guesses(model_output)) or ()
        return [predicted_picture(self.scheduler, self.done, output, sample) for output in outputs]

    def _report(self, latents, timestep, guess, *guesses) -> None:
        alpha, sigma, spread = noise_level(self.scheduler, self.done)
        latents = latents / spread if spread != 1.0 else latents
        self.see(State(self.done, len(self.scheduler.timesteps), timestep, alpha, sigma, latents, guess, *guesses))


def drop_timestep_below_zero(scheduler) -> None:
    """Takes back the timestep of -1 that trailing spacing adds where 1000 / (1000 / N) rounds up: at 61 steps."""
    if scheduler.timesteps[-1] < 0:
        scheduler.timesteps = scheduler.timesteps[:-1]
        scheduler.num_inference_steps = len(scheduler.timesteps)
        if hasattr(scheduler, "sigmas"):
            scheduler.sigmas = torch.cat([scheduler.sigmas[:-2], scheduler.sigmas[-1:]])


def noise_level(scheduler, index: int) -> tuple[float, float, float]:
    """(alpha, sigma, spread) of the state after `index` steps, which is the scheduler's own latents over spread.

    It is the level that the last step made by the scheduler's own arithmetic, which need be neither the one of the next
    timestep nor, for the result, nothing: DDIM with trailing spacing keeps up to 3 % noise where 1000 / N is no whole
    number. The first state has no picture in it, whatever the network is told. The result is never rescaled, for it is
    what the pipeline decodes.
    """
    if index == 0:
        alpha, _, spread = _level(scheduler, index)
        drawn = float(getattr(scheduler, "init_noise_sigma", 1.0))  # deviation of the noise that pipelines begin with
        return (0.0, drawn / spread, spread) if alpha**2 > ZERO else (0.0, 1.0, drawn)
    if hasattr(scheduler, "sigmas"):
        alpha, sigma, spread = _level(scheduler, index)
    else:
        alpha, sigma, spread = _preserving(_left_by_ddim(scheduler, index))
    if index == len(scheduler.timesteps) and spread != 1.0:
        alpha, sigma, spread = 1.0, sigma / alpha, 1.0
    return alpha, sigma, spread


def predicted_picture(scheduler, index: int, model_output, sample) -> torch.Tensor:
    """x0 from the output of the network at the state after `index` steps; float32, the shape of `sample`."""
    output = model_output.float()
    kind = scheduler.config.get("prediction_type", "flow_prediction")
    alpha, sigma, spread = _level(scheduler, index)
    state = sample.float() / spread
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
    """(alpha, sigma, spread) that step `index` takes its state to have, by the scheduler's own table alone."""
    if not hasattr(scheduler, "sigmas"):
        return _preserving(float(scheduler.alphas_cumprod[int(scheduler.timesteps[index])]))
    sigma = scheduler.sigmas[index]
    if hasattr(scheduler, "_sigma_to_alpha_sigma_t"):
        alpha, sigma = scheduler._sigma_to_alpha_sigma_t(sigma)
        return float(alpha), float(sigma), 1.0
    sigma = float(sigma)
    if type(scheduler).__name__.startswith("FlowMatch"):
        return 1.0 - sigma, sigma, 1.0
    spread = math.sqrt(sigma**2 + 1)
    return 1 / spread, sigma / spread, spread


def _preserving(left: float) -> tuple[float, float, float]:
    """abar -> (alpha, sigma, spread) of a variance-preserving state."""
    return math.sqrt(left), math.sqrt(1 - left), 1.0


def _left_by_ddim(scheduler, index: int) -> float:
    """abar after `index` steps: DDIM goes down by whole strides from each timestep, and not to the next of its list."""
    stride = scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    to = int(scheduler.timesteps[index - 1]) - stride
    return float(scheduler.alphas_cumprod[to] if to >= 0 else scheduler.final_alpha_cumprod)
