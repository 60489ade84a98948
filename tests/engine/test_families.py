"""Each family of models as people have it, a folder in diffusers' layout, against the plain pipeline and the README."""

import inspect
import json
import shutil
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from families_table import table
from tiny_families import FAMILIES, build

from demo.engine.api import BadModel
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.families import KNOWN, own_manners, own_size, takes
from demo.run.trace import OWN, BadRequest, Defaults, Request, Watch

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
ROOT = Path(__file__).resolve().parents[2]
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


@EVERY
def test_every_scheduler_that_is_offered_goes_from_noise_to_the_guess(engines, name):
    engine = engines(name)
    for key in engine.abilities.schedulers:
        steps = list(engine.steps(asked(engine, scheduler=key, steps=4)))
        assert [step.index for step in steps] == [0, 1, 2, 3, 4] and steps[0].denoised is None
        left = [step.noise_left for step in steps]
        assert left == sorted(left, reverse=True) and left[0] == 1.0 and left[-1] < 0.03, key
        result = steps[-1].latents
        off = np.abs(steps[-1].denoised - result).max()
        assert off <= (0.03 if steps[-1].sigma else 1e-5) * max(1.0, np.abs(result).max()), key
        assert all(np.isfinite(step.latents).all() for step in steps)


def heard(engine, request) -> list[tuple]:
    """What the denoiser itself was given and answered, by a twin that knows nothing of doors and taps."""
    pipe, calls = engine._pipe, []
    denoiser = getattr(pipe, "unet", None) or pipe.transformer
    inner = denoiser.forward

    def forward(*args, **kwargs):
        answer = inner(*args, **kwargs)
        calls.append(answer[0] if isinstance(answer, tuple) else answer.sample)
        return answer

    denoiser.forward = forward
    try:
        steps = list(engine.steps(request, watch=BOTH))
    finally:
        del denoiser.forward
    return list(zip(steps[1:], calls, strict=True))


@pytest.mark.parametrize("name", ["sd-2", "sdxl", "playground-v2.5", "sd3", "pixart-sigma", "sana", "z-image", "if"])
def test_the_two_guesses_are_the_networks_own_and_mix_to_the_one_that_is_used(engines, name):
    engine = engines(name)
    assert engine.abilities.can("guidance")
    key = next(iter(engine.abilities.schedulers))
    request = asked(engine, steps=4, guidance=3.0)
    for step, output in heard(engine, request):
        assert step.conditional is not None and len(output) == 2
        mix = step.unconditional + 3.0 * (step.conditional - step.unconditional)
        if name != "if":  # whose guess is clipped to what pixels may be
            np.testing.assert_allclose(step.denoised, mix, atol=2e-4 * max(1.0, np.abs(mix).max()), err_msg=key)


@EVERY
def test_what_it_says_it_cannot_show_is_not_there_and_what_it_can_is(engines, name):
    engine = engines(name)
    able = engine.abilities
    guidance = {} if able.guidance is None else {"guidance": 3.0}
    last = list(engine.steps(asked(engine, steps=2, **guidance), watch=BOTH))[-1]
    assert (last.conditional is not None) == able.can("guidance")
    assert (last.word_maps is not None) == able.can("word_maps")
    if able.can("numbers"):
        assert np.isfinite(engine.numbers("a blue cat").vectors).all()


@EVERY
def test_what_it_has_not_is_refused_and_what_it_has_changes_the_picture(engines, name):
    engine = engines(name)
    able = engine.abilities
    few = {"steps": 2}
    plainly = list(engine.steps(asked(engine, **few)))[-1].latents
    options = {"guidance": (able.guidance is not None, 6.25), "negative_prompt": (able.negative_prompt, "a red fox")}
    for option, (there, value) in options.items():
        if not there:
            with pytest.raises(BadRequest) as refused:
                asked(engine, **few, **{option: value})
            assert refused.value.field == option
            continue
        strong = {} if option == "guidance" else {"guidance": 3.0}
        before = list(engine.steps(asked(engine, **few, **strong)))[-1].latents if strong else plainly
        after = list(engine.steps(asked(engine, **few, **strong, **{option: value})))[-1].latents
        assert not np.array_equal(before, after), option
    if able.size is None:
        with pytest.raises(BadRequest) as refused:
            asked(engine, width=64, height=64)
        assert refused.value.field == "width"


@pytest.mark.parametrize("name", ["ddpm", "ddim"])
def test_who_reads_nothing_says_so_and_draws_its_own_pixels(engines, name):
    able = engines(name).abilities
    assert not able.reads and not able.decodes and set(able.cannot) >= {"word_maps", "guidance", "numbers"}
    step = list(engines(name).steps(asked(engines(name), steps=2)))[-1]
    assert step.latents.shape == (3, 16, 16)


def test_a_folder_may_leave_its_largest_reader_out(folders, tmp_path):
    bare = shutil.copytree(folders("sd3"), tmp_path / "sd3")
    shutil.rmtree(bare / "text_encoder_3")
    shutil.rmtree(bare / "tokenizer_3")
    engine = DiffusersEngine.load(str(bare))
    assert len(list(engine.steps(asked(engine, steps=1)))) == 2


