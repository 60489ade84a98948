"""What a pipeline's safety checker flags is not shown: with diffusers' own checker, and its own verdict as the twin."""

import dataclasses
import pickle

import pytest
import torch
from random_model import build_pipeline, checker

from demo.engine.api import Withheld
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.zero import ZeroEngine
from demo.run.trace import Request

SHORT = Request("a blue cat", seed=7, steps=2, guidance=3.0)


@pytest.mark.parametrize(("threshold", "flagged"), [(-1.1, True), (1.1, False)])
def test_what_the_pipeline_itself_would_blacken_is_withheld(tmp_path, threshold, flagged):
    """From a folder, as it is opened: the checker is not dropped."""
    build_pipeline(checker(threshold)).save_pretrained(tmp_path)
    engine = DiffusersEngine.load(str(tmp_path))
    seeded = torch.Generator("cpu").manual_seed(SHORT.seed)
    own = engine._pipe(SHORT.prompt, num_inference_steps=2, guidance_scale=3.0, generator=seeded)
    assert own.nsfw_content_detected == [flagged] and engine.abilities.checked
    frames = []
    try:
        frames.extend(engine.frames(SHORT))
        withheld = False
    except Withheld as error:
        withheld = str(error).endswith(".")
    assert withheld == flagged
    again = engine.frames(dataclasses.replace(SHORT, steps=1))
    assert next(iter(again)).index == 0, "the next run begins"
    again.close()


def test_a_passing_picture_is_the_one_of_a_pipeline_without_a_checker():
    plain, checked = DiffusersEngine(build_pipeline(), "x"), DiffusersEngine(build_pipeline(checker(1.1)), "x")
    assert not plain.abilities.checked
    assert [f.sha256 for f in plain.frames(SHORT)] == [f.sha256 for f in checked.frames(SHORT)]


def test_it_is_withheld_on_a_lent_gpu_too():
    engine = DiffusersEngine(build_pipeline(checker(-1.1)), "x")
    zero = ZeroEngine(engine, lambda duration: lambda task: task, device="cpu")
    with pytest.raises(Withheld):
        list(zero.frames(SHORT))
    assert str(pickle.loads(pickle.dumps(Withheld("One sentence.")))) == "One sentence."
