"""What a branch has behind it: the run that it leaves, replayed without its denoiser.

The scheduler of the branch is given, call by call, the very outputs that the other run's was given. So its states, its
memory of earlier steps and the noise that it draws on the way are bit for bit those of that run, for one-step and
multistep schedulers alike, and the denoiser is first asked where the branch begins.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch

from demo.engine.levels import noise_level, predicted_picture
from demo.run.trace import Request, Step, Watch


class Past:
    """The outputs behind a branch, taken one by one; true while there are any. `renewals` as Request has them."""

    def __init__(self, steps: Sequence[Step] = (), renewals: Mapping[int, int] | None = None):
        outputs = [step.outputs for step in steps if step.outputs is not None]
        self._outputs = deque(torch.from_numpy(output) for several in outputs for output in several)
        self._renewals = renewals or {}

    def __bool__(self) -> bool:
        return bool(self._outputs)

    def output(self, own: torch.Tensor) -> torch.Tensor:
        """What the scheduler is to be given in the place of `own`, (1, ...): what it was given then; `own` from the
        branch on."""
        return self._outputs.popleft()[None].to(own) if self._outputs else own

    def renewed(self, scheduler, calls: int, index: int, picture: torch.Tensor) -> torch.Tensor | None:
        """State `index`, after `calls` calls, with its noise drawn anew; None where it stays.

        A state is `alpha * picture + sigma * noise` (Song et al. 2021, equation 4, for any schedule). The guess that
        was made on the way there is kept as `picture`, alpha and sigma are the state's own, and `noise` is drawn from
        the seed, standard normal. Times the spread (levels.py), so as the scheduler has it.
        """
        if index not in self._renewals:
            return None
        alpha, sigma, spread = noise_level(scheduler, calls)
        seeded = torch.Generator("cpu").manual_seed(self._renewals[index])
        noise = torch.randn(picture.shape, generator=seeded).to(picture)
        return spread * (alpha * picture + sigma * noise)


def reaches(steps: Sequence[Step], request: Request) -> bool:
    """Whether `steps` are all that a branch needs of the run that it leaves."""
    return len(steps) > request.at and all(step.outputs is not None for step in steps[1 : request.at + 1])


def shared(step: Step, request: Request, seconds: float) -> Step:
    """A state of the run that is left, as one of the branch; word maps of other words are none of its own."""
    other = request.parent is not None and request.parent.prompt != request.prompt
    return replace(step, seconds=seconds, word_maps=None if other else step.word_maps)


def aged(step: Step, renewed: Step, request: Request) -> Step:
    """`shared`, with the latents of `renewed`, whose noise was drawn anew: the guess made on the way there stays."""
    return replace(shared(step, request, renewed.seconds), latents=renewed.latents)


def forget(scheduler, calls: int, output: torch.Tensor, sample: torch.Tensor) -> None:
    """Let a multistep scheduler begin anew at its next call, which will be given `output` and `sample`.

    Its memory is of the noise that is gone. Solvers that know how to begin do so; those that count on a full memory of
    slopes (PNDM, LMS) get this one for all of it, which makes the next step one of first order, too.
    """
    if hasattr(scheduler, "model_outputs"):
        scheduler.model_outputs = [None] * len(scheduler.model_outputs)
        scheduler.lower_order_nums = 0
    if hasattr(scheduler, "last_sample"):  # UniPC's corrector would take the new noise back
        scheduler.last_sample, scheduler.timestep_list = None, [None] * len(scheduler.timestep_list)
    if hasattr(scheduler, "ets"):
        scheduler.ets = [output]
    if hasattr(scheduler, "derivatives"):
        picture = predicted_picture(scheduler, calls, output, sample)
        slope = (sample.float() - picture) / scheduler.sigmas[calls]
        scheduler.derivatives = [slope] * len(scheduler.derivatives)


def behind_it(
    request: Request, watch: Watch, see: Callable, steps: Sequence[Step], began: float, run: Callable
) -> list[Step]:
    """The states 0..at of the run that a branch leaves: `steps` if they are all there, else drawn anew.

    Those that the branch shares are told at once, or as they are drawn. Empty where it is no branch.
    `run(request, watch, see)` draws.
    """
    kept, reached = list[Step](), Reached()

    def keep(step: Step) -> None:
        kept.append(step)
        if step.index < request.shared:
            see(shared(step, request, time.perf_counter() - began))
        if step.index == request.at:
            raise reached

    try:
        if request.parent is not None and reaches(steps, request):
            for step in steps:
                keep(step)
        elif request.parent is not None:
            run(request.parent, replace(watch, outputs=True), keep)
    except Reached as end:
        if end is not reached:  # of a branch of this branch
            raise
    return kept


class Reached(Exception):
    """The run that is left has come to where the branch begins."""
