"""The animated WebP and the MP4, read by Pillow and by ffmpeg."""

import json
import re

import imageio_ffmpeg
import pytest
from filmed import PROMPTS, asked, decoded, error, read_back, run_of, seconds, still, told
from PIL import Image

from demo.run import export, video
from demo.run.films import Cut, Film, Stopped
from demo.run.trace import Request


@pytest.mark.parametrize(
    "cut", [Cut(size=64), Cut("state", 25, 0.5, 65), Cut("guess", loop="back-and-forth", size=64)], ids=str
)
def test_a_webp_has_every_state_and_loops(tmp_path, cut):
    frames = run_of(8, side=64)
    film = Film(frames, asked(steps=8), cut)
    pictures, delays, info = read_back(export.film(frames, asked(steps=8), tmp_path / "a.webp", cut))
    assert delays == film.delays and info["loop"] == 0
    for picture, (_, whole, _) in zip(pictures, film.pictures(), strict=True):
        assert picture.shape[1::-1] == film.size and error(picture, whole) < 60  # noise is written coarsely


@pytest.mark.parametrize("kind", ["webp", "mp4"])
@pytest.mark.parametrize("view", ["state", "both"])
def test_the_last_picture_is_within_35_db(tmp_path, kind, view):
    frames = run_of(4, side=256)
    cut = Cut(view, size=256, hold=0)
    path = export.film(frames, asked(steps=4), tmp_path / f"a.{kind}", cut)
    last = (read_back(path)[0] if kind == "webp" else decoded(path))[-1]
    assert error(last, Film(frames, asked(steps=4), cut).shot(4).whole()) < 4.5


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("kind", ["webp", "mp4"])
def test_the_request_is_inside(tmp_path, prompt, kind):
    request = Request(prompt, 7, 2)
    path = export.film(run_of(2, side=32), request, tmp_path / f"a.{kind}", Cut("state", size=64))
    if kind == "webp":
        with Image.open(path) as file:
            assert json.loads(file.getexif()[0x010E]) == export.recipe(request)
    else:
        assert json.dumps(prompt, ensure_ascii=False).encode() in path.read_bytes()


@pytest.mark.parametrize("kind", ["webp", "mp4"])
def test_equal_states_all_stay(tmp_path, kind):
    path = export.film(still(8), asked(), tmp_path / f"a.{kind}", Cut("state", hold=0, size=64))
    assert len(read_back(path)[0] if kind == "webp" else decoded(path)) == 8


@pytest.mark.parametrize(
    ("cut", "count", "length"),
    [
        (Cut("state", 10, 0, 65), 13, 1.3),
        (Cut("both", 10, 1.5), 11 + 2 * 15, 4.1),
        (Cut("guess", 2, 1, 64), 10 * 5 + 2 * 10, 7.0),
        (Cut("state", 50, 0, 64, "back-and-forth"), 24, 0.48),
    ],
)
def test_an_mp4_plays_everywhere_and_shows_every_state(tmp_path, cut, count, length):
    frames = run_of(12)
    film = Film(frames, asked(steps=12), cut)
    path = export.film(frames, asked(steps=12), tmp_path / "a.mp4", cut)
    text, shown = told(path), decoded(path)
    assert re.search(r"h264 .*yuv420p\(tv, bt709", text) and "isom" in text
    assert len(shown) == count and seconds(text) == pytest.approx(length, abs=0.02)
    assert shown[0].shape[1::-1] == film.size and film.size[0] % 2 == film.size[1] % 2 == 0
    wanted = [picture for _, picture, ms in film.pictures() for _ in range(round(ms / 1000 * count / length))]
    assert len(wanted) == count
    assert all(error(picture, other) < 30 for picture, other in zip(shown, wanted, strict=True))


def test_an_mp4_starts_before_it_has_arrived_whole(tmp_path):
    data = export.film(run_of(4), asked(steps=4), tmp_path / "a.mp4").read_bytes()
    assert data[4:8] == b"ftyp" and 0 < data.index(b"moov") < data.index(b"mdat")


def test_what_ffmpeg_cannot_write_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "CRF", "no number")
    with pytest.raises(OSError, match="could not be written whole"):
        export.film(run_of(4), asked(steps=4), tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_is_stopped_leaves_nothing(tmp_path):
    def enough(share: float) -> None:
        if share > 0.4:
            raise Stopped

    for kind in ("gif", "webp", "mp4"):
        with pytest.raises(Stopped):
            export.film(run_of(8), asked(steps=8), tmp_path / f"a.{kind}", tick=enough)
        assert list(tmp_path.iterdir()) == []
    assert imageio_ffmpeg.get_ffmpeg_exe()