def test_a_folder_of_half_precision_alone_is_read(folders, tmp_path):
    pipe = DiffusionPipeline.from_pretrained(folders("sd-2"))
    pipe.save_pretrained(tmp_path / "half", variant="fp16")
    engine = DiffusersEngine.load(str(tmp_path / "half"))
    again = DiffusersEngine.load(str(folders("sd-2")))
    one, other = (list(each.steps(asked(each, steps=1)))[-1].latents for each in (engine, again))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("halves", "stem"),
    [
        (("unet",), "diffusion_pytorch_model.fp16"),  # the rest is whole
        (("unet",), "diffusion_pytorch_model-00001-of-00001.fp16"),  # as older tools name a file in pieces
        ((), ""),  # both of everything: the whole ones are read
    ],
)
def test_half_precision_is_read_where_there_is_nothing_else(folders, tmp_path, halves, stem):
    model = shutil.copytree(folders("sd-2"), tmp_path / "model")
    pipe = DiffusionPipeline.from_pretrained(model, dtype=torch.float16)
    if not halves:
        pipe.save_pretrained(model, variant="fp16")
    for part in halves:
        (whole,) = (model / part).glob("*.safetensors")
        whole.unlink()
        getattr(pipe, part).save_pretrained(model / part, variant="fp16")
        (file,) = (model / part).glob("*.safetensors")
        if "-of-" in stem:
            weights = dict.fromkeys(getattr(pipe, part).state_dict(), f"{stem}.safetensors")
            index = {"metadata": {"total_size": file.stat().st_size}, "weight_map": weights}
            (model / part / "diffusion_pytorch_model.safetensors.index.fp16.json").write_text(json.dumps(index))
        file.rename(model / part / f"{stem}.safetensors")
    whole = dict(DiffusersEngine.load(str(folders("sd-2")))._pipe.unet.named_parameters())
    for name, one in DiffusersEngine.load(str(model))._pipe.unet.named_parameters():
        expected = whole[name].half().float() if halves else whole[name]
        assert one.dtype == torch.float32 and torch.equal(one, expected), name


@pytest.mark.parametrize("own", ["HeunDiscrete", "DEISMultistep", "DPMSolverSinglestep", "TCD"])
def test_whatever_a_folders_own_scheduler_is_its_steps_are_counted_once(folders, tmp_path, own):
    """Heun calls the network twice for a step: N steps are N + 1 states all the same, and the picture is as plain."""
    pipe = DiffusionPipeline.from_pretrained(folders("sd-2"))
    config = {name: value for name, value in pipe.scheduler.config.items() if not name.startswith("_")}
    scheduler = getattr(diffusers, f"{own}Scheduler")
    pipe.scheduler = scheduler(**{n: v for n, v in config.items() if n in takes_of(scheduler)})
    pipe.save_pretrained(tmp_path / "model")
    engine = DiffusersEngine.load(str(tmp_path / "model"))
    assert next(iter(engine.abilities.schedulers)) == OWN
    for steps in (1, 2, 5):
        request = asked(engine, steps=steps, guidance=3.0)
        frames = list(engine.frames(request))
        assert [frame.index for frame in frames] == [*range(steps + 1)]
        call = {"num_inference_steps": steps, "guidance_scale": 3.0}
        assert np.array_equal(frames[-1].image, plain(tmp_path / "model", request, {}, **call))


def takes_of(cls) -> set[str]:
    return set(inspect.signature(cls).parameters)


def test_the_readmes_table_is_what_the_models_say_of_themselves(engines):
    told = table({name: engines(name) for name in FAMILIES})
    assert told in (ROOT / "README.md").read_text(encoding="utf-8"), "python tests/families_table.py writes it"


def test_a_folder_may_say_its_steps_and_its_guidance(pipe, tmp_path):
    stock = Defaults(50, 7.5)
    assert own_manners(pipe, tmp_path) == own_manners(pipe, "owner/name") == stock
    for text, own in (
        ('{"guidance_scale": 2.5}', Defaults(50, 2.5)),
        ('{"guidance_scale": null, "num_inference_steps": 8}', Defaults(8, 7.5)),
        ('{"top_k": 5}', stock),
    ):
        (tmp_path / "generation_config.json").write_text(text)
        assert own_manners(pipe, tmp_path) == own


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"guidance_scale": "strong"}', '{"guidance_scale": 0}', '{"num_inference_steps": 0}'],
)
def test_broken_manners_are_said(pipe, tmp_path, text):
    (tmp_path / "generation_config.json").write_text(text)
    with pytest.raises(BadModel, match="'guidance_scale', a number from 1 to 20, and 'num_inference_steps'"):
        own_manners(pipe, tmp_path)


@pytest.mark.parametrize(
    ("model", "own"),
    [
        ("stabilityai/sd-turbo", Defaults(1, 1.0)),
        ("stabilityai/sdxl-turbo", Defaults(1, 1.0)),
        ("stabilityai/stable-diffusion-3.5-medium", Defaults(40, 4.5)),
        ("stabilityai/stable-diffusion-3.5-large-turbo", Defaults(4, 1.0)),
        ("playgroundai/playground-v2.5-1024px-aesthetic", Defaults(50, 3.0)),
        ("black-forest-labs/FLUX.1-dev", Defaults(50, 3.5)),
        ("Tongyi-MAI/Z-Image-Turbo", Defaults(9, 1.0)),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", Defaults(50, 7.5)),
        ("turbo/some-model", Defaults(50, 7.5)),  # an owner's name says nothing
    ],
)
def test_a_known_checkpoint_has_the_manners_of_its_card(pipe, model, own):
    assert own_manners(pipe, model) == own_manners(pipe, Path("/models") / model) == own


def test_what_is_known_can_be_asked():
    for known in KNOWN:
        assert known.steps is None or 1 <= known.steps <= 100
        assert known.guidance is None or 1 <= known.guidance <= 20
    assert own_size(None, "Qwen/Qwen-Image") == (1328, 1328)
