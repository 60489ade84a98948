"""A Frame, and everything else that can happen in a run, as the messages that a page understands: schema 1.

A message is one JSON object in one string. All of them carry `schema`, `kind`, the key of their `run` and their
`number`, which counts the messages of a run 0, 1, 2, ... without a gap, so that no two are ever equal and a missing one
is seen. What may stand in them is said in records.py.
Pictures travel as data URIs: JPEG without chroma subsampling, which keeps noise noisy, and PNG for the first and the
last state, which are exact. Nothing here knows the engine or Gradio.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from demo.run import explain, measure, packed
from demo.run.numbers import Told
from demo.run.packed import Channels, Floats, WordMaps
from demo.run.records import SCHEMA, Begin, Curves, Done, Drawn, Left, Shown, Trouble, Waiting
from demo.run.trace import Frame, Pixels, Request, Step

QUALITY = 92


def begin(
    key: str,
    number: int,
    request: Request,
    model: str,
    unknown: Sequence[str] | None = None,
    tokens: list[Told] | None = None,
    parent: str | None = None,
) -> str:
    """The first message of a run that will be drawn; `parent` is the key of the run that a branch leaves."""
    begun = Begin(
        schema=SCHEMA,
        kind="begin",
        run=key,
        number=number,
        total=request.steps,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        seed=request.seed,
        guidance=request.guidance,
        scheduler=request.scheduler,
        model=model,
        unknown=None if unknown is None else list(unknown),
        tokens=tokens,
    )
    if request.parent is not None:
        begun["branch"] = _left(request, request.parent, parent)
    return _message(begun)


def waiting(key: str, number: int, ahead: int, seconds: float | None = None) -> str:
    """`ahead` runs of other visitors end first, in about so many `seconds`; None while nobody knows."""
    return _message(Waiting(schema=SCHEMA, kind="waiting", run=key, number=number, ahead=ahead, seconds=seconds))


def frame(key: str, number: int, shown: Frame, before: Frame | None = None, tokens: int | None = None) -> str:
    """One state. `before` is the frame before it; of the word maps, those of the first `tokens` tokens are sent."""
    exact = shown.index in (0, shown.total)
    channels, word_maps, conditional, unconditional = _inside(shown.step, tokens)
    told = Shown(
        schema=SCHEMA,
        kind="frame",
        run=key,
        number=number,
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
        decoder=shown.decoder,
        state=picture(shown.image, exact),
        guess=None if shown.denoised is None else picture(shown.denoised, exact),
        change=None if shown.change is None else picture(shown.change),
        changed=None if before is None else round(measure.change(before.image, shown.comparable).levels, 3),
        sentence=explain.sentence(shown, before),
        channels=channels,
        word_maps=word_maps,
        conditional=conditional,
        unconditional=unconditional,
    )
    if shown.step is not None and shown.step.company > 1:
        told["company"] = shown.step.company
    return _message(told)


def drawn(key: str, number: int, count: int, *, stopped: bool) -> str:
    """`count` states were drawn and none follows; sent as soon as that is so."""
    return _message(Drawn(schema=SCHEMA, kind="drawn", run=key, number=number, count=count, stopped=stopped))


def done(
    key: str,
    number: int,
    frames: Sequence[Frame],
    gif: str | None = None,
    gif_bytes: int = 0,
    note: str | None = None,
    *,
    stopped: bool,
) -> str:
    """The end of a run, from all its frames."""
    curves = measure.curves(frames)
    told = Curves(
        noise_left=curves.noise_left, change=curves.change, layout=curves.layout or None, detail=curves.detail or None
    )
    return _message(
        Done(
            schema=SCHEMA,
            kind="done",
            run=key,
            number=number,
            count=len(frames),
            stopped=stopped,
            gif=gif,
            gif_bytes=gif_bytes,
            note=note,
            curves=told,
            point=curves.point,
            sentences=explain.sentences(frames, curves),
        )
    )


def trouble(key: str | None, number: int, sentence: str, *, field: str | None = None, count: int = 0) -> str:
    """The last message of a run that could not start or that broke."""
    return _message(
        Trouble(schema=SCHEMA, kind="trouble", run=key, number=number, sentence=sentence, field=field, count=count)
    )


def picture(pixels: Pixels, exact: bool = False) -> str:
    """uint8 sRGB (H, W, 3) -> data URI: PNG if `exact`, else JPEG 4:4:4."""
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    if exact:
        image.save(buffer, "PNG", compress_level=3)
    else:
        image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    kind = "png" if exact else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _left(request: Request, parent: Request, key: str | None) -> Left:
    left = Left(
        run=key,
        at=request.at,
        fresh=request.fresh,
        prompt=parent.prompt,
        negative_prompt=parent.negative_prompt,
        guidance=parent.guidance,
    )
    if parent.parent is not None:
        left["branch"] = _left(parent, parent.parent, None)
    return left


def _inside(
    step: Step | None, tokens: int | None
) -> tuple[Channels | None, WordMaps | None, Floats | None, Floats | None]:
    """What a panel shows of a step besides its pictures; None where it was not recorded or is too large to send."""
    if step is None:
        return None, None, None, None
    return packed.channels(step.latents), packed.word_maps(step.word_maps, tokens), *packed.guesses(step)


def _message(told: Mapping[str, Any]) -> str:
    return json.dumps(told, allow_nan=False)
