"""A picture that a browser sends as text, a data URI: read, turned as it was meant, and made plain, or refused.

Whatever it says of itself is checked before its pixels are decoded. Nothing is kept and nothing is written.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import warnings
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from demo.run.trace import BadRequest, Pixels

LONGEST = 60_000  # letters of a data URI; a page makes its pictures small before it sends them
MOST_PIXELS = 4_000_000
SMALLEST = 8  # pixels, the shorter side
FLAT = 2  # levels; what differs by less all over is nothing drawn
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
URI = re.compile(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)")
NO_PICTURE = "This is no picture that can be read: it must be a PNG, a JPEG, a WebP or a GIF, and whole."


def picture_of(uri: object) -> Pixels:
    """The picture in a data URI, uint8 sRGB (H, W, 3): the first frame, upright, on white where it is transparent.

    Raises BadRequest in one sentence.
    """
    if not isinstance(uri, str) or not uri:
        raise BadRequest("There is no picture in what was sent.")
    if len(uri) > LONGEST:
        raise BadRequest(f"The picture is too large to send: at most {LONGEST * 3 // 4000} kB are read.")
    met = URI.fullmatch(uri)
    try:
        data = base64.b64decode(met[1], validate=True) if met else b""
    except binascii.Error:
        data = b""
    pixels = _decoded(data)
    if np.ptp(pixels.reshape(-1, 3), axis=0).max() <= FLAT:
        raise BadRequest("This picture is one colour all over, so there is nothing to drown: draw something first.")
    return pixels


def _decoded(data: bytes) -> Pixels:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a bomb, which is refused here by its size
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                _must_be_of_a_size(*opened.size)
                return np.asarray(_plain(ImageOps.exif_transpose(opened)))
    except BadRequest:
        raise
    except Image.DecompressionBombError as error:
        raise BadRequest(f"This picture is too large: at most {MOST_PIXELS:,} pixels are read.") from error
    except Exception as error:  # Pillow's decoders each have their own ways to fail
        raise BadRequest(NO_PICTURE) from error


def _must_be_of_a_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise BadRequest(f"{width} x {height} is too large a picture: at most {MOST_PIXELS:,} pixels are read.")
    if min(width, height) < SMALLEST:
        raise BadRequest(f"{width} x {height} is too small a picture: each side needs {SMALLEST} pixels.")


def _plain(image: Image.Image) -> Image.Image:
    """RGB, on white. Sixteen bits are scaled to eight, which Pillow would cut off instead."""
    if image.mode.startswith(("I", "F")):
        levels: Any = np.asarray(image, np.float64)
        image = Image.fromarray(np.clip(np.round(levels / 257), 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "P") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image).convert("RGB")
    return image.convert("RGB")
