"""Watches a diffusers scheduler: every state of a run, how noisy it is, and the picture the model guessed on the way.

Knows schedulers, not pipelines: it wraps three methods of one scheduler object and changes none of their results, but
where the run is a branch (past.py). The formulas are in levels.py. A step may be two calls of the network (Heun's,
PNDM's first): one state is reported of it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch

from demo.engine.api import BrokenRun
from demo.engine.levels import calls_of_steps, is_edm, noise_level, predicted_picture
from demo.engine.past import Past, forget


@dataclass(frozen=True, eq=False)
class State:
    """What the tap reports: `latents = alpha * picture + sigma * noise` after `index` of `total` steps.

    latents and denoised (the guess x0) are the pipeline's tensors with their batch axis; timestep is what the network
    saw on the way here. denoised and timestep are None at 0. conditional and unconditional are the guesses with and
    without the prompt, where those are told. outputs: what the scheduler was given on the way here, (1, ...) each.
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
    outputs: tuple[torch.Tensor, ...] = ()


class Tap:
    """Reports every State of the run that `scheduler` steps through to `see`, the noise before the network first runs.

    A pipeline that never calls `scale_model_input` (those of flow matching) gets its noise reported at the first step.
    What `see` raises ends the run. One Tap and one scheduler object per run. `guesses` (see door.py) takes the output
    that the scheduler gets apart again: (conditional, unconditional), or None. `past` is what a branch has behind it.
    """

    def __init__(
        self, scheduler, see: Callable[[State], None], guesses: Callable | None = None, past: Past | None = None
    ):
        self.scheduler, self.see, self.guesses = scheduler, see, guesses
        self.past = Past() if past is None else past
        self.outputs: list[torch.Tensor] = []  # since the last state
        self.renewed = False  # whether the noise of the last state was drawn anew
        self.calls = 0  # of `step`
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
        ends = calls_of_steps(self.scheduler)
        if self.calls < ends[-1]:
            done = sum(end <= self.calls for end in ends)
            raise BrokenRun(
                f"The model's pipeline stopped by itself after step {done} of {len(ends)}, so there is no picture; "
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
            replayed = bool(self.past)
            model_output = self.past.output(model_output)
            if self.renewed:
                forget(self.scheduler, self.calls, model_output, sample)
                self.renewed = False
            result = original(model_output, timestep, sample, *args, return_dict=True, **kwargs)
            # A learned variance comes behind the guess, in as many channels again.
            output = model_output[:, : sample.shape[1]]
            guess = getattr(result, "pred_original_sample", getattr(result, "denoised", None))
            if guess is None:
                guess = predicted_picture(self.scheduler, self.calls, output, sample)
            guesses = () if replayed else self._guesses(output, sample)
            self.calls += 1
            self.outputs.append(model_output)
            if self.calls in calls_of_steps(self.scheduler):
                self._renew(result, guess)
                self._report(result.prev_sample, float(timestep), guess, *guesses)
            return result if return_dict else result.to_tuple()

        return step

    def _start(self, sample) -> None:
        if not self.started:
            self.started = True
            self._report(sample, None, None)

    def _renew(self, result, guess) -> None:
        state = self.past.renewed(self.scheduler, self.calls, self._index(), guess)
        if state is not None:
            result.prev_sample, self.renewed = state.to(result.prev_sample), True

    def _index(self) -> int:
        """The number of the state that is reached."""
        return calls_of_steps(self.scheduler).index(self.calls) + 1 if self.calls else 0

    def _guesses(self, model_output, sample) -> list[torch.Tensor]:
        """The guesses with and without the prompt, by our formula: none is clipped, whatever the scheduler does."""
        outputs = (self.guesses and self.guesses(model_output)) or ()
        return [predicted_picture(self.scheduler, self.calls, output, sample) for output in outputs]

    def _report(self, latents, timestep, guess, conditional=None, unconditional=None) -> None:
        alpha, sigma, spread = noise_level(self.scheduler, self.calls)
        latents = latents / spread if spread != 1.0 else latents
        total, outputs = len(calls_of_steps(self.scheduler)), tuple(self.outputs)
        self.outputs.clear()
        seen = State(self._index(), total, timestep, alpha, sigma, latents, guess, conditional, unconditional, outputs)
        self.see(seen)


def drop_timestep_below_zero(scheduler) -> None:
    """Takes back the timestep of -1 that trailing spacing adds where 1000 / (1000 / N) rounds up: at 61 steps."""
    if scheduler.timesteps[-1] < 0 and not is_edm(scheduler):  # where time is a logarithm
        scheduler.timesteps = scheduler.timesteps[:-1]
        scheduler.num_inference_steps = len(scheduler.timesteps)
        if hasattr(scheduler, "sigmas"):
            scheduler.sigmas = torch.cat([scheduler.sigmas[:-2], scheduler.sigmas[-1:]])
