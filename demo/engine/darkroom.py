"""Develops the Steps of a run into Frames: states and guesses by the run's decoder, the result by the model's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from demo.engine.decoders import Decoder
from demo.run.trace import Frame, Step, difference


class Darkroom:
    """For one run, whose Steps come in order; `exact` is the model's own decoder, `decoder` the one to watch by."""

    def __init__(self, exact: Decoder, decoder: Decoder):
        self._exact, self._decoder = exact, decoder
        self._before: np.ndarray | None = None

    def develop(self, step: Step) -> Frame:
        """Both pictures in one batch; those of the result one by one, as the pipeline itself decodes it."""
        last, quick = step.index == step.total, self._decoder.kind != "exact"
        state, guess = self._both(step, apart=last)
        changed, gain = (None, 1.0) if self._before is None else difference(state, self._before)
        self._before = state
        return Frame(
            index=step.index,
            total=step.total,
            timestep=step.timestep,
            alpha=step.alpha,
            sigma=step.sigma,
            seconds=step.seconds,
            image=self._shown(self._exact, step, [step.latents])[0] if last and quick else state,
            denoised=guess,
            change=changed,
            gain=gain,
            step=step,
            decoder=self._decoder.kind,
            preview=state if last and quick else None,
        )

    def again(self, frame: Frame, step: Step) -> Frame:
        """A frame that was developed in another run, as that of `step` in this one."""
        self._before = frame.comparable
        return replace(frame, seconds=step.seconds, step=step)

    def _both(self, step: Step, apart: bool) -> tuple[np.ndarray, np.ndarray | None]:
        planes = [step.latents] if step.denoised is None else [step.latents, step.denoised]
        batches = [[plane] for plane in planes] if apart else [planes]
        pictures = [picture for batch in batches for picture in self._shown(self._decoder, step, batch)]
        return pictures[0], pictures[1] if len(pictures) > 1 else None

    def _shown(self, decoder: Decoder, step: Step, planes: list) -> list[np.ndarray]:
        return decoder.show(torch.from_numpy(np.stack(planes)), f"step {step.index} of {step.total}")
