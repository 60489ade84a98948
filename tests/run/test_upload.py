"""What people send as a picture: every odd mode comes out as plain colours, and whatever is none as one sentence."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from demo.run import upload
from demo.run.trace import BadRequest
from demo.run.upload import picture_of

RED, BLUE = (220, 40, 30), (30, 60, 200)


def halves(mode="RGB", size=(40, 24), left=RED, right=BLUE) -> Image.Image:
    """Left one colour, right another."""
    image = Image.new("RGB", size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image.convert(mode)


def uri(data, kind="png", **how) -> str:
    if isinstance(data, Image.Image):
        buffer = io.BytesIO()
        data.save(buffer, kind, **how)
        data = buffer.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def png(width: int, height: int, bits: int = 8, rows: bytes = b"") -> bytes:
    """One that says that it is this large, and holds these rows, be they fewer."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def sides(pixels):
    return pixels[12, 4].astype(int), pixels[12, -5].astype(int)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_each_format_is_read(kind):
    pixels = picture_of(uri(halves(), kind, **({"quality": 95} if kind in ("jpeg", "webp") else {})))
    assert pixels.shape == (24, 40, 3) and pixels.dtype == np.uint8
    assert np.abs(np.array(sides(pixels)) - [RED, BLUE]).max() < 30


@pytest.mark.parametrize("mode", ["P", "L", "LA", "1", "RGBA"])
def test_each_mode_of_png_is_pillows_own_in_colours(mode):
    image = halves(mode)
    assert np.abs(picture_of(uri(image)).astype(int) - np.asarray(image.convert("RGB"))).max() <= 1


def test_cmyk_is_turned_into_light():
    pixels = picture_of(uri(halves("CMYK"), "jpeg", quality=95))
    assert np.abs(np.array(sides(pixels)) - [RED, BLUE]).max() < 30


def test_sixteen_bits_are_scaled_and_not_cut_off():
    ramp = np.tile(np.linspace(0, 65535, 32).astype(np.uint16), (16, 1))
    pixels = picture_of(uri(Image.fromarray(ramp)))
    assert np.abs(pixels[8, :, 0].astype(float) - ramp[8] / 257).max() <= 1


def test_sixteen_bits_of_colour_are_read():
    rows = np.zeros((16, 16, 3), ">u2")
    rows[:, :8, 0], rows[:, 8:, 2] = 0xFFFF, 0x8000
    pixels = picture_of(uri(png(16, 16, 16, b"".join(b"\0" + row.tobytes() for row in rows))))
    assert pixels[0, 0].tolist() == [255, 0, 0] and pixels[0, 15].tolist() == [0, 0, 128]


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_of_an_animation_the_first_frame_is_taken(kind):
    film = {"save_all": True, "append_images": [Image.new("RGB", (40, 24), "green")], "duration": 100}
    pixels = picture_of(uri(halves(), kind, **film))
    assert np.abs(np.array(sides(pixels)) - [RED, BLUE]).max() < 40


def test_what_is_transparent_lies_on_white():
    image = halves("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 20, 24))
    assert sides(picture_of(uri(image)))[0].tolist() == [255, 255, 255]
    palette = halves("P")
    assert sides(picture_of(uri(palette, transparency=palette.getpixel((4, 12)))))[0].tolist() == [255, 255, 255]


def test_a_picture_that_lies_on_its_side_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    pixels = picture_of(uri(halves(), "jpeg", exif=exif, quality=95))
    assert pixels.shape == (40, 24, 3)
    assert np.abs(pixels[4, 12].astype(int) - RED).max() < 30


def test_a_colour_profile_does_no_harm():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert picture_of(uri(halves(), icc_profile=profile)).shape == (24, 40, 3)


def test_what_is_too_large_is_refused_before_a_pixel_is_decoded(monkeypatch):
    monkeypatch.setattr(upload, "_plain", lambda image: pytest.fail("it was decoded"))
    for data in (png(60_000, 60_000), png(2001, 2000)):
        with pytest.raises(BadRequest, match="too large"):
            picture_of(uri(data))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "no picture in what was sent"),
        ("", "no picture in what was sent"),
        (7, "no picture in what was sent"),
        (["x"], "no picture in what was sent"),
        ("x" * (upload.LONGEST + 1), "too large to send"),
        ("no uri", "no picture that can be read"),
        ("data:image/png;base64,", "no picture that can be read"),
        ("data:image/png;base64,abc", "no picture that can be read"),
        ("data:text/html;base64,AAAA", "no picture that can be read"),
        (uri(b"GIF89a" + bytes(40)), "no picture that can be read"),
        (uri(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "no picture that can be read"),
        (uri(halves(), "tiff"), "no picture that can be read"),
        (uri(halves(), "bmp"), "no picture that can be read"),
        (uri(halves())[:-60], "no picture that can be read"),
        (uri(halves(size=(40, 4))), "too small"),
        (uri(Image.new("RGB", (32, 32), "white")), "one colour all over"),
        (uri(Image.new("RGBA", (32, 32), (9, 9, 9, 0))), "one colour all over"),
    ],
)
def test_what_is_no_picture_is_one_sentence(given, said):
    with pytest.raises(BadRequest, match=said) as refused:
        picture_of(given)
    assert str(refused.value).endswith(".") and len(str(refused.value)) < 200
