import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from diffusers.image_processor import VaeImageProcessor
from random_model import WORDS

from demo.engine import decoders, latents
from demo.engine.api import BadModel, BrokenRun
from demo.engine.darkroom import Darkroom
from demo.engine.diffusers_engine import DiffusersEngine
from demo.run import measure, messages
from demo.run.schema import fault
from demo.run.trace import Request, difference

REQUEST = Request("a blue cat", 7, 3, 2.0)


def tiny_one(channels: int, depth: int = 3) -> AutoencoderTiny:
    torch.manual_seed(1)
    sides = {"encoder_block_out_channels": (8,) * depth, "decoder_block_out_channels": (8,) * depth}
    blocks = {"num_encoder_blocks": (1,) * depth, "num_decoder_blocks": (1,) * depth}
    return AutoencoderTiny(latent_channels=channels, **sides, **blocks).eval()


def large(device="cpu", weights=decoders.LARGE + 1, **config):
    weights = torch.empty(weights, device="meta")
    vae = SimpleNamespace(parameters=lambda: iter([weights]), device=torch.device(device), config=config)
    return SimpleNamespace(vae=vae, vae_scale_factor=8)


def engine_with(pipe, preview: str, cache=None) -> DiffusersEngine:
    return DiffusersEngine(pipe, "random", frozenset(WORDS[4:]), preview=preview, cache=cache)


def test_a_large_decoder_is_watched_by_the_linear_map_on_a_cpu_alone():
    def kind(pipe, wanted=""):
        return decoders.choose(pipe, wanted, lambda: None).kind

    assert kind(large()) == "linear"
    assert kind(large(weights=decoders.LARGE)) == "exact"
    assert kind(large("cuda")) == kind(large("mps")) == "exact"
    assert kind(large(), "exact") == "exact" and kind(large("cuda"), "linear") == "linear"


def test_the_usual_autoencoder_is_large_and_the_embedded_one_is_not(shipped):
    with torch.device("meta"):
        usual = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        )
    assert sum(weights.numel() for weights in usual.parameters()) > decoders.LARGE
    assert shipped._decoder.kind == "exact"


@pytest.mark.parametrize(
    ("channels", "scaling", "name"),
    [(4, 0.18215, "taesd"), (4, 0.13025, "taesdxl"), (16, 1.5305, "taesd3"), (16, 0.3611, "taef1")],
)
def test_the_tiny_autoencoder_of_a_family_is_known_by_its_latents(channels, scaling, name):
    assert decoders.known(large(latent_channels=channels, scaling_factor=scaling)) == f"madebyollin/{name}"


def test_a_family_without_a_known_one_is_told_what_to_do():
    with pytest.raises(BadModel, match="DEMO_PREVIEW, or set it to linear or exact"):
        decoders.choose(large(latent_channels=32, scaling_factor=0.41407), "tiny", lambda: None)


def test_the_result_is_the_pipelines_own_whatever_showed_the_way(pipe, tmp_path):
    tiny_one(8).save_pretrained(tmp_path / "tiny")
    exact = list(engine_with(pipe, "exact").frames(REQUEST))
    for preview, kind in (("linear", "linear"), (str(tmp_path / "tiny"), "tiny")):
        frames = list(engine_with(pipe, preview).frames(REQUEST))
        assert {frame.decoder for frame in frames} == {kind}
        assert np.array_equal(frames[-1].image, exact[-1].image) and frames[-1].sha256 == exact[-1].sha256
        assert all(not np.array_equal(ours.image, own.image) for ours, own in zip(frames[:-1], exact, strict=False))
        assert all(np.array_equal(ours.step.latents, own.step.latents) for ours, own in zip(frames, exact, strict=True))
        assert {frame.image.shape for frame in frames} == {exact[0].image.shape}


def test_the_pictures_of_a_run_are_compared_as_one_decoder_shows_them(pipe):
    frames = list(engine_with(pipe, "linear").frames(REQUEST))
    last, before = frames[-1], frames[-2]
    assert [frame.preview is None for frame in frames] == [True, True, True, False]
    assert np.array_equal(last.change, difference(last.preview, before.image)[0])
    assert measure.curves(frames).change[-1] == measure.change(before.image, last.preview).levels
    again = engine_with(pipe, "linear").trace(REQUEST, frames).to_json()
    assert again["decoder"] == "linear"


