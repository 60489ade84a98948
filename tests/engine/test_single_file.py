"""A checkpoint in one file against the folder that it was made of, and every way in which it is none."""

import shutil

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from model_hub import NOWHERE, reach, serving
from original_layout import save
from random_model import said
from safetensors.torch import load_file, save_file
from tiny_families import build

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.families import own_manners

MODEL = "stable-diffusion-v1-5/stable-diffusion-v1-5"  # whose layout diffusers gives to such a file


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of Stable Diffusion 1."""
    return build("sd-1", tmp_path_factory.mktemp("folder"))


@pytest.fixture
def checkpoint(made, tmp_path):
    """The same in one file, alone."""
    file = tmp_path / "alone" / "dream.safetensors"
    file.parent.mkdir()
    save(DiffusionPipeline.from_pretrained(made), file)
    return file


def layout(made, folder):
    """What a model's folder holds besides its weights."""
    return shutil.copytree(made, folder, ignore=shutil.ignore_patterns("*.safetensors"), dirs_exist_ok=True)


def picture(model) -> np.ndarray:
    engine = DiffusersEngine.load(str(model))
    return list(engine.frames(engine.abilities.request("a blue cat", seed=7, steps=2)))[-1].image


@pytest.mark.parametrize("where", ["beside", "in a folder of its name"])
def test_with_the_small_files_beside_it_it_is_the_folders_own_picture(made, checkpoint, where, monkeypatch, tmp_path):
    reach(monkeypatch, NOWHERE, tmp_path / "cache")
    layout(made, checkpoint.parent if where == "beside" else checkpoint.with_suffix(""))
    assert np.array_equal(picture(checkpoint), picture(made))
    assert DiffusersEngine.load(str(checkpoint)).model == "dream.safetensors"


def test_alone_its_layout_comes_from_the_hub_once(made, checkpoint, monkeypatch, tmp_path):
    with serving({MODEL: made}, tmp_path / "cache", monkeypatch) as asked:
        assert np.array_equal(picture(checkpoint), picture(made))
    assert asked and not [path for path in asked if path.endswith(".safetensors")]
    reach(monkeypatch, NOWHERE, tmp_path / "cache")
    assert np.array_equal(picture(checkpoint), picture(made))


def test_alone_and_without_a_network_it_says_what_is_missing(checkpoint, monkeypatch, tmp_path):
    reach(monkeypatch, NOWHERE, tmp_path / "cache")
    text = said(DiffusersEngine.load, str(checkpoint))
    assert MODEL in text and "connect to the network once" in text and "model_index.json" in text


def test_a_gated_layout_is_said(checkpoint, monkeypatch, tmp_path):
    with serving({}, tmp_path / "cache", monkeypatch):
        assert f"The hub has no model {MODEL!r}" in said(DiffusersEngine.load, str(checkpoint))


def test_a_turbo_has_the_layout_of_a_turbo(checkpoint, monkeypatch, tmp_path):
    reach(monkeypatch, NOWHERE, tmp_path / "cache")
    turbo = checkpoint.rename(checkpoint.with_name("sd_xl_turbo_1.0_fp16.safetensors"))
    assert "stabilityai/sdxl-turbo" in said(DiffusersEngine.load, str(turbo))
    assert own_manners(None, turbo).steps == 1


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".bin"])
def test_a_pickle_is_not_opened(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    torch.save({"x": torch.zeros(1)}, file)
    assert "is a pickle, which can run code" in said(DiffusersEngine.load, str(file))


def test_a_file_that_is_no_whole_model_is_said(checkpoint, tmp_path):
    tensors = load_file(checkpoint)
    part = {name: one for name, one in tensors.items() if name.startswith("first_stage_model")}
    save_file(part, tmp_path / "vae.safetensors")
    assert "holds no whole model" in said(DiffusersEngine.load, str(tmp_path / "vae.safetensors"))
    save_file({"unet.mid.to_q.lora_A.weight": torch.zeros(2, 2)}, tmp_path / "lora.safetensors")
    assert "holds a LoRA alone" in said(DiffusersEngine.load, str(tmp_path / "lora.safetensors"))
    checkpoint.write_bytes(checkpoint.read_bytes()[:5000])
    assert "cut short or damaged" in said(DiffusersEngine.load, str(checkpoint))


def test_what_a_checkpoint_lacks_is_said(made, checkpoint):
    layout(made, checkpoint.parent)
    tensors = load_file(checkpoint)
    save_file({name: one for name, one in tensors.items() if not name.startswith("cond_stage_model")}, checkpoint)
    text = said(DiffusersEngine.load, str(checkpoint))
    assert str(checkpoint) in text and "CLIPTextModel" in text


def test_an_inpainting_checkpoint_is_refused_by_its_layout(made, checkpoint):
    layout(made, checkpoint.parent)
    index = checkpoint.parent / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionPipeline", "StableDiffusionInpaintPipeline"))
    assert "paints into a picture" in said(DiffusersEngine.load, str(checkpoint))
