"""Each family of models as people have it, a folder in diffusers' layout, against the plain pipeline and the README."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from tiny_families import FAMILIES, build

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.families import takes
from demo.run.trace import Request, Watch

EVERY = pytest.mark.parametrize("name", FAMILIES)
BOTH = Watch(word_maps=True, guesses=True)
# What each family's own call is, as its pipeline's signature and its checkpoints' cards have it: steps and guidance.
OWN_CALL = {
    "sd-1": {"num_inference_steps": 50, "guidance_scale": 7.5},
    "sd-2": {"num_inference_steps": 50, "guidance_scale": 7.5},
    "sd-turbo": {"num_inference_steps": 1, "guidance_scale": 0.0},
    "lcm": {"num_inference_steps": 4, "guidance_scale": 8.5},
    "lcm-in-sd": {"num_inference_steps": 4, "guidance_scale": 7.5},
    "sdxl": {"num_inference_steps": 50, "guidance_scale": 5.0},
    "sdxl-turbo": {"num_inference_steps": 1, "guidance_scale": 0.0},
    "playground-v2.5": {"num_inference_steps": 50, "guidance_scale": 3.0},
    "sd3": {"num_inference_steps": 28, "guidance_scale": 7.0},
    "sd3-without-t5": {"num_inference_steps": 28, "guidance_scale": 7.0},
    "flux-schnell": {"num_inference_steps": 4, "guidance_scale": 0.0},
    "flux-dev": {"num_inference_steps": 28, "guidance_scale": 3.5},
    "pixart-sigma": {"num_inference_steps": 20, "guidance_scale": 4.5},
    "sana": {"num_inference_steps": 20, "guidance_scale": 4.5},
    "z-image": {"num_inference_steps": 50, "guidance_scale": 4.0},
    "qwen-image": {"num_inference_steps": 50, "true_cfg_scale": 4.0, "negative_prompt": " "},
    "ddpm": {"num_inference_steps": 100},  # 1,000 in its paper; 100 is the most that is watched
    "ddim": {"num_inference_steps": 50},
    "if": {"num_inference_steps": 100, "guidance_scale": 7.0},
}
SMALL = {"width": 64, "height": 64}  # of those whose own size is large, however few their weights


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Name -> folder of each family, written when first asked for."""
    root, made = tmp_path_factory.mktemp("families"), {}

    def folder(name):
        if name not in made:
            made[name] = build(name, root)
        return made[name]

    return folder


@pytest.fixture(scope="session")
def engines(folders):
    """Name -> engine of each family, loaded when first asked for."""
    made = {}

    def engine(name) -> DiffusersEngine:
        if name not in made:
            made[name] = DiffusersEngine.load(str(folders(name)))
        return made[name]

    return engine


def own_pixels(engine) -> dict:
    """Width and height of the model's own pictures, where a call may say them."""
    return dict(zip(SMALL, engine.abilities.size or (), strict=False))


def size_of(engine) -> dict:
    return SMALL if engine.abilities.size and engine.abilities.size[0] > 128 else {}


def asked(engine, **given) -> Request:
    return engine.abilities.request("a blue cat on a hat", **{"seed": 7, **size_of(engine), **given})


def plain(folder, request: Request, size: dict, **call) -> np.ndarray:
    """The picture of the pipeline itself, opened and called as its documentation says, uint8 (H, W, 3)."""
    pipe = DiffusionPipeline.from_pretrained(folder, **_left_out(folder))
    pipe.set_progress_bar_config(disable=True)
    names = takes(pipe)
    call |= size | ({"use_resolution_binning": False} if "use_resolution_binning" in names else {})
    prompt = {"prompt": request.prompt} if "prompt" in names else {}
    return np.asarray(pipe(**prompt, **call, generator=torch.Generator().manual_seed(request.seed)).images[0])


def _left_out(folder) -> dict:
    return {"text_encoder_3": None, "tokenizer_3": None} if folder.name == "sd3-without-t5" else {}


@EVERY
def test_with_nothing_said_it_is_the_plain_pipelines_own_picture_bit_for_bit(folders, engines, name):
    engine = engines(name)
    request = asked(engine)
    call = OWN_CALL[name]
    assert request.steps == call["num_inference_steps"]
    if request.steps > 6:  # the same in a moment: few steps are enough to differ
        call = call | {"num_inference_steps": 5}
        request = replace(request, steps=5)
    frames = list(engine.frames(request))
    assert [frame.index for frame in frames] == [*range(request.steps + 1)]
    assert np.array_equal(frames[-1].image, plain(folders(name), request, own_pixels(engine) | size_of(engine), **call))
