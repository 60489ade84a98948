"""Frames -> files: a GIF of every step and a PNG of one picture, each with the request it came from inside.

Knows pixels and file formats, nothing of models or pages. A file appears under its name when it is complete, or not at
all. Noise is what a GIF pays for, and in 256 colours it costs about twice as much as in a few. So there is one global
palette of which noisy states use only the beginning and cleaner ones more; all of it serves the last states, which
people look at for two seconds.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import GifImagePlugin, Image
from PIL.PngImagePlugin import PngInfo

from demo.run.trace import Frame, Pixels, Request

WIDTH, WIDEST = 384, 512  # pixels: narrower pictures are enlarged to the first, wider ones reduced to the second
FPS = 10  # states a second
LONGEST = 6000  # ms: longer runs play faster instead
HOLD = 2000  # ms that the last state stays
COLOURS = 256
TIERS = ((24, 0.5), (48, 0.366), (72, 0.1695))  # colours for states with more than this noise left


def gif(frames: Sequence[Frame], request: Request, path: str | Path, width: int = WIDTH, fps: float = FPS) -> Path:
    """Write every frame in order, the last one held two seconds, looping for ever; returns `path`.

    The comment holds the request as JSON in UTF-8. Raises ValueError without frames, OSError where `path` cannot be
    written; then no file is left.
    """
    if not frames:
        raise ValueError("a GIF needs at least one frame")
    palettes = _palettes(frames)
    pictures = [_indexed(frame.image, width, palette) for frame, palette in zip(frames, palettes, strict=True)]
    for picture in pictures:
        picture.putpalette(_colours(palettes[-1]))
    comment = json.dumps(recipe(request), ensure_ascii=False).encode()
    return _put(path, _encoded(pictures, durations(len(frames), fps), comment))


def png(frame: Frame, request: Request, path: str | Path) -> Path:
    """Write `frame.image`, pixel for pixel, with the request in text chunks (UTF-8); returns `path`. Raises OSError."""
    chunks = PngInfo()
    for key, value in recipe(request).items():
        chunks.add_itxt(key, str(value))
    data = io.BytesIO()
    Image.fromarray(frame.image).save(data, "PNG", pnginfo=chunks)
    return _put(path, data.getvalue())


def recipe(request: Request) -> dict[str, str | int | float]:
    """What a file has to say so that its picture can be made again."""
    always = {
        "prompt": request.prompt,
        "seed": request.seed,
        "steps": request.steps,
        "guidance": request.guidance,
        "scheduler": request.scheduler,
    }
    more = {"negative_prompt": request.negative_prompt, "width": request.width, "height": request.height}
    return always | {name: value for name, value in more.items() if value}


def durations(count: int, fps: float = FPS) -> list[int]:
    """Milliseconds per frame: multiples of 10, at least 20 (browsers slow 10 down to 100), the last one HOLD."""
    moving = max(count - 1, 1)
    delay = max(20, round(min(1000 / fps, LONGEST / moving) / 10) * 10)
    return [delay] * (count - 1) + [HOLD]


def probe(path: str | Path) -> None:
    """Raise the OSError now that writing `path` would raise later; leaves nothing behind."""
    path = Path(path)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EISDIR, "it exists and is no plain file", str(path))
    part = _part(path)
    part.open("xb").close()
    part.unlink()


def _palettes(frames: Sequence[Frame]) -> list[Image.Image]:
    """A palette for each frame; every one is the beginning of the last frame's, which is the whole."""
    palettes: list[Image.Image | None] = [None] * len(frames)
    colours: list[int] = []
    most = float("inf")
    for size, least in TIERS:
        here = [at for at, frame in enumerate(frames[:-1]) if least < frame.noise_left <= most]
        most = least
        if here:
            colours = colours + _noise_colours([frames[at].image for at in here], size - len(colours) // 3)
        for at in here:
            palettes[at] = _palette(colours)
    result = Image.fromarray(frames[-1].image).quantize(COLOURS - len(colours) // 3, Image.Quantize.MEDIANCUT)
    whole = _palette(colours + _colours(result))
    return [palette or whole for palette in palettes]


def _noise_colours(images: list[Pixels], count: int) -> list[int]:
    """At most `count` colours, as R, G, B, R ..., for noisy pictures; a thousand pixels of four of them say enough."""
    stride = max(1, images[0].shape[1] // 32)
    some = [images[round(share * (len(images) - 1))][::stride, ::stride] for share in (0, 1 / 3, 2 / 3, 1)]
    # Median cut alone averages the noise into greys; k-means brings its colours back.
    return _colours(Image.fromarray(np.concatenate(some)).quantize(count, Image.Quantize.MEDIANCUT, kmeans=1))


def _colours(picture: Image.Image) -> list[int]:
    """The palette of a picture that has one, as R, G, B, R ..."""
    return picture.getpalette() or []


def _palette(colours: list[int]) -> Image.Image:
    holder = Image.new("P", (1, 1))
    holder.putpalette(colours)
    return holder


def _indexed(image: Pixels, width: int, palette: Image.Image) -> Image.Image:
    """uint8 (H, W, 3) -> palette indices at the width of the GIF.

    Enlarged before it is quantised: the other way round saves a seventh of the bytes and shows blocks, not curves.
    """
    high, wide = image.shape[:2]
    to = min(max(wide, width), max(width, WIDEST))
    picture = Image.fromarray(image)
    if to != wide:
        picture = picture.resize((to, max(1, round(high * to / wide))), Image.Resampling.BICUBIC)
    return picture.quantize(palette=palette, dither=Image.Dither.NONE)


def _encoded(pictures: list[Image.Image], delays: list[int], comment: bytes) -> bytes:
    """A GIF file from pictures that share a palette.

    Put together from Pillow's own blocks: `Image.save`, which imageio calls too, would drop a frame that equals the one
    before it, and write the palette again for every frame.
    """
    header, _ = GifImagePlugin.getheader(pictures[0], info={"loop": 0, "duration": delays[0], "comment": comment})
    blocks = [block for picture, ms in zip(pictures, delays, strict=True) for block in _image(picture, ms)]
    return b"".join([*header, *blocks, b";"])


def _image(picture: Image.Image, ms: int) -> list[bytes]:
    return GifImagePlugin.getdata(picture, duration=ms)


def _put(path: str | Path, data: bytes) -> Path:
    """Write under another name in the same folder, then rename: nobody ever sees half a file."""
    path = Path(path)
    part = _part(path)
    try:
        with part.open("xb") as file:
            file.write(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _part(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.part")
