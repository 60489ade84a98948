"""A Frame, and everything else that can happen in a run, as the messages that the page understands.

Each message is one JSON string with a `kind`; a string is replaced whole on its way through Gradio, never patched.
Pictures travel as data URIs: JPEG without chroma subsampling, which keeps noise noisy, and PNG for the first and the
last state, which are exact. Nothing here knows the engine or Gradio.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence

import numpy as np
from PIL import Image

from demo.run import explain, measure, packed
from demo.run.trace import Frame, Request, Step

QUALITY = 92


def begin(key: str, request: Request, model: str, unknown: list[str] | None, tokens: list[dict] | None = None) -> str:
    """What is about to run, with the seed that was drawn.

    `unknown` words, None where the model has no word list; `tokens` as in numbers.py, None where it cannot show them.
    """
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
        tokens=tokens,
    )


def waiting(key: str, ahead: int) -> str:
    """`ahead` runs of other visitors come first."""
    return _message("waiting", run=key, ahead=ahead)


def frame(key: str, shown: Frame, before: Frame | None = None, tokens: int | None = None) -> str:
    """One state with its pictures and its insides; `index` counts from 0, the noise, to `total`, the result.

    `before` is the frame that came before it; of the word maps, those of the first `tokens` tokens are sent.
    """
    exact = shown.index in (0, shown.total)
    return _message(
        "frame",
        run=key,
        index=shown.index,
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
        changed=None if before is None else round(measure.change(before.image, shown.image).levels, 3),
        sentence=explain.sentence(shown, before),
        **_inside(shown.step, tokens),
    )


def packing(key: str) -> str:
    """The last state is drawn; the GIF is being made."""
    return _message("packing", run=key)


def done(
    key: str, frames: Sequence[Frame], gif: str | None, gif_bytes: int, note: str | None = None, *, stopped: bool
) -> str:
    """The end of a run: how many frames were sent, where the GIF is (None where there is none, and `note` may say why),
    and what can only be said at the end: the curves, the point of no return, each step's sentence with how settled it
    was."""
    curves = measure.curves(frames)
    return _message(
        "done",
        run=key,
        count=len(frames),
        gif=gif,
        gif_bytes=gif_bytes,
        stopped=stopped,
        note=note,
        curves={
            "noise": curves["noise_left"],
            "change": curves["change"],
            "coarse": curves["coarse"],
            "fine": curves["fine"],
        },
        point=curves["point"],
        sentences=_sentences(frames),
    )


def trouble(sentence: str, key: str | None = None, count: int = 0, field: str | None = None) -> str:
    """The run could not start, for what `field` holds, or broke after `count` frames; `sentence` is for the visitor."""
    return _message("trouble", run=key, sentence=sentence, count=count, field=field)


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


def _inside(step: Step | None, tokens: int | None) -> dict:
    """What a panel shows of a step besides its pictures; None where it was not recorded or is too large to send."""
    if step is None:
        return {"channels": None, "word_maps": None, "conditional": None, "unconditional": None}
    return {
        "channels": packed.channels(step.latents),
        "word_maps": packed.word_maps(step.word_maps, tokens),
        **packed.guesses(step),
    }


def _sentences(frames: Sequence[Frame]) -> list[str]:
    settled = measure.settled(frames) or [None] * len(frames)
    return [explain.sentence(*told) for told in zip(frames, [None, *frames], settled, strict=False)]


def _message(kind: str, **fields) -> str:
    return json.dumps({"kind": kind, **fields}, allow_nan=False)
