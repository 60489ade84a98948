import copy

import numpy as np
import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput
from random_model import WORDS, build_pipeline
from torch import nn

from demo.engine import precision
from demo.engine.api import BadModel
from demo.engine.diffusers_engine import DiffusersEngine
from demo.run.trace import Request, Watch

REQUEST = Request("a blue cat", 7, 3, 2.0)


@pytest.fixture
def own():
    """A pipeline that a test may change."""
    return build_pipeline()


def frames(pipe):
    return list(DiffusersEngine(pipe, "random", frozenset(WORDS[4:])).frames(REQUEST, watch=Watch(True, True)))


@pytest.mark.parametrize(
    ("faster", "decibels", "worth"), [(1.3, 40.0, True), (1.29, 60.0, False), (3.0, 39.9, False), (3.0, None, False)]
)
def test_bfloat16_has_to_be_quicker_and_to_show_the_same(faster, decibels, worth):
    assert precision.suits(faster, decibels) == worth


def test_decibels_are_those_of_the_textbook():
    one = np.zeros((4, 4, 3), np.uint8)
    assert precision.decibels(one, one) == precision.SAME
    assert precision.decibels(one, one + 255) == 0
    assert precision.decibels(one, one + 1) == pytest.approx(48.1308, abs=1e-4)


def test_a_narrow_denoiser_is_given_and_gives_float32(own):
    exact = frames(own)
    precision.narrow(own.unet)
    assert precision.dtype_of(own) == "bfloat16" and own.vae.dtype == own.text_encoder.dtype == torch.float32
    narrow = frames(own)
    assert narrow[0].sha256 == exact[0].sha256  # the noise is the seed's
    assert 30 < precision.decibels(narrow[-1].image, exact[-1].image) < precision.SAME
    assert all(frame.step.latents.dtype == np.float32 for frame in narrow)
    assert narrow[-1].step.word_maps is not None and narrow[-1].step.conditional is not None
    engine = DiffusersEngine(own, "random")
    assert engine.trace(REQUEST, narrow).to_json()["dtype"] == "bfloat16"


def test_trying_it_leaves_the_weights_as_they_were(own):
    before = copy.deepcopy(own.unet.state_dict())
    exact = frames(own)
    told = precision.trial(own)
    assert set(told) == {"faster", "decibels"} and told["faster"] > 0
    assert all(torch.equal(now, before[name]) for name, now in own.unet.state_dict().items())
    assert [frame.sha256 for frame in frames(own)] == [frame.sha256 for frame in exact]
    assert not own.unet._forward_hooks and not own.unet._forward_pre_hooks


def test_the_picture_is_waited_for_only_where_the_layers_are_quick(own, monkeypatch):
    monkeypatch.setattr(precision, "_layers_faster", lambda layers: 1.2)
    assert precision.trial(own) == {"faster": 1.2, "decibels": None}
    monkeypatch.setattr(precision, "_layers_faster", lambda layers: 1.5)
    assert 30 < precision.trial(own)["decibels"] <= precision.SAME


def test_the_layers_that_are_tried_are_the_heaviest(own):
    with precision.heaviest(own.unet) as layers:
        own("a blue cat", num_inference_steps=1)
    assert set(layers.found) == {nn.Linear, nn.Conv2d}
    work, layer, given = layers.found[nn.Conv2d]
    assert any(layer is one for one in own.unet.modules()) and len(given) == 1 and work > 0
    assert all(not one._forward_hooks for one in own.unet.modules())


@pytest.mark.parametrize(("faster", "decibels", "dtype"), [(2.0, 50.0, "bfloat16"), (1.1, None, "float32")])
def test_what_was_found_is_remembered_for_these_weights(tmp_path, monkeypatch, faster, decibels, dtype):
    tries = []
    found = {"faster": faster, "decibels": decibels}
    monkeypatch.setattr(precision, "trial", lambda pipe: tries.append(1) or found)
    for _ in range(2):
        pipe = build_pipeline()
        precision.settle(pipe, tmp_path)
        assert precision.dtype_of(pipe) == dtype
    assert len(tries) == 1
    with torch.no_grad():
        next(build_pipeline().unet.parameters())
    other = build_pipeline()
    nn.init.zeros_(other.unet.conv_out.weight)
    precision.settle(other, tmp_path)
    assert len(tries) == 2


def test_what_is_wanted_is_not_tried(own, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "trial", None)
    precision.settle(own, tmp_path, "float32")
    assert precision.dtype_of(own) == "float32"
    precision.settle(own, tmp_path, "bfloat16")
    assert precision.dtype_of(own) == "bfloat16"
    with pytest.raises(BadModel, match="float32 or bfloat16, not in float16"):
        precision.settle(own, tmp_path, "float16")


def test_a_denoiser_that_must_keep_layers_in_float32_is_left_alone(own, tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "trial", None)
    own.unet._keep_in_fp32_modules = ["norm"]
    precision.settle(own, tmp_path)
    assert precision.dtype_of(own) == "float32"


def test_time_steps_and_positions_keep_their_digits():
    given = {"sample": torch.ones(1, 2), "timestep": torch.tensor([999.0]), "img_ids": torch.full((1, 2), 999.0)}
    told = precision.cast(
        [given, (torch.tensor(999.0), torch.ones(1, 1, dtype=torch.int64), "text", None)], torch.bfloat16
    )
    assert told[0]["sample"].dtype == torch.bfloat16
    assert told[0]["timestep"].dtype == told[0]["img_ids"].dtype == torch.float32
    assert told[1][0].dtype == torch.float32 and told[1][1].dtype == torch.int64 and told[1][2:] == ("text", None)
    output = precision.cast(UNet2DConditionOutput(sample=torch.ones(1, 2).bfloat16()), torch.float32)
    assert isinstance(output, UNet2DConditionOutput) and output.sample.dtype == torch.float32
