"""The lab of a folder: what it can answer, and what it sees, with a judge of random weights beside it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from demo.lab import judge
from demo.lab.api import SAW, Lab
from demo.lab.embedded import NO_JUDGE, EmbeddedLab
from demo.lab.trials import trial_of
from demo.run.trace import BadRequest
from demo.tiny import checker
from demo.tiny.captions import plain_caption
from demo.tiny.scenes import Scene, Thing, sample

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / SAW).write_text(json.dumps({"seed": 1, "freedom": "still", "batches": 10}))
    return tmp_path


@pytest.fixture
def judged(folder):
    torch.manual_seed(1)
    checker.save(checker.Checker(), folder / "checker.safetensors")
    (folder / "evaluation.json").write_text(json.dumps({"categories": {"position": {"ceiling": 0.9}}}))
    return EmbeddedLab.load(folder)


def found(row: int, column: int, thing: Thing) -> checker.Found:
    told = {"name": thing.name, "drawing": "noto"}
    return checker.Found(
        row, column, 0.9, told | {head: getattr(thing, head) or checker.NOBODY for head in ("colour", "wear", "ride")}
    )


def seen(*figures: checker.Found) -> str:
    return judge.words([*figures], checker.said([*figures]))


def test_a_folder_that_does_not_say_what_it_saw_has_no_lab(tmp_path):
    assert EmbeddedLab.load(tmp_path) is None and EmbeddedLab.load("somebody/a-model") is None


def test_a_lab_without_a_judge_says_so_and_nothing_breaks(folder):
    lab = EmbeddedLab.load(folder)
    assert isinstance(lab, Lab) and lab.cannot["judge"] == NO_JUDGE
    assert lab.told()["rates"] == {} and [trial["name"] for trial in lab.told()["trials"]]
    with pytest.raises(BadRequest, match="no judge"):
        lab.judge(np.zeros((256, 256, 3), np.uint8), "a cat above a dog", "above")


def test_weights_of_another_judge_are_none(folder):
    strange = checker.Checker(width=8)
    checker.save(strange, folder / "checker.safetensors")
    assert not judge.fits(folder / "checker.safetensors")
    assert EmbeddedLab.load(folder).cannot["judge"] == NO_JUDGE


def test_a_judge_answers_as_the_checker_itself(judged):
    assert "judge" not in judged.cannot and judged.told()["rates"] == {"above": 0.9}
    pixels = np.random.default_rng(1).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    told = judged.judge(pixels, "a cat above a dog", "above")
    (said,) = checker.load(judged._weights).look(torch.from_numpy(pixels).permute(2, 0, 1)[None])
    assert told["fits"] == [sense.fits(said) for sense in trial_of("above", "a cat above a dog").senses]
    assert told["saw"] == judge.words(*_found_and_said(judged, pixels))
    with pytest.raises(BadRequest, match="no prompt of that trial"):
        judged.judge(pixels, "a cat", "above")


def _found_and_said(lab, pixels):
    figures = checker.load(lab._weights).find(torch.from_numpy(pixels).permute(2, 0, 1)[None])[0][0]
    return figures, checker.said(figures)


@pytest.mark.parametrize("seed", range(60))
def test_what_it_says_it_saw_is_what_a_caption_would_say(seed):
    """Of one figure, and of two unlike ones that have a side."""
    scene = sample(Random(seed))
    things = [Thing(thing.name, thing.colour, thing.wear, thing.ride) for thing in scene.things]
    if scene.count > 1:
        return
    if len(things) == 1:
        assert seen(found(8, 8, things[0])) == plain_caption(Scene(tuple(things)))
    elif things[0].name != things[1].name:
        assert seen(found(2, 8, things[0]), found(12, 8, things[1])) == plain_caption(
            Scene(tuple(things), relation="above")
        )


def test_several_figures_are_counted_by_kind():
    cat, fox, apple = Thing("cat"), Thing("fox", None, "crown"), Thing("apple", "red")
    assert seen() == "nothing that it knows"
    assert seen(found(1, 1, cat), found(1, 9, cat)) == "2 cats"
    assert seen(*(found(1, at, fox) for at in range(3))) == "3 foxes wearing a crown"
    assert seen(found(1, 1, apple), found(5, 5, cat), found(9, 9, apple)) == "2 red apples and a cat"


def test_nothing_heavy_is_read_when_a_model_without_a_lab_is_opened():
    code = "import sys, app; from demo.settings import Settings as S; assert app.lab(S(model='x/y')) is None; "
    code += "print('demo.tiny.drawing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
