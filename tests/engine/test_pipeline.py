import inspect
import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler, PNDMScheduler
from random_model import SCHEDULE

from demo.engine.pipeline import (
    CLASSES,
    PROJECT,
    BadModel,
    find,
    new_scheduler,
    offered_schedulers,
    open_pipeline,
    own_guidance,
    read_vocabulary,
)
from demo.run.trace import GUIDANCE, SCHEDULERS
from demo.settings import DEFAULT_MODEL


@pytest.fixture(scope="module")
def saved(pipe, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "random"
    pipe.save_pretrained(folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of the saved model that a test may break."""
    return shutil.copytree(saved, tmp_path / "model")


def said(function, *arguments) -> str:
    with pytest.raises(BadModel) as refused:
        function(*arguments)
    text = str(refused.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 500
    return text


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


def test_a_folder_may_say_its_guidance(folder, pipe):
    stock = inspect.signature(pipe.__call__).parameters["guidance_scale"].default
    assert own_guidance(pipe, folder) == own_guidance(pipe, "owner/name") == stock
    for text, own in (('{"guidance_scale": 2.5}', 2.5), ('{"guidance_scale": null}', stock), ('{"top_k": 5}', stock)):
        (folder / "generation_config.json").write_text(text)
        assert own_guidance(pipe, folder) == own


@pytest.mark.parametrize("text", ["", "[]", '{"guidance_scale": "strong"}', '{"guidance_scale": 0}'])
def test_a_broken_guidance_is_said(folder, pipe, text):
    (folder / "generation_config.json").write_text(text)
    assert "'guidance_scale', a number from 1 to 20" in said(own_guidance, pipe, folder)


@pytest.mark.parametrize(("default", "own"), [(0, 1.0), (3.5, 3.5), (30, 20.0), (None, GUIDANCE)])
def test_a_pipelines_default_guidance_is_kept_within_what_may_be_asked(default, own):
    class Distilled:
        def __call__(self, prompt, guidance_scale=default):
            return prompt

    assert own_guidance(Distilled(), "owner/name") == own


def test_a_pipeline_without_guidance_gets_ours():
    assert own_guidance(str.upper, "owner/name") == GUIDANCE


@pytest.mark.parametrize("key", SCHEDULERS)
def test_every_scheduler_keeps_the_models_noise_schedule(key):
    own = SimpleNamespace(scheduler=DDIMScheduler(**SCHEDULE))
    scheduler = new_scheduler(own, key)
    assert type(scheduler) is CLASSES[key]
    assert {name: scheduler.config[name] for name in SCHEDULE if name != "clip_sample"} == {
        name: value for name, value in SCHEDULE.items() if name != "clip_sample"
    }
    torch.testing.assert_close(scheduler.alphas_cumprod, own.scheduler.alphas_cumprod, atol=2**-23, rtol=1e-5)
    scheduler.set_timesteps(4)
    assert scheduler.timesteps.tolist() == [999, 749, 499, 249]


def test_each_run_gets_a_scheduler_of_its_own():
    own = SimpleNamespace(scheduler=DDIMScheduler(**SCHEDULE))
    assert new_scheduler(own, "ddim") is not own.scheduler
    assert new_scheduler(own, "ddim").config == own.scheduler.config


@pytest.mark.parametrize("other", [PNDMScheduler(), EulerDiscreteScheduler()])
def test_ddim_never_clips_latents_to_what_pixels_may_be(other):
    assert new_scheduler(SimpleNamespace(scheduler=other), "ddim").config.clip_sample is False


def test_dpm_is_what_its_label_says_whatever_the_model_was_saved_with():
    saved = {"solver_order": 3, "algorithm_type": "sde-dpmsolver++", "final_sigmas_type": "sigma_min"}
    own = SimpleNamespace(scheduler=CLASSES["dpm++2m"](**saved))
    config = new_scheduler(own, "dpm++2m").config
    assert (config.solver_order, config.algorithm_type, config.final_sigmas_type) == (2, "dpmsolver++", "zero")


def test_a_flow_model_is_offered_what_it_can_run():
    flow = SimpleNamespace(scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0))
    assert offered_schedulers(flow) == {"euler": "Euler"}
    assert new_scheduler(flow, "euler").config.shift == 3.0
    assert offered_schedulers(SimpleNamespace(scheduler=DDIMScheduler())) == SCHEDULERS
