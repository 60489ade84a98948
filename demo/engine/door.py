"""The callable that stands before the denoiser on a run's copy of a pipeline: forwards everything, changes nothing.
While a branch replays what is behind it (past.py), it does not ask the denoiser at all.

It keeps the raw output of the last call, of which the scheduler only ever sees the mix `u + w (c - u)`, c conditional
(with the prompt) and u unconditional (Ho and Salimans 2022, equation 6, with w counted so that 1 is off), and takes
that mix apart again. Knows nothing of schedulers, threads or words.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from diffusers.models.modeling_outputs import Transformer2DModelOutput

from demo.engine.families import guided_by
from demo.engine.past import Past

DENOISERS = ("unet", "transformer")
NEAR = 0.02  # how far off a mix may be, as a share of its norm: half precision rounds no worse


def alone(denoiser: Callable, args: tuple, kwargs: dict) -> tuple:
    """The denoiser's answer to nobody else."""
    return denoiser(*args, **kwargs), 1


class Door:
    """`denoiser` as its pipeline sees it; `guidance` is the w of this run, `past` what is behind it.

    `ask(denoiser, args, kwargs)` is how it is called, with whom else: its answer, and how many `company` had in it.
    """

    def __init__(self, denoiser, guidance: float, past: Past | None = None, ask: Callable = alone):
        self._denoiser, self._guidance, self._past, self._ask = denoiser, guidance, past, ask
        self._output: torch.Tensor | None = None
        self.company = 1  # runs that met in the last call, this one among them

    def __call__(self, *args, **kwargs):
        """The denoiser's own answer; while the past is replayed, zeros of its shape, which the tap replaces."""
        if self._past:
            return Transformer2DModelOutput(sample=self._blank(next(iter((*args, *kwargs.values())))))
        answer, self.company = self._ask(self._denoiser, args, kwargs)
        self._output = answer[0]
        return answer

    def __getattr__(self, name: str):
        if name == "_denoiser":  # not there yet while a copy is made
            raise AttributeError(name)
        return getattr(self._denoiser, name)

    def guesses(self, mix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """(conditional, unconditional), float32, that `mix` (n, ...), what the scheduler was given, was made from.

        None where it was not made from both in the last output: guidance is off, or the pipeline mixes in another way.
        """
        output = self._both()
        if output is None or len(output) != 2 * len(mix) or output.shape[2:] != mix.shape[2:]:
            return None
        first, last = output[:, : mix.shape[1]].float().chunk(2)  # behind the guess there may be a learned variance
        # All of diffusers puts the negative prompt first, but Z-Image, which also says both the other way round.
        for conditional, unconditional in ((last, first), (-first, -last)):
            if conditional.shape != mix.shape:
                return None
            off = (unconditional + self._guidance * (conditional - unconditional) - mix.float()).norm()
            if off <= NEAR * mix.float().norm():
                return conditional, unconditional
        return None

    def _blank(self, state):
        """Zeros as the denoiser would answer to a noisy `state`, its first argument: Z-Image's is a list of planes."""
        if isinstance(state, list):
            return [torch.zeros_like(one) for one in state]
        channels = getattr(self._denoiser.config, "out_channels", None)
        if state.ndim != 4 or not channels:  # a row of packed patches
            return torch.zeros_like(state)
        return state.new_zeros(len(state), channels, *state.shape[2:])

    def _both(self) -> torch.Tensor | None:
        """The last output as one tensor; Z-Image's is a list, of planes with a frame axis."""
        output = self._output
        if isinstance(output, list) and output and all(isinstance(one, torch.Tensor) for one in output):
            output = torch.stack(output)
            output = output[:, :, 0] if output.ndim == 5 else output
        return output if isinstance(output, torch.Tensor) else None


def stand_before(pipe, guidance: float, past: Past | None = None, ask: Callable = alone) -> Door | None:
    """Put a Door before the denoiser of `pipe`, a run's own copy; None where it has neither unet nor transformer."""
    for name in DENOISERS:
        denoiser = getattr(pipe, name, None)
        if denoiser is not None:
            door = Door(denoiser, guidance, past, ask)
            vars(pipe)[name] = door  # not setattr, which would write the door's class into the pipeline's config
            return door
    return None


def why_no_guesses(pipe) -> str | None:
    """None if `pipe` mixes a guess with the prompt and one without it, else why not, in one sentence."""
    guided, name = guided_by(pipe), type(pipe).__name__
    if guided == "telling":
        return f"A {name} of this kind is told the guidance as a number and makes one guess, not two to compare."
    if guided is None or not any(getattr(pipe, part, None) is not None for part in DENOISERS):
        return f"A {name} of this kind has no guidance: it makes one guess, not two to compare."
    if name == "QwenImagePipeline":
        return "Qwen-Image mixes two guesses and then sets the mix to the strength of one, so it cannot be taken apart."
    return None
