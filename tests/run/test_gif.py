"""The GIF, read by Pillow, by ffmpeg and by its specification."""

import io
import json

import imageio.v3 as iio
import numpy as np
import pytest
from filmed import PROMPTS, asked, decoded, error, read_back, run_of, still
from PIL import Image

from demo.run import export, gif
from demo.run.films import Cut, Film
from demo.run.trace import Frame, Request

STATE = Cut("state")


def enlarged(image: np.ndarray, width: int = 384) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, width), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(("steps", "view"), [(1, "both"), (2, "state"), (8, "both"), (30, "state"), (100, "state")])
def test_every_state_is_a_frame_and_the_ends_are_held(tmp_path, steps, view):
    path = export.film(run_of(steps, side=32), asked(steps=steps), tmp_path / "a.gif", Cut(view, size=64))
    pictures, delays, info = read_back(path)
    assert len(pictures) == len(delays) == steps + 1
    assert delays[-1] == delays[0] == 1500
    assert info["loop"] == 0


def test_noise_comes_first_and_the_result_last(tmp_path):
    frames = run_of(30)
    pictures, _, _ = read_back(export.film(frames, asked(), tmp_path / "a.gif", STATE))
    assert error(pictures[-1], enlarged(frames[-1].image)) < 4.5
    for at, picture in enumerate(pictures):
        nearest = min(range(31), key=lambda other: error(picture, enlarged(frames[other].image)))
        assert abs(nearest - at) <= 1  # in order; neighbours may look alike once quantised


@pytest.mark.parametrize("loop", ["forward", "back-and-forth"])
def test_both_halves_and_the_line_are_the_films_own(tmp_path, loop):
    film = Film(run_of(12), asked(steps=12), Cut(loop=loop))
    pictures, _, _ = read_back(export.film(run_of(12), asked(steps=12), tmp_path / "a.gif", Cut(loop=loop)))
    assert len(pictures) == len(film.order)
    for picture, index in zip(pictures, film.order, strict=True):
        shot = film.shot(index)
        high = shot.tiles[0].shape[0]
        assert error(picture[:high, -256:], shot.tiles[1]) < 8
        assert error(picture[high:], shot.caption) < 10
    last = pictures[film.order.index(12)]
    assert error(last, film.shot(12).whole()) < 4.5


def test_equal_frames_are_neither_merged_nor_dropped(tmp_path):
    pictures, delays, _ = read_back(export.film(still(5), asked(steps=4), tmp_path / "a.gif"))
    assert len(pictures) == 5 and delays == [1500, 100, 100, 100, 1500]
    assert all(np.array_equal(pictures[0], picture) for picture in pictures)


def test_flat_frames_survive(tmp_path):
    black, white = (np.full((64, 64, 3), level, np.uint8) for level in (0, 255))
    frames = [Frame(i, 1, None, 0.0, 1.0, 0.0, image) for i, image in enumerate((black, white))]
    pictures, _, _ = read_back(export.film(frames, asked(steps=1), tmp_path / "a.gif"))
    assert pictures[0].max() == 0 and pictures[1].min() == 255


def test_one_global_palette_and_no_transparency(tmp_path):
    data = export.film(run_of(8), asked(steps=8), tmp_path / "a.gif", STATE).read_bytes()
    assert data[:6] == b"GIF89a" and data[10] & 0x80
    for local_table, transparent, box in image_blocks(data):
        assert not local_table and not transparent
        assert box == (0, 0, 384, 384)


def image_blocks(data: bytes):
    """Walk a GIF by its specification: (local colour table?, transparent?, (left, top, width, height)) per image."""
    at, transparent = 13 + 3 * (2 << (data[10] & 7)), False
    while data[at] != 0x3B:
        if data[at] == 0x21:
            if data[at + 1] == 0xF9:
                transparent = bool(data[at + 3] & 1)
            at += 2
        else:
            assert data[at] == 0x2C
            box = tuple(np.frombuffer(data, "<u2", 4, at + 1).tolist())
            yield bool(data[at + 9] & 0x80), transparent, box
            at += 11
        while data[at]:
            at += data[at] + 1
        at += 1
    assert at == len(data) - 1


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_comment_repeats_the_request(tmp_path, prompt):
    request = Request(prompt, 2**32 - 1, 2, 7.5, "dpm++2m")
    _, _, info = read_back(export.film(run_of(2, side=32), request, tmp_path / "a.gif"))
    told = json.loads(info["comment"].decode("utf-8"))
    assert told == {"prompt": prompt, "seed": 2**32 - 1, "steps": 2, "guidance": 7.5, "scheduler": "dpm++2m"}


def test_other_decoders_see_the_same(tmp_path):
    """ffmpeg shares no code with Pillow."""
    path = export.film(run_of(30), asked(), tmp_path / "a.gif", STATE)
    ours, theirs = read_back(path)[0], decoded(path)
    assert len(ours) == len(theirs) == 31
    assert all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_half_the_bytes_of_pillow_and_a_better_last_picture(tmp_path):
    frames = run_of(30)
    path = export.film(frames, asked(), tmp_path / "a.gif", STATE)
    same = [Image.fromarray(enlarged(frame.image)) for frame in frames]
    plain = io.BytesIO()
    same[0].save(plain, "GIF", save_all=True, append_images=same[1:], duration=100, loop=0)
    assert path.stat().st_size <= len(plain.getvalue()) / 2
    ours, theirs = (gif._afar(read_back(one)[0][-1]) for one in (path, plain))  # dithered: seen from afar
    wanted = gif._afar(np.asarray(same[-1]))
    assert error(ours, wanted) <= error(theirs, wanted)


def test_a_sky_has_no_bands():
    """A gradient of more shades than a palette has: seen from afar nothing is left of the steps between its colours."""
    y, x = np.mgrid[0:256, 0:256] / 255
    sky = np.uint8(np.stack([40 + 150 * y, 90 + 120 * y + 30 * x, 190 + 60 * y], axis=-1))
    frames = [Frame(at, 1, None, 1.0, 0.0, 0.0, sky) for at in range(2)]
    film = Film(frames, asked(), Cut("state", size=256))
    palette = gif._palette(film)
    shown = gif._rgb(palette.last[0], palette.colours)
    assert gif.psnr(shown, sky) > 35 and gif.psnr(gif._afar(shown), gif._afar(sky)) > 42


def test_the_same_run_gives_the_same_file(tmp_path):
    one, two = (export.film(run_of(3), asked(), tmp_path / name).read_bytes() for name in ("a.gif", "b.gif"))
    assert one == two


def test_imageio_cannot_keep_frames_that_are_equal(tmp_path):
    """Why the GIF is put together here: imageio's writer is Pillow's `save`, which makes one frame of equal ones."""
    pictures = np.repeat(np.array([0, 200], np.uint8), 4)[:, None, None, None] * np.ones((1, 32, 32, 3), np.uint8)
    iio.imwrite(tmp_path / "its.gif", pictures, plugin="pillow", duration=100, loop=0)
    iio.imwrite(tmp_path / "its.webp", pictures, plugin="pillow", duration=100, loop=0)
    frames = [Frame(i, 7, None, 1 - i / 7, i / 7, 0.0, picture) for i, picture in enumerate(pictures)]
    for name, count in (("its.gif", 2), ("its.webp", 2), ("ours.gif", 8), ("ours.webp", 8)):
        if name.startswith("ours"):
            export.film(frames, Request("a cat", 7, 7), tmp_path / name)
        with Image.open(tmp_path / name) as file:
            assert file.n_frames == count
