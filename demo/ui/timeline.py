"""A Frame, and everything else that can happen in a run, as the messages that the page understands.

Each message is one JSON string with a `kind`; a string is replaced whole on its way through Gradio, never patched.
Pictures travel as data URIs: JPEG without chroma subsampling, which keeps noise noisy, and PNG for the first and the
last state, which are exact. Nothing here knows the engine or Gradio.
"""

from __future__ import annotations

import base64
import io
import json

import numpy as np
from PIL import Image

from demo.trace import Frame, Request

QUALITY = 92


def begin(key: str, request: Request, model: str, unknown: list[str] | None) -> str:
    """What is about to run, with the seed that was drawn; `unknown` words, None where the model has no word list."""
    return _message(
        "begin",
        run=key,
        total=request.steps,
        prompt=request.prompt,
        seed=request.seed,
        guidance=request.guidance,
        scheduler=request.scheduler,
        model=model,
        unknown=unknown,
    )


def waiting(key: str, ahead: int) -> str:
    """`ahead` runs of other visitors come first."""
    return _message("waiting", run=key, ahead=ahead)


def frame(key: str, shown: Frame) -> str:
    """One state with its pictures; `seq` counts from 0, the noise, to `total`, the result."""
    exact = shown.index in (0, shown.total)
    return _message(
        "frame",
        run=key,
        seq=shown.index,
        total=shown.total,
        timestep=shown.timestep,
        alpha=shown.alpha,
        sigma=shown.sigma,
        noise_left=shown.noise_left,
        seconds=round(shown.seconds, 4),
        sha256=shown.sha256,
        height=shown.image.shape[0],
        width=shown.image.shape[1],
        gain=shown.gain,
        state=picture(shown.image, exact),
        guess=None if shown.denoised is None else picture(shown.denoised, exact),
        change=None if shown.change is None else picture(shown.change),
    )


def packing(key: str) -> str:
    """The last state is drawn; the GIF is being made."""
    return _message("packing", run=key)


def done(key: str, count: int, gif: str | None, gif_bytes: int, stopped: bool) -> str:
    """The end of a run: how many frames were sent, and where the GIF is (None where nothing was drawn)."""
    return _message("done", run=key, count=count, gif=gif, gif_bytes=gif_bytes, stopped=stopped)


def trouble(sentence: str, key: str | None = None, count: int = 0) -> str:
    """The run could not start, or broke after `count` frames; `sentence` is for the visitor."""
    return _message("trouble", run=key, sentence=sentence, count=count)


def picture(pixels: np.ndarray, exact: bool = False) -> str:
    """uint8 sRGB (H, W, 3) -> data URI: PNG if `exact`, else JPEG 4:4:4."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if exact:
        image.save(buffer, "PNG", compress_level=3)
    else:
        image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    kind = "png" if exact else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _message(kind: str, **fields) -> str:
    return json.dumps({"kind": kind, **fields}, allow_nan=False)
