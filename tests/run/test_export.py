"""Files are read back with other eyes than those that wrote them; none is ever half there."""

import hashlib
import io
import json
import zipfile

import numpy as np
import pytest
from filmed import PROMPTS, asked, run_of
from PIL import Image

from demo.run import export
from demo.run.films import Cut
from demo.run.trace import BadRequest, Trace


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_png_keeps_pixels_and_request(tmp_path, prompt):
    frame = run_of(2)[-1]
    with Image.open(export.png(frame, asked(prompt), tmp_path / "a.png")) as file:
        assert np.array_equal(np.asarray(file), frame.image)
        assert file.text["prompt"] == prompt and file.text["seed"] == "7" and file.text["scheduler"] == "ddim"


def test_any_step_can_be_kept_as_state_as_guess_or_as_both(tmp_path):
    frame = run_of(4)[2]
    for view, pixels in (("state", frame.image), ("guess", frame.denoised)):
        with Image.open(export.png(frame, asked(steps=4), tmp_path / "a.png", view)) as file:
            assert np.array_equal(np.asarray(file), pixels) and file.text["step"] == "2"
    with Image.open(export.png(frame, asked(steps=4), tmp_path / "a.png", "both")) as file:
        pixels = np.asarray(file)
        assert np.array_equal(pixels[:128, :128], frame.image) and np.array_equal(pixels[:128, -128:], frame.denoised)
    with pytest.raises(BadRequest, match="has no guess"):
        export.png(run_of(4)[0], asked(steps=4), tmp_path / "b.png", "guess")


@pytest.mark.parametrize("steps", [1, 8, 30])
@pytest.mark.parametrize("view", ["state", "both"])
def test_a_strip_has_every_state_in_order(tmp_path, steps, view):
    frames = run_of(steps, side=64)
    with Image.open(export.strip(frames, asked(steps=steps), tmp_path / "a.png", Cut(view, size=64))) as file:
        pixels = np.asarray(file)
    found = []
    high = (64 if view == "state" else 128) + export.NOTE
    for frame in frames:
        at = frame.index
        columns = pixels.shape[1] // 64
        top, left = at // columns * high, at % columns * 64
        found.append(np.array_equal(pixels[top : top + 64, left : left + 64], frame.image))
        if view == "both" and frame.denoised is not None:
            found.append(np.array_equal(pixels[top + 64 : top + 128, left : left + 64], frame.denoised))
    assert all(found) and pixels.shape[1] <= export.STRIP * 64


def test_a_zip_has_every_picture_pixel_for_pixel_and_the_trace(tmp_path):
    frames, request = run_of(3, side=32), asked(steps=3)
    trace = Trace(request, "fake", "float32", tuple(frames)).to_json()
    path = export.archive(frames, request, tmp_path / "a.zip", trace, '{"recorded": true}')
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        names = file.namelist()
        assert json.loads(file.read("run.json")) == {"recorded": True}
        read = json.loads(file.read("trace.json"))
        pictures = {name: np.asarray(Image.open(io.BytesIO(file.read(name)))) for name in names if name.endswith("png")}
    assert names[:2] == ["run.json", "trace.json"] and read == trace
    assert sorted(pictures) == [*(f"guess/00{n}.png" for n in (1, 2, 3)), *(f"state/00{n}.png" for n in range(4))]
    for frame, state in zip(frames, read["states"], strict=True):
        assert hashlib.sha256(pictures[f"state/00{frame.index}.png"].tobytes()).hexdigest() == state["sha256"]


def test_a_step_is_picked_by_number_and_the_last_without_one():
    frames = run_of(3, side=32)
    assert export.picked(None, frames) is frames[-1] and export.picked("0", frames) is frames[0]
    for wrong in (4, -1, "x", 1.5, []):
        with pytest.raises(BadRequest, match="from 0 to 3"):
            export.picked(wrong, frames)


KINDS = {
    "gif": lambda path: export.film(run_of(1), asked(steps=1), path),
    "webp": lambda path: export.film(run_of(1), asked(steps=1), path),
    "mp4": lambda path: export.film(run_of(1), asked(steps=1), path),
    "png": lambda path: export.png(run_of(1)[0], asked(steps=1), path),
    "zip": lambda path: export.archive(run_of(1), asked(steps=1), path, {}),
    "html": lambda path: export.page("<!doctype html>", path),
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_half_written_stays(tmp_path, monkeypatch, kind):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        KINDS[kind](tmp_path / f"a.{kind}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_file_is_replaced_whole(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    path.write_bytes(b"an older picture")
    assert KINDS[kind](path) == path
    assert path.read_bytes() != b"an older picture" and list(tmp_path.iterdir()) == [path]


def test_probe_finds_out_early_and_leaves_no_trace(tmp_path):
    export.probe(tmp_path / "a.gif")
    (tmp_path / "folder.gif").mkdir()
    for bad in (tmp_path / "none" / "a.gif", tmp_path / "folder.gif", tmp_path / ("x" * 300 + ".gif")):
        with pytest.raises(OSError):
            export.probe(bad)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.gif"]


def test_no_frames_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="at least one frame"):
        export.film([], asked(), tmp_path / "a.gif")
