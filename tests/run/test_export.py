"""Files are read back with other eyes than those that wrote them: Pillow's decoder, ffprobe where installed, numpy."""

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from demo.run import export
from demo.run.trace import Frame, Request

PROMPTS = [
    "a blue cat",
    "un été à Paris, ñandú",
    "狐がスケートボードに乗る",
    "नीली बिल्ली",
    "قطة زرقاء",
    "🦊🛹 👩‍🚀 e\u0301",
    "\"quotes\" 'and' <script>alert(1)</script> ${x} {{y}} \\ % \n",
    "🐈" * 500,
]


def run_of(steps: int, side: int = 128, high: int | None = None) -> list[Frame]:
    """Noise that clears, as a cosine, into a disc before a gradient: flat colour, soft edge and many shades."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0 : high or side, 0:side] / side - 0.5
    sky = np.stack([0.9 - x, 0.4 + 0 * x, 0.5 + y], axis=-1) - 0.5
    picture = np.where(np.hypot(x, y)[..., None] < 0.3, [0.4, -0.4, 0.3], sky)
    noise = rng.normal(0, 0.4, picture.shape)
    frames = []
    for index in range(steps + 1):
        sigma = float(np.cos(index / steps * np.pi / 2))
        alpha = float(np.sqrt(1 - sigma**2))
        mixed = alpha * picture + sigma * (noise + rng.normal(0, 0.05, picture.shape))
        image = np.uint8(np.clip(mixed + 0.5, 0, 1) * 255)
        frames.append(Frame(index, steps, None if index == 0 else 10.0, alpha, sigma, 0.1 * index, image))
    return frames


def asked(prompt: str = "a disc", steps: int = 30) -> Request:
    return Request(prompt, 7, steps)


def read_back(path) -> tuple[list[np.ndarray], list[int], dict]:
    """Pillow's own decoder: uint8 RGB frames, milliseconds of each, the first frame's info."""
    with Image.open(path) as file:
        info, pictures, delays = dict(file.info), [], []
        for at in range(file.n_frames):
            file.seek(at)
            pictures.append(np.asarray(file.convert("RGB")))
            delays.append(file.info["duration"])
    return pictures, delays, info


def error(a: np.ndarray, b: np.ndarray) -> float:
    """Root mean square difference in levels of 255."""
    return float(np.sqrt(np.mean((a.astype(float) - b) ** 2)))


def enlarged(image: np.ndarray, width: int = export.WIDTH) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((width, width), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("steps", [1, 2, 8, 30, 100])
def test_every_state_is_a_frame_and_the_last_is_held(tmp_path, steps):
    pictures, delays, info = read_back(export.gif(run_of(steps, side=32), asked(steps=steps), tmp_path / "a.gif"))
    assert len(pictures) == len(delays) == steps + 1
    assert delays[-1] == 2000
    assert len(set(delays[:-1])) == 1 and delays[0] % 10 == 0 and delays[0] > 10
    assert sum(delays[:-1]) <= export.LONGEST
    assert info["loop"] == 0


def test_noise_comes_first_and_the_result_last(tmp_path):
    frames = run_of(30)
    pictures, _, _ = read_back(export.gif(frames, asked(), tmp_path / "a.gif"))
    assert error(pictures[-1], enlarged(frames[-1].image)) < 4  # the picture that people look at: 36 dB or better
    for at, picture in enumerate(pictures):
        nearest = min(range(31), key=lambda other: error(picture, enlarged(frames[other].image)))
        assert abs(nearest - at) <= 1  # in order; neighbours may look alike once quantised


def test_equal_frames_are_neither_merged_nor_dropped(tmp_path):
    still = run_of(4)[-1]
    pictures, delays, _ = read_back(export.gif([still] * 5, asked(steps=4), tmp_path / "a.gif"))
    assert len(pictures) == 5 and delays == [100, 100, 100, 100, 2000]
    assert all(np.array_equal(pictures[0], picture) for picture in pictures)


def test_flat_frames_survive(tmp_path):
    black, white = (np.full((64, 64, 3), level, np.uint8) for level in (0, 255))
    frames = [Frame(i, 1, None, 0.0, 1.0, 0.0, image) for i, image in enumerate((black, white))]
    pictures, _, _ = read_back(export.gif(frames, asked(steps=1), tmp_path / "a.gif"))
    assert pictures[0].max() == 0 and pictures[1].min() == 255


def test_one_global_palette_and_no_transparency(tmp_path):
    data = export.gif(run_of(8), asked(steps=8), tmp_path / "a.gif").read_bytes()
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
    _, _, info = read_back(export.gif(run_of(2, side=32), request, tmp_path / "a.gif"))
    told = json.loads(info["comment"].decode("utf-8"))
    assert told == {"prompt": prompt, "seed": 2**32 - 1, "steps": 2, "guidance": 7.5, "scheduler": "dpm++2m"}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_png_keeps_pixels_and_request(tmp_path, prompt):
    frame = run_of(2)[-1]
    with Image.open(export.png(frame, asked(prompt), tmp_path / "a.png")) as file:
        assert np.array_equal(np.asarray(file), frame.image)
        assert file.text["prompt"] == prompt and file.text["seed"] == "7" and file.text["scheduler"] == "ddim"


@pytest.mark.parametrize(
    ("wide", "high", "size"),
    [(128, 128, (384, 384)), (100, 60, (384, 230)), (512, 512, (512, 512)), (1024, 768, (512, 384))],
)
def test_small_pictures_grow_and_large_ones_shrink(tmp_path, wide, high, size):
    with Image.open(export.gif(run_of(1, side=wide, high=high), asked(steps=1), tmp_path / "a.gif")) as file:
        assert file.size == size


def test_other_players_see_the_same(tmp_path):
    """ffprobe, a decoder that shares no code with Pillow; on a machine without it, Pillow again."""
    path = export.gif(run_of(30), asked(), tmp_path / "a.gif")
    if shutil.which("ffprobe"):
        ask = ["ffprobe", "-v", "error", "-count_frames", "-of", "json", "-show_entries"]
        told = subprocess.run(
            [*ask, "stream=nb_read_frames,width,height,duration", path], capture_output=True, check=True
        )
        stream = json.loads(told.stdout)["streams"][0]
        assert (stream["nb_read_frames"], stream["width"], stream["height"]) == ("31", 384, 384)
        assert float(stream["duration"]) == pytest.approx(30 * 0.1 + 2)
    else:
        pictures, delays, _ = read_back(path)
        assert (len(pictures), pictures[0].shape, sum(delays)) == (31, (384, 384, 3), 5000)


def test_half_the_bytes_of_pillow(tmp_path):
    frames = run_of(30)
    ours = export.gif(frames, asked(), tmp_path / "a.gif").stat().st_size
    same = [Image.fromarray(enlarged(frame.image)) for frame in frames]
    plain = io.BytesIO()
    same[0].save(plain, "GIF", save_all=True, append_images=same[1:], duration=100, loop=0)
    assert ours <= len(plain.getvalue()) / 2


def test_the_same_run_gives_the_same_file(tmp_path):
    one, two = (export.gif(run_of(3), asked(), tmp_path / name).read_bytes() for name in ("a.gif", "b.gif"))
    assert one == two


@pytest.mark.parametrize("fps", [0.5, 7, 10, 30, 60, 1000])
def test_durations_are_what_browsers_honour(fps):
    for count in (1, 2, 31, 101, 1001):
        *moving, held = export.durations(count, fps)
        assert held == 2000 and len(moving) == count - 1
        assert all(ms % 10 == 0 and ms >= 20 for ms in moving)


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        export.gif(run_of(1), asked(), tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []


def test_a_finished_file_is_replaced_whole(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(b"an older picture")
    export.gif(run_of(1), asked(), path)
    assert path.read_bytes()[:6] == b"GIF89a"
    assert list(tmp_path.iterdir()) == [path]


def test_probe_finds_out_early_and_leaves_no_trace(tmp_path):
    export.probe(tmp_path / "a.gif")
    (tmp_path / "folder.gif").mkdir()
    for bad in (tmp_path / "none" / "a.gif", tmp_path / "folder.gif", tmp_path / ("x" * 300 + ".gif")):
        with pytest.raises(OSError):
            export.probe(bad)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.gif"]


def test_no_frames_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        export.gif([], asked(), tmp_path / "a.gif")


def test_imageio_cannot_keep_frames_that_are_equal(tmp_path):
    """Why the GIF is put together here: imageio's writer is Pillow's `save`, which makes one frame of equal ones."""
    iio = pytest.importorskip("imageio.v3")
    pictures = np.repeat(np.array([0, 200], np.uint8), 4)[:, None, None, None] * np.ones((1, 32, 32, 3), np.uint8)
    iio.imwrite(tmp_path / "its.gif", pictures, plugin="pillow", duration=100, loop=0)
    frames = [Frame(i, 7, None, 1 - i / 7, i / 7, 0.0, picture) for i, picture in enumerate(pictures)]
    export.gif(frames, Request("a cat", 7, 7), tmp_path / "ours.gif")
    with Image.open(tmp_path / "its.gif") as its, Image.open(tmp_path / "ours.gif") as ours:
        assert its.n_frames == 2 and ours.n_frames == 8
