"""What is no model for this page is said in one sentence, before a weight is read."""

import json

import diffusers
import pytest
from random_model import build_pipeline, said

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.families import PIPELINES
from demo.engine.refusals import refuse_index, refuse_parts

CASES = {
    "StableDiffusionInpaintPipeline": "inpainting",
    "FluxFillPipeline": "inpainting",
    "StableDiffusionImg2ImgPipeline": "starts from a picture",
    "StableDiffusionXLImg2ImgPipeline": "starts from a picture",  # the refiner
    "StableDiffusionXLControlNetPipeline": "starts from a picture",
    "FluxControlPipeline": "draws after a picture",
    "StableDiffusionUpscalePipeline": "DEMO_UPSCALER",
    "StableDiffusionLatentUpscalePipeline": "DEMO_UPSCALER",
    "IFSuperResolutionPipeline": "DEMO_UPSCALER",
    "DiTPipeline": "draws the class of a number",
    "WanPipeline": "makes videos",
    "TextToVideoSDPipeline": "makes videos",
    "TextToVideoZeroPipeline": "makes videos",
    "LattePipeline": "makes videos",
    "StableVideoDiffusionPipeline": "makes videos",
    "AudioLDM2Pipeline": "makes sounds",
    "MusicLDMPipeline": "makes sounds",
    "StableAudioPipeline": "makes sounds",
    "KolorsPipeline": "was never tried here",
    "NoSuchPipeline": "lacks",
}


def load(folder) -> str:
    return said(DiffusersEngine.load, str(folder))


@pytest.mark.parametrize(("name", "why"), CASES.items())
def test_a_pipeline_for_something_else_says_what_it_is_for(name, why):
    text = said(refuse_index, "model", {"_class_name": name, "vae": ["diffusers", "AutoencoderKL"]})
    assert why in text and name in text


@pytest.mark.parametrize("name", PIPELINES)
def test_the_families_are_let_in(name):
    assert refuse_index("model", {"_class_name": name, "unet": ["diffusers", "UNet2DConditionModel"]}) is None
    assert hasattr(diffusers, name)


@pytest.mark.parametrize(
    "index",
    [
        {"_class_name": ["pipeline", "MyPipeline"]},
        {"_class_name": "StableDiffusionPipeline", "unet": ["my_unet", "MyUNet"]},
        {"_class_name": "StableDiffusionPipeline", "unet": ["os", "system"]},
    ],
)
def test_code_that_a_model_brings_is_not_run(index, folder):
    (folder / "my_unet.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")
    (folder / "model_index.json").write_text(json.dumps(index))
    assert "code of its own" in load(folder)
    assert not (folder / "ran").exists()


def test_pickles_are_not_opened(folder):
    (weights,) = (folder / "unet").glob("*.safetensors")
    weights.rename(folder / "unet" / "diffusion_pytorch_model.bin")
    assert "pickles (unet/diffusion_pytorch_model.bin)" in load(folder)


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
@pytest.mark.parametrize("kept", [0, 4, 1000, -1])
def test_weights_that_are_cut_short_are_said(folder, part, kept):
    (weights,) = (folder / part).glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:kept])
    assert "cut short or damaged: fetch them again" in load(folder) and part in load(folder)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "has no model_index.json"),
        ({"adapter_config.json": "{}"}, "a LoRA alone"),
        ({"pytorch_lora_weights.safetensors": ""}, "a LoRA alone"),
        ({"config.json": '{"_class_name": "ControlNetModel"}'}, "a ControlNet alone"),
        ({"config.json": '{"_class_name": "UNet2DConditionModel"}'}, "one part, a UNet2DConditionModel alone"),
        ({"config.json": '{"architectures": ["LlamaForCausalLM"]}'}, "one part, a LlamaForCausalLM alone"),
        ({"model.ckpt": ""}, "pickles"),
        ({"model_index.json": "{"}, "cannot be read as JSON"),
        ({"model_index.json": "[]"}, "cannot be read as JSON"),
    ],
)
def test_a_folder_of_something_else_says_of_what(tmp_path, files, why):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert why in load(tmp_path)


def test_a_denoiser_that_wants_more_than_noise_is_said():
    pipe = build_pipeline()
    pipe.unet.register_to_config(in_channels=9)  # noise, a mask and the picture behind it: inpainting
    assert "takes 9 channels where its autoencoder has 8" in said(refuse_parts, pipe)
    pipe.unet.register_to_config(in_channels=8, num_class_embeds=1000)
    assert "told a class" in said(refuse_parts, pipe)