def test_the_messages_say_what_made_the_pictures(pipe):
    frames = list(engine_with(pipe, "linear").frames(REQUEST))
    told = [json.loads(messages.frame("k" * 24, at, frame)) for at, frame in enumerate(frames)]
    assert [fault(message) for message in told] == [None] * 4
    assert {message["decoder"] for message in told} == {"linear"}


def test_the_linear_map_is_shown_one_square_for_each_place(pipe):
    engine = engine_with(pipe, "linear")
    step = next(iter(engine.steps(REQUEST)))
    frame = Darkroom(decoders.exact(pipe), engine._decoder).develop(step)
    side = pipe.vae_scale_factor
    squares = frame.image[::side, ::side]
    assert np.array_equal(squares.repeat(side, 0).repeat(side, 1), frame.image)
    expected = np.clip(np.round(engine.preview().colours(step.latents)), 0, 255)
    assert np.array_equal(squares, expected)


def test_the_tiny_one_shows_what_it_decodes_itself(pipe, tmp_path):
    small = tiny_one(8)
    small.save_pretrained(tmp_path)
    z = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    pictures = decoders.choose(pipe, str(tmp_path), lambda: None).show(z, "these")
    with torch.no_grad():
        pixels = small.decode(z).sample
    expected = VaeImageProcessor().postprocess(pixels, output_type="pil")
    assert all(np.array_equal(picture, np.asarray(one)) for picture, one in zip(pictures, expected, strict=True))


def test_a_tiny_one_that_does_not_fit_is_refused_before_anything_runs(pipe, tmp_path):
    tiny_one(4).save_pretrained(tmp_path / "other")
    with pytest.raises(BadModel, match=r"4 channels, and this model's have 8"):
        engine_with(pipe, str(tmp_path / "other"))
    tiny_one(8, depth=2).save_pretrained(tmp_path / "coarse")
    with pytest.raises(BadModel, match="makes 2 pixels of each latent, and this model 4"):
        engine_with(pipe, str(tmp_path / "coarse"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadModel, match="cannot be opened as a tiny autoencoder"):
        engine_with(pipe, str(tmp_path / "empty"))


def test_a_tiny_one_that_gives_no_numbers_breaks_the_run(pipe, tmp_path):
    small = tiny_one(8)
    torch.nn.init.constant_(next(small.decoder.parameters()), float("nan"))
    small.save_pretrained(tmp_path)
    with pytest.raises(BrokenRun, match="not finite"):
        list(engine_with(pipe, str(tmp_path)).frames(REQUEST))


def test_the_linear_map_is_fitted_once_for_each_autoencoder(pipe, tmp_path, monkeypatch):
    first = decoders.fitted(pipe, tmp_path)
    fits = []
    monkeypatch.setattr(decoders, "linear_preview", lambda pipe: fits.append(1) or latents.linear_preview(pipe))
    again = engine_with(pipe, "linear", tmp_path).preview()
    assert not fits and np.array_equal(first.matrix, again.matrix) and np.array_equal(first.bias, again.bias)
    assert first.error == again.error and again.matrix.dtype == np.float32
    other = SimpleNamespace(vae=tiny_one(8), image_processor=VaeImageProcessor(), vae_scale_factor=4)
    assert not np.array_equal(decoders.fitted(other, tmp_path).matrix, first.matrix) and len(fits) == 1


def test_the_exact_pictures_of_a_step_can_be_had_afterwards(pipe):
    quick, exact = (list(engine_with(pipe, kind).frames(REQUEST)) for kind in ("linear", "exact"))
    engine = engine_with(pipe, "linear")
    shown = engine.exact(quick[0].step)
    assert shown["guess"] is None and np.array_equal(shown["state"], exact[0].image)
    shown = engine.exact(quick[-1].step)
    assert np.array_equal(shown["state"], exact[-1].image) and np.array_equal(shown["guess"], exact[-1].denoised)
