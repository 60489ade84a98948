"""What is made of a training for the experiments: the mean of its scenes, and a strip cut out of its sheets."""

import json

import numpy as np
import pytest
from PIL import Image

from demo.lab import mean, strip
from demo.lab.api import SAW
from demo.lab.embedded import EmbeddedLab
from demo.settings import LAB
from demo.tiny.data import picture
from demo.tiny.sheet import PROMPTS, SEEDS, SIDE
from demo.tiny.stage import STILL


def test_the_mean_is_that_of_the_scenes_and_is_written_with_what_it_is_of(tmp_path, capsys):
    assert mean.main(["--count", "17", "--seed", "3", "--freedom", "still", "--out", str(tmp_path)]) == 0
    told = json.loads((tmp_path / "mean.json").read_text())
    assert (told["count"], told["seed"], told["freedom"], told["group"]) == (17, 3, "still", mean.GROUP)
    scenes = np.stack([picture(3, at, freedom=STILL)[1].permute(1, 2, 0).numpy() for at in range(17)])
    shown = np.asarray(Image.open(tmp_path / "mean.webp").convert("RGB"))
    assert np.abs(shown - scenes.mean(axis=0)).max() <= 0.5
    assert 0 < told["typical"] <= told["most"]


def test_distances_are_those_of_sixteen_of_all_drawn_at_random():
    """With as many scenes as a group has, every group is all of them; with normal ones, half are as far as expected."""
    rng = np.random.default_rng(1)
    few = [rng.normal(size=(2, 2, 3)) for _ in range(mean.GROUP)]
    assert np.allclose(mean.distances(few, 20), 0)
    many = [rng.normal(0, 8, size=(16, 16, 3)) for _ in range(2000)]
    expected = 8 / np.sqrt(mean.GROUP) * np.sqrt(2 / np.pi)  # the mean absolute value of a normal one
    assert np.median(mean.distances(many, 200)) == pytest.approx(expected, rel=0.03)


def test_too_few_scenes_are_refused_in_one_sentence(tmp_path, capsys):
    assert mean.main(["--count", "3", "--out", str(tmp_path)]) == 2
    assert "16 at least" in capsys.readouterr().err and not any(tmp_path.iterdir())


def test_the_lab_tells_what_was_made(tmp_path):
    (tmp_path / SAW).write_text('{"seed": 3, "freedom": "still", "batches": 1}')
    mean.main(["--count", "20", "--seed", "3", "--out", str(tmp_path)])
    told = EmbeddedLab(tmp_path, tmp_path).told()
    assert told["mean"]["count"] == 20 and told["training"] is None and told["saw"]["batches"] == 1
    assert EmbeddedLab(tmp_path, tmp_path / "nowhere").told()["mean"] is None


@pytest.fixture
def sheets(tmp_path):
    """Two sheets whose cells have the colours (row, column, 10 or 20)."""
    for batch in (1500, 500):
        cells = np.zeros((12, 11, 3), np.uint8)
        cells[..., 0], cells[..., 1], cells[..., 2] = np.arange(12)[:, None], np.arange(11)[None], batch // 50
        Image.fromarray(np.repeat(np.repeat(cells, SIDE, 0), SIDE, 1)).save(tmp_path / f"sheet-{batch:05}.png")
    return tmp_path


@pytest.mark.parametrize(("prompt", "seed"), [(PROMPTS[0], 1), (PROMPTS[5], SEEDS)])
def test_the_same_cell_is_cut_out_of_every_sheet_in_the_order_of_training(sheets, prompt, seed):
    found, batches = strip.cut(sheets, prompt, seed)
    pixels = np.asarray(found)
    assert batches == [500, 1500] and pixels.shape == (SIDE, 2 * SIDE, 3)
    assert (pixels[:, :SIDE] == (PROMPTS.index(prompt), seed - 1, 10)).all()
    assert (pixels[:, SIDE:] == (PROMPTS.index(prompt), seed - 1, 30)).all()


def test_the_strip_is_written_with_what_it_is_of(sheets):
    out = sheets / "out"
    assert strip.main([str(sheets), "--out", str(out), "--before", "It began anew."]) == 0
    told = json.loads((out / "training.json").read_text())
    assert told == {
        "file": "training.webp",
        "prompt": PROMPTS[0],
        "seed": 1,
        "batches": [500, 1500],
        "side": SIDE,
        "before": "It began anew.",
    }


@pytest.mark.parametrize("more", [["--seed", "0"], ["--seed", "9"], ["--prompt", "a blorp"]])
def test_what_is_on_no_sheet_is_one_sentence(sheets, more, capsys):
    assert strip.main([str(sheets), *more]) == 2 and "No sheet shows" in capsys.readouterr().err
    assert strip.main([str(sheets / "nowhere")]) == 2


def test_what_is_shipped_is_small_and_as_it_says():
    for name, most in (("mean", 100_000), ("training", 200_000)):
        told = json.loads((LAB / f"{name}.json").read_text())
        assert (LAB / told["file"]).stat().st_size < most
    assert Image.open(LAB / "mean.webp").size == (256, 256)
    told = json.loads((LAB / "training.json").read_text())
    assert Image.open(LAB / told["file"]).size == (told["side"] * len(told["batches"]), told["side"])
    assert told["batches"] == sorted(set(told["batches"]))
