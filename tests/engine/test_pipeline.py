import json
import shutil

import pytest
import torch
from random_model import said

from demo.engine.pipeline import PROJECT, find, open_pipeline, read_vocabulary
from demo.settings import DEFAULT_MODEL


def test_a_folder_is_found_from_anywhere(monkeypatch, tmp_path, saved):
    assert find(str(saved)) == saved
    monkeypatch.chdir(tmp_path)
    assert find("assets/sprites") == PROJECT / "assets" / "sprites"
    assert PROJECT / "assets" / "tiny" == DEFAULT_MODEL


def test_what_is_no_folder_may_be_a_hub_id():
    assert find("stabilityai/sd-turbo") == "stabilityai/sd-turbo"


@pytest.mark.parametrize(
    "model", ["/nowhere/at/all", "assets/none", "./x", "nobody", "", "pyproject.toml", "a/b/c", "a b/c"]
)
def test_a_missing_folder_is_never_looked_for_on_the_hub(model):
    assert "no model folder" in said(find, model)


def test_a_folder_becomes_the_same_pipeline_again(pipe, saved):
    opened = open_pipeline(saved)
    for name in ("unet", "vae", "text_encoder"):
        twins = zip(getattr(pipe, name).parameters(), getattr(opened, name).parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in twins)


def test_loading_prints_nothing(saved, capfd):
    open_pipeline(saved)
    assert capfd.readouterr() == ("", "")


def test_a_folder_without_a_model_is_said(tmp_path):
    assert "cannot be opened" in said(open_pipeline, tmp_path)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_cut_weights_are_said(folder, part):
    (weights,) = (folder / part).glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:1000])
    assert str(folder) in said(open_pipeline, folder)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder", "tokenizer", "scheduler"])
def test_a_missing_part_is_said(folder, part):
    shutil.rmtree(folder / part)
    assert str(folder) in said(open_pipeline, folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"_class_name": "NoSuchPipeline"}'])
def test_a_broken_index_is_said(folder, text):
    (folder / "model_index.json").write_text(text)
    assert str(folder) in said(open_pipeline, folder)


def test_the_vocabulary_is_read_and_a_missing_one_is_none(folder):
    assert read_vocabulary(folder) is None
    assert read_vocabulary("owner/name") is None
    (folder / "vocabulary.json").write_text(json.dumps({"words": ["Cat", "fox"], "groups": {}}))
    assert read_vocabulary(folder) == {"cat", "fox"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"words": 3}', '{"words": [1]}'])
def test_a_broken_vocabulary_is_said(folder, text):
    (folder / "vocabulary.json").write_text(text)
    assert "no vocabulary" in said(read_vocabulary, folder)
