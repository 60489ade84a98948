from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, FluxPipeline, QwenImagePipeline
from diffusers.configuration_utils import FrozenDict
from diffusers.image_processor import VaeImageProcessor

from demo.engine import latents


class FakeVae:
    """A decoder that shows the first three channels and keeps what it was given."""

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, **config):
        self.config = FrozenDict(config)

    def decode(self, z, return_dict):
        self.given = z
        return (z[:, :3],)


def fake_pipe(**config):
    return SimpleNamespace(vae=FakeVae(**config), image_processor=VaeImageProcessor())


FAMILIES = {  # name: (the autoencoder's config, latents -> what the pipeline of that family decodes)
    "SD": ({"scaling_factor": 0.18215, "shift_factor": None}, lambda z: z / 0.18215),
    "TAESD": ({"scaling_factor": 1.0, "shift_factor": 0.0}, lambda z: z),
    "SDXL": ({"scaling_factor": 0.13025, "latents_mean": None, "latents_std": None}, lambda z: z / 0.13025),
    "SDXL, normalised": (
        {"scaling_factor": 0.5, "latents_mean": [1.0, 2.0, 3.0, 4.0], "latents_std": [2.0, 4.0, 6.0, 8.0]},
        lambda z: z * torch.tensor([2.0, 4, 6, 8]).view(4, 1, 1) / 0.5 + torch.tensor([1.0, 2, 3, 4]).view(4, 1, 1),
    ),
    "SD3, FLUX": ({"scaling_factor": 1.5305, "shift_factor": 0.0609}, lambda z: z / 1.5305 + 0.0609),
    "Sana": ({"scaling_factor": 0.41407}, lambda z: z / 0.41407),
    "Qwen-Image": (
        {"latents_mean": [1.0, 2.0, 3.0, 4.0], "latents_std": [2.0, 4.0, 6.0, 8.0]},
        lambda z: z * torch.tensor([2.0, 4, 6, 8]).view(4, 1, 1) + torch.tensor([1.0, 2, 3, 4]).view(4, 1, 1),
    ),
}


@pytest.mark.parametrize(("config", "expected"), FAMILIES.values(), ids=FAMILIES)
def test_each_familys_latents_reach_its_autoencoder_in_its_own_units(config, expected):
    z = torch.randn(2, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(latents.to_vae_units(z, FrozenDict(config)), expected(z))


def test_latents_without_a_scale_are_not_touched():
    z = torch.randn(1, 4, 2, 2)
    assert torch.equal(latents.to_vae_units(z, AutoencoderTiny().config), z)


def test_pixels_are_the_image_processors_own():
    pipe = fake_pipe(scaling_factor=1.0)
    z = torch.linspace(-1.5, 1.5, 2 * 4 * 16 * 16).reshape(2, 4, 16, 16)
    pictures = latents.decode(pipe, z)
    assert [(picture.shape, picture.dtype) for picture in pictures] == [((16, 16, 3), np.uint8)] * 2
    for picture, raw in zip(pictures, z[:, :3], strict=True):
        expected = ((raw / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy() * 255).round()
        assert np.array_equal(picture, expected)


def test_an_autoencoder_for_videos_gets_a_frame_axis_and_gives_its_first_frame():
    pipe = fake_pipe(temperal_downsample=[False])
    pictures = latents.decode(pipe, torch.zeros(1, 4, 8, 8))
    assert pipe.vae.given.shape == (1, 4, 1, 8, 8)
    assert pictures[0].shape == (8, 8, 3)


@pytest.mark.parametrize("family", [FluxPipeline, QwenImagePipeline])
def test_packed_latents_are_unpacked_as_their_pipeline_packs_them(family):
    z = torch.randn(1, 16, 8, 12)
    packed = family._pack_latents(z, 1, 16, 8, 12)
    pipe = SimpleNamespace(_unpack_latents=family._unpack_latents, vae_scale_factor=8)
    assert torch.equal(latents.planes(pipe, packed, height=64, width=96), z)
    square = SimpleNamespace(_unpack_latents=family._unpack_latents, vae_scale_factor=8, default_sample_size=8)
    assert torch.equal(latents.planes(square, family._pack_latents(z[..., :8], 1, 16, 8, 8)), z[..., :8])


def test_plane_latents_stay_as_they_are():
    z = torch.randn(1, 4, 8, 8)
    assert latents.planes(SimpleNamespace(), z) is z


class LinearVae(FakeVae):
    """An autoencoder that is a matrix: four latent channels, of which the first three are the colours in [-1, 1]."""

    def encode(self, pixels):
        self.encoded = pixels
        return (torch.cat([pixels, pixels.mean(1, keepdim=True)], 1),)


def linear_pipe(**config):
    return SimpleNamespace(vae=LinearVae(**config), image_processor=VaeImageProcessor(), vae_scale_factor=1)


@pytest.mark.parametrize(("config", "to_vae"), FAMILIES.values(), ids=FAMILIES)
def test_the_preview_of_a_linear_decoder_is_that_decoder_in_the_denoisers_units(config, to_vae):
    preview = latents.linear_preview(linear_pipe(**config))
    assert preview.matrix.shape == (3, 4) and preview.bias.shape == (3,)
    assert preview.matrix.dtype == preview.bias.dtype == np.float32
    assert preview.error < 0.5  # what rounding to whole levels can cost
    colours = torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(0)) * 2 - 1
    vae_units = torch.cat([colours, colours.mean(1, keepdim=True)], 1)
    zero, one = to_vae(torch.zeros_like(vae_units)), to_vae(torch.ones_like(vae_units))
    shown = preview.colours(((vae_units - zero) / (one - zero))[0].numpy())
    np.testing.assert_allclose(shown, (127.5 * colours[0] + 127.5).permute(1, 2, 0), atol=0.5)


def test_the_preview_says_how_far_off_it_is_where_the_decoder_is_not_linear():
    pipe = linear_pipe()
    straight = latents.linear_preview(pipe).error
    pipe.vae.decode = lambda z, return_dict: ((3 * z[:, :3]).tanh(),)
    assert latents.linear_preview(pipe).error > straight + 5


def test_the_preview_is_the_same_each_time(pipe):
    first, again = latents.linear_preview(pipe), latents.linear_preview(pipe)
    assert np.array_equal(first.matrix, again.matrix) and first.error == again.error
    assert first.matrix.shape == (3, 8) and np.isfinite(first.error)


def test_the_preview_knows_autoencoders_that_give_a_distribution_or_take_frames():
    torch.manual_seed(0)
    kl = SimpleNamespace(vae=AutoencoderKL(norm_num_groups=8, block_out_channels=(8,)), vae_scale_factor=1)
    kl.image_processor = VaeImageProcessor()
    assert latents.linear_preview(kl).matrix.shape == (3, 4)
    video = linear_pipe(temperal_downsample=[False])
    encode = video.vae.encode
    video.vae.encode = lambda pixels: (encode(pixels[:, :, 0])[0][:, :, None],)
    video.vae.decode = lambda z, return_dict: (z[:, :3],)
    assert latents.linear_preview(video).error < 0.5
