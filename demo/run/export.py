"""A run -> files to keep: a film of every step, a picture, a film strip, everything in one ZIP.

Knows pictures and file formats, nothing of models or pages. Each file holds the request that it came from, and appears
under its name when it is complete, or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import os
import secrets
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from demo.run import gif as gifs
from demo.run import video
from demo.run.films import GROUND, INK, Cut, Film, Tick, caption, unheard
from demo.run.trace import BadRequest, Frame, Pixels, Request
from demo.run.values import whole

FILMS = (".gif", ".webp", ".mp4")
TILE = 128  # pixels, the width of a picture on a strip where none is said
STRIP = 12  # pictures in a row of it at most
NOTE = 18  # pixels of the line with the number of each step
EPOCH = (2000, 1, 1, 0, 0, 0)  # the date of everything in a ZIP, so that the same run gives the same file


def film(
    frames: Sequence[Frame], request: Request, path: str | Path, cut: Cut | None = None, tick: Tick = unheard
) -> Path:
    """Write every step as a film, GIF, WebP or MP4 by the end of `path`, which is returned.

    Raises ValueError without frames, BadRequest where the film would be too large, OSError where `path` cannot be
    written, and whatever `tick` raises; then no file is left.
    """
    path = Path(path)
    shown, told = Film(frames, request, cut), recipe(request)
    if path.suffix.lower() == ".mp4":
        return _put(path, lambda part: video.mp4(shown, told, part, tick))
    write = video.webp if path.suffix.lower() == ".webp" else gifs.gif
    return _written(path, lambda file: write(shown, told, file, tick))


def png(frame: Frame, request: Request, path: str | Path, view: str = "state") -> Path:
    """Write a step's state or guess pixel for pixel, or both side by side with a line below, as a PNG.

    The request is in text chunks (UTF-8). Returns `path`. Raises BadRequest where there is no guess, OSError.
    """
    if view != "state" and frame.denoised is None:
        raise BadRequest(f"Step {frame.index} has no guess, so there is nothing to keep of it.")
    if view == "both":
        wide = frame.image.shape[1]
        return _png(Film([frame], request, Cut(size=wide)).shot(0).whole(), request, path, step=frame.index)
    picture = frame.denoised if view == "guess" and frame.denoised is not None else frame.image
    return _png(picture, request, path, step=frame.index)


def strip(frames: Sequence[Frame], request: Request, path: str | Path, cut: Cut | None = None) -> Path:
    """Write every step as one PNG, row by row, each with its number; as `png`."""
    cut = cut or Cut()
    shown = Film(frames, request, Cut(cut.view, size=cut.size or TILE))
    font = ImageFont.load_default(NOTE - 6)
    cells = []
    for index, frame in enumerate(shown.frames):
        tiles = np.concatenate(shown.shot(index).tiles)  # the guess below the state
        note = Image.new("RGB", (tiles.shape[1], NOTE), GROUND)
        ImageDraw.Draw(note).text((tiles.shape[1] // 2, NOTE // 2), str(frame.index), INK, font, anchor="mm")
        cells.append(np.concatenate([tiles, np.asarray(note)]))
    columns = math.ceil(len(cells) / math.ceil(len(cells) / STRIP))
    cells += [np.full_like(cells[0], GROUND)] * (-len(cells) % columns)
    rows = [np.concatenate(cells[at : at + columns], axis=1) for at in range(0, len(cells), columns)]
    line = caption(request, f"{request.steps} steps", rows[0].shape[1])
    return _png(np.concatenate([*rows, line]), request, path)


def archive(
    frames: Sequence[Frame],
    request: Request,
    path: str | Path,
    trace: dict[str, Any],
    record: str | None = None,
    tick: Tick = unheard,
) -> Path:
    """Write a ZIP: every state and every guess as a PNG, pixel for pixel, trace.json, and run.json where `record` is
    the text of the recorded run, which the page opens. Returns `path`. Raises OSError, and whatever `tick` raises."""

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w") as out:
            if record is not None:
                _add(out, "run.json", record.encode(), zipfile.ZIP_DEFLATED)
            _add(out, "trace.json", json.dumps(trace, indent=1).encode(), zipfile.ZIP_DEFLATED)
            for at, (name, picture) in enumerate(_pictures(frames)):
                tick(at / (2 * len(frames)))
                _add(out, name, _png_bytes(picture, request, None), zipfile.ZIP_STORED)

    return _written(Path(path), write)


def picked(step: object, frames: Sequence[Frame]) -> Frame:
    """The frame of a step, the last where none is said. Raises BadRequest."""
    at = len(frames) - 1 if step is None else whole("The step", step, 0, len(frames) - 1)
    return frames[at]


def page(text: str, path: str | Path) -> Path:
    """Write text in UTF-8 to `path`, which is returned. Raises OSError."""
    return _written(Path(path), lambda file: file.write(text.encode()))


def title(request: Request) -> str:
    """A run in a line: what was asked, and how."""
    how = f"seed {request.seed} · {request.steps} steps · guidance {request.guidance:g} · {request.scheduler}"
    return f"{request.prompt} · {how}"


def recipe(request: Request) -> dict[str, Any]:
    """What a file has to say so that its picture can be made again."""
    return {name: value for name, value in request.to_json().items() if value not in ("", None)}


def probe(path: str | Path) -> None:
    """Raise the OSError now that writing `path` would raise later; leaves nothing behind."""
    path = Path(path)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EISDIR, "it exists and is no plain file", str(path))
    part = _part(path)
    part.open("xb").close()
    part.unlink()


def _pictures(frames: Sequence[Frame]) -> Iterator[tuple[str, Pixels]]:
    for frame in frames:
        yield f"state/{frame.index:03}.png", frame.image
        if frame.denoised is not None:
            yield f"guess/{frame.index:03}.png", frame.denoised


def _add(out: zipfile.ZipFile, name: str, data: bytes, how: int) -> None:
    out.writestr(zipfile.ZipInfo(name, EPOCH), data, how)


def _png(picture: Pixels, request: Request, path: str | Path, step: int | None = None) -> Path:
    return _written(Path(path), lambda file: file.write(_png_bytes(picture, request, step)))


def _png_bytes(picture: Pixels, request: Request, step: int | None) -> bytes:
    chunks = PngInfo()
    for key, value in recipe(request).items():
        chunks.add_itxt(key, json.dumps(value) if isinstance(value, dict) else str(value))
    if step is not None:
        chunks.add_itxt("step", str(step))
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "PNG", pnginfo=chunks)
    return data.getvalue()


def _written(path: Path, write: Callable[[BinaryIO], object]) -> Path:
    def into(part: Path) -> None:
        with part.open("xb") as file:
            write(file)

    return _put(path, into)


def _put(path: Path, write: Callable[[Path], object]) -> Path:
    """Write under another name in the same folder, then rename: nobody ever sees half a file."""
    part = _part(path)
    try:
        write(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _part(path: Path) -> Path:
    return path.with_name(f".{secrets.token_hex(8)}.part")
