"""The callable that stands before the denoiser on a run's copy of a pipeline: forwards everything, changes nothing.

It keeps the raw output of the last call, of which the scheduler only ever sees the mix `u + w (c - u)`, c conditional
(with the prompt) and u unconditional (Ho and Salimans 2022, equation 6, with w counted so that 1 is off), and takes
that mix apart again. Knows nothing of schedulers, threads or words.
"""

from __future__ import annotations

import copy

import torch

DENOISERS = ("unet", "transformer")
NEAR = 0.02  # how far off a mix may be, as a share of its norm: half precision rounds no worse


class Door:
    """`denoiser` as its pipeline sees it; `guidance` is the w of this run."""

    def __init__(self, denoiser, guidance: float):
        self._denoiser, self._guidance = denoiser, guidance
        self._output: torch.Tensor | None = None

    def __call__(self, *args, **kwargs):
        """The denoiser's own answer."""
        answer = self._denoiser(*args, **kwargs)
        self._output = answer[0]
        return answer

    def __getattr__(self, name: str):
        if name == "_denoiser":  # not there yet while a copy is made
            raise AttributeError(name)
        return getattr(self._denoiser, name)

    def guesses(self, mix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor] | None:
        """(conditional, unconditional), float32, that `mix` (n, ...), what the scheduler was given, was made from.

        None where it was not made from both in the last output: guidance is off, or the pipeline mixes in another way,
        negates, or drops channels.
        """
        output = self._output
        if not isinstance(output, torch.Tensor) or output.shape != (2 * len(mix), *mix.shape[1:]):
            return None
        unconditional, conditional = output.float().chunk(2)  # all of diffusers puts the negative prompt first
        again = unconditional + self._guidance * (conditional - unconditional)
        off = (again - mix.float()).norm()
        return (conditional, unconditional) if off <= NEAR * mix.float().norm() else None


def stand_before(pipe, guidance: float) -> Door | None:
    """Put a Door before the denoiser of `pipe`, a run's own copy; None where it has neither unet nor transformer."""
    for name in DENOISERS:
        denoiser = getattr(pipe, name, None)
        if denoiser is not None:
            door = Door(denoiser, guidance)
            vars(pipe)[name] = door  # not setattr, which would write the door's class into the pipeline's config
            return door
    return None


def why_no_guesses(pipe) -> str | None:
    """None if `pipe` mixes a guess with the prompt and one without it, else why not, in one sentence."""
    run = copy.copy(pipe)
    run._guidance_scale = 2.0  # during a call this is what the pipeline decides by
    there = any(getattr(pipe, name, None) is not None for name in DENOISERS)
    if there and getattr(run, "do_classifier_free_guidance", False):
        return None
    return f"A {type(pipe).__name__} does not make a guess with the prompt and one without it that could be compared."
