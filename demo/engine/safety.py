"""Whether a finished picture may be shown, by the pipeline's own safety checker, where its folder has one."""

from __future__ import annotations

import numpy as np

from demo.engine.api import Withheld

FLAGGED = (
    "The model's safety checker flagged this picture, so the whole run is withheld; it is wrong at times, and another "
    "prompt or seed may pass."
)


def has_checker(pipe) -> bool:
    """Whether finished pictures of `pipe` are checked."""
    return getattr(pipe, "safety_checker", None) is not None


def must_pass(pipe, image: np.ndarray) -> None:
    """Raises Withheld where the checker of `pipe` flags a picture, uint8 (H, W, 3); without one everything passes."""
    if not has_checker(pipe):
        return
    weight = next(pipe.safety_checker.parameters())
    pixels = image[None].astype(np.float32) / 255  # a copy, which the checker blackens
    _, flagged, *_ = pipe.run_safety_checker(pixels, weight.device, weight.dtype)
    if np.any(flagged):
        raise Withheld(FLAGGED)
