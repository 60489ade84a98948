"""A LoRA beside the model: the weights are W + scale B A, or one sentence says why not."""

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from model_hub import NOWHERE, reach, serving
from random_model import said
from safetensors.torch import load_file, save_file
from tiny_families import build

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.lora import NAME, find_lora

LAYER = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_q"
RANK = 2


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Name -> folder of a family."""
    root, folders = tmp_path_factory.mktemp("folders"), {}

    def folder(name):
        return folders.setdefault(name, None) or folders.update({name: build(name, root)}) or folders[name]

    return folder


def matrices(layer, prefix="unet.", names=("lora_A", "lora_B"), seed=0) -> dict:
    """Names and random matrices of a LoRA of one linear layer."""
    random = torch.Generator().manual_seed(seed)
    down, up = (torch.randn(*shape, generator=random) for shape in ((RANK, layer[1]), (layer[0], RANK)))
    return {f"{prefix}.{names[0]}.weight": down, f"{prefix}.{names[1]}.weight": up}


@pytest.fixture
def lora(tmp_path):
    file = tmp_path / "ink.safetensors"
    save_file(matrices((16, 16), f"unet.{LAYER}"), file)
    return file


def load(folder, lora):
    return DiffusersEngine.load(str(folder), lora=str(lora))


@pytest.mark.parametrize(("behind", "scale"), [("", 1.0), ("@0.5", 0.5), ("@-1", -1.0)])
def test_the_weights_are_the_models_own_and_the_product_of_its_matrices(made, lora, behind, scale):
    engine = load(made("sd-1"), f"{lora}{behind}")
    own = dict(DiffusionPipeline.from_pretrained(made("sd-1")).unet.named_parameters())
    told = load_file(lora)
    added = scale * told[f"unet.{LAYER}.lora_B.weight"] @ told[f"unet.{LAYER}.lora_A.weight"]
    for name, one in engine._pipe.unet.named_parameters():
        expected = own[name] + (added if name == f"{LAYER}.weight" else 0)
        torch.testing.assert_close(one, expected, rtol=1e-6, atol=1e-6)
    assert engine.model == f"sd-1 with the LoRA ink at {scale:g}"


def test_with_it_the_picture_is_another_and_the_words_are_still_heard(made, lora):
    plain, engine = (load(made("sd-1"), one) for one in ("", lora))
    request = plain.abilities.request("a blue cat", seed=7, steps=2)
    before, after = (list(one.steps(request))[-1].latents for one in (plain, engine))
    assert not np.array_equal(before, after) and engine.abilities == plain.abilities


def test_kohyas_names_with_their_alpha_are_read(made, tmp_path):
    name = f"lora_unet_{LAYER.replace('.', '_')}"
    told = matrices((16, 16), name, ("lora_down", "lora_up")) | {f"{name}.alpha": torch.tensor(1.0)}
    save_file(told, tmp_path / "kohya.safetensors")
    unet = load(made("sd-1"), tmp_path / "kohya.safetensors")._pipe.unet
    own = DiffusionPipeline.from_pretrained(made("sd-1")).unet.get_submodule(LAYER).weight
    added = told[f"{name}.lora_up.weight"] @ told[f"{name}.lora_down.weight"] / RANK
    torch.testing.assert_close(unet.get_submodule(LAYER).weight, own + added)


def test_a_transformers_lora_is_added_to_it(made, tmp_path):
    layer = "transformer_blocks.0.attn.to_q"
    save_file(matrices((32, 32), f"transformer.{layer}"), tmp_path / "flux.safetensors")
    engine = load(made("flux-dev"), tmp_path / "flux.safetensors")
    own = DiffusionPipeline.from_pretrained(made("flux-dev")).transformer.get_submodule(layer).weight
    assert not torch.allclose(engine._pipe.transformer.get_submodule(layer).weight, own)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (matrices((16, 64), f"unet.{LAYER}"), "does not fit this model"),  # another width
        (matrices((16, 16), "unet.down_blocks.7.attentions.0.to_q"), "does not fit this model"),  # no such layer
        (matrices((16, 16), "transformer.blocks.0.attn.to_q"), "of its 1 layers 0 are in it"),  # another family
        (
            matrices((16, 16), f"unet.{LAYER}") | matrices((16, 16), "unet.down_blocks.7.attn.to_q"),
            "of its 2 layers 1 are in it",
        ),
        ({"something": torch.zeros(1)}, "holds no LoRA"),
        (
            {name: one * float("nan") for name, one in matrices((16, 16), f"unet.{LAYER}").items()},
            "numbers that are not finite",
        ),
    ],
)
def test_one_that_does_not_fit_is_said(made, tmp_path, told, why):
    save_file(told, tmp_path / "other.safetensors")
    text = said(load, made("sd-1"), tmp_path / "other.safetensors")
    assert why in text and "other" in text


def test_a_pipeline_that_takes_none_is_said(made, lora):
    assert "No LoRA can be added to a DDPMPipeline" in said(load, made("ddpm"), lora)


def test_a_pickle_is_not_opened(tmp_path):
    for file in (tmp_path / "ink.pt", tmp_path / "pytorch_lora_weights.bin"):
        torch.save({}, file)
        assert "is a pickle, which can run code" in said(find_lora, str(file))
    (tmp_path / "ink.pt").unlink()
    assert "is a pickle, which can run code" in said(find_lora, str(tmp_path))


def test_a_folder_is_searched_for_the_one_that_is_meant(lora, tmp_path):
    assert find_lora(str(tmp_path)).file == lora
    (tmp_path / "second.safetensors").write_bytes(lora.read_bytes())
    assert "holds 2 .safetensors" in said(find_lora, str(tmp_path))
    (tmp_path / NAME).write_bytes(lora.read_bytes())
    assert find_lora(f"{tmp_path}@0.25").file == tmp_path / NAME
    (tmp_path / NAME).write_bytes(b"cut")
    assert "cut short or damaged" in said(find_lora, str(tmp_path))
    assert "There is no LoRA" in said(find_lora, str(tmp_path / "none.safetensors"))


def test_from_the_hub_it_is_fetched_once(lora, monkeypatch, tmp_path):
    (tmp_path / "repo").mkdir()
    for name in ("ink.safetensors", "wash.safetensors"):
        (tmp_path / "repo" / name).write_bytes(lora.read_bytes())
    with serving({"some/inks": tmp_path / "repo"}, tmp_path / "cache", monkeypatch):
        assert "name one of them" in said(find_lora, "some/inks")
        assert "has no LoRA 'x.safetensors'" in said(find_lora, "some/inks/x.safetensors")
        found = find_lora("some/inks/wash.safetensors@0.5")
        assert found.file.read_bytes() == lora.read_bytes() and str(found) == "the LoRA some/inks/wash at 0.5"
        assert "The hub has no model 'some/none'" in said(find_lora, "some/none")
    reach(monkeypatch, NOWHERE, tmp_path / "cache")
    assert find_lora("some/inks/wash.safetensors").file == found.file
    assert "is not on this machine" in said(find_lora, "some/none")
