"""A film as an animated WebP or as an MP4 in H.264, which a phone, a browser and a slide play.

Noisy pictures are written coarsely and clean ones finely: nobody sees whether static is exact, and it is what costs.
WebP pictures are Pillow's, put together here after the container's specification
(https://developers.google.com/speed/webp/docs/riff_container): Pillow's own animations lose a picture that equals the
one before it. The MP4 is imageio-ffmpeg's.
"""

from __future__ import annotations

import errno
import io
import json
import math
from collections.abc import Mapping
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import imageio_ffmpeg
import numpy as np
from PIL import Image

from demo.run.films import Film, Tick, unheard
from demo.run.trace import Pixels

COARSE, CLEAN = 40, 92  # WebP quality of pure noise, of a clean picture
CRF = 20  # of x264: 36 dB and more for a clean picture
SLOWEST = 100  # ms that one picture of an MP4 stays at most: a state that stays longer is shown again
DESCRIPTION = 0x010E  # the EXIF tag ImageDescription


def webp(film: Film, recipe: Mapping[str, Any], file: BinaryIO, tick: Tick = unheard) -> None:
    """Write `film`, looping for ever; EXIF's ImageDescription holds `recipe` as JSON."""
    wide, high = film.size
    exif = Image.Exif()
    exif[DESCRIPTION] = json.dumps(recipe)  # ASCII, as EXIF wants it
    chunks = [
        _chunk(b"VP8X", bytes([0b1010, 0, 0, 0]) + _three(wide - 1) + _three(high - 1)),  # EXIF, animation
        _chunk(b"ANIM", bytes([255, 255, 255, 255, 0, 0])),  # white behind it, for ever
    ]
    made: dict[int, bytes] = {}  # frame -> its picture: on the way back it is shown again
    for index, picture, ms in film.pictures(tick):
        if index not in made:
            made[index] = _still(picture, film.noise(index))
        place = bytes(6) + _three(wide - 1) + _three(high - 1) + _three(ms) + b"\2"  # opaque
        chunks.append(_chunk(b"ANMF", place + made[index]))
    chunks.append(_chunk(b"EXIF", exif.tobytes().removeprefix(b"Exif\0\0")))
    body = b"WEBP" + b"".join(chunks)
    file.write(b"RIFF" + len(body).to_bytes(4, "little") + body)


def mp4(film: Film, recipe: Mapping[str, Any], path: Path, tick: Tick = unheard) -> None:
    """Write `film` once through to `path`; the comment holds `recipe` as JSON. Raises OSError where it cannot."""
    delay = min(film.delays)
    again = math.ceil(delay / SLOWEST)
    options = ["-crf", str(CRF), "-preset", "medium", "-threads", "1", "-f", "mp4", "-movflags", "+faststart"]
    options += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709"]
    options += ["-color_primaries", "bt709", "-color_trc", "bt709"]
    options += ["-metadata", f"comment={json.dumps(recipe, ensure_ascii=False)}"]
    writer = imageio_ffmpeg.write_frames(
        str(path),
        film.size,
        fps=Fraction(1000 * again, delay),
        codec="libx264",
        quality=None,
        macro_block_size=2,
        ffmpeg_log_level="fatal",
        output_params=options,
    )
    count = 0
    try:
        with closing(writer):
            writer.send(None)
            for _, picture, ms in film.pictures(tick):
                for _ in range(round(ms / delay * again)):
                    writer.send(np.ascontiguousarray(picture))
                    count += 1
        whole = imageio_ffmpeg.count_frames_and_secs(str(path))[0] == count
    except (OSError, RuntimeError) as error:  # in its own words, with the whole command
        raise OSError(errno.EIO, "the film could not be written whole", str(path)) from error
    if not whole:
        raise OSError(errno.EIO, "the film could not be written whole", str(path))


def _still(picture: Pixels, noise: float) -> bytes:
    """The chunk of one picture without the file around it."""
    data = io.BytesIO()
    quality = round(CLEAN + (COARSE - CLEAN) * noise)
    Image.fromarray(picture).save(data, "WEBP", quality=quality, method=4, use_sharp_yuv=True)
    return data.getvalue()[12:]


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
