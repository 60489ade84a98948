"""The word maps against softmax(q k^T / sqrt(d)) worked out here, head by head, from the layers' own weights."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import UNet2DModel

from demo.engine import attention
from demo.engine.attention import Listener, cross_attentions, grid, why_no_word_maps

TOKENS = 16


def inputs(seed=0, count=2):
    """Latents, a timestep and vectors of `count` prompts."""
    random = torch.Generator().manual_seed(seed)
    latents, vectors = (torch.randn(count, *shape, generator=random) for shape in ((8, 8, 8), (TOKENS, 32)))
    return latents, torch.tensor(500), 3 * vectors


@torch.inference_mode()
def by_hand(layer, places, vectors):
    """(places, tokens), the mean over heads of one layer's attention; places (n, c) and vectors (t, d)."""
    query, key = places @ layer.to_q.weight.T, vectors @ layer.to_k.weight.T
    width = query.shape[1] // layer.heads
    maps = []
    for head in range(layer.heads):
        part = slice(head * width, (head + 1) * width)
        weight = torch.exp(query[:, part] @ key[:, part].T / math.sqrt(width))
        maps.append(weight / weight.sum(1, keepdim=True))
    return torch.stack(maps).mean(0)


def heard(unet, given, height=8, width=8):
    listener = Listener(unet)
    with torch.inference_mode(), listener.listening():
        unet(*given)
    return listener.take(height, width)


def hooks(unet):
    return [name for name, module in unet.named_modules() if module._forward_hooks or module._forward_pre_hooks]


def test_a_map_is_the_softmax_of_the_finest_layers(pipe):
    seen = {}
    layers = cross_attentions(pipe.unet)
    assert len(layers) == 4  # 8x8 on the way down, 4x4 in the middle, two of 8x8 on the way up

    def keep(layer, args, kwargs):
        seen[layer] = args[0][-1], kwargs["encoder_hidden_states"][-1]

    watching = [layer.register_forward_pre_hook(keep, with_kwargs=True) for layer in layers]
    try:
        words = heard(pipe.unet, inputs())
    finally:
        for hook in watching:
            hook.remove()
    finest = [by_hand(layer, *given) for layer, given in seen.items() if len(given[0]) == 64]
    assert len(finest) == 3
    expected = torch.stack(finest).mean(0).T.reshape(TOKENS, 8, 8)
    assert words.dtype == np.float16
    np.testing.assert_allclose(words, expected.numpy(), rtol=1e-3, atol=1e-6)


def test_a_map_sums_to_one_over_the_tokens_and_is_not_flat(pipe):
    words = heard(pipe.unet, inputs()).astype(np.float64)
    np.testing.assert_allclose(words.sum(0), 1, atol=1e-3)
    assert words.std(0).min() > 0 and words.std((1, 2)).max() > 0


def test_only_the_half_with_the_prompt_is_heard(pipe):
    latents, time, vectors = inputs()
    both = heard(pipe.unet, (latents, time, vectors))
    np.testing.assert_allclose(both, heard(pipe.unet, (latents[1:], time, vectors[1:])), rtol=1e-3)
    assert not np.allclose(both, heard(pipe.unet, (latents[:1], time, vectors[:1])), rtol=1e-2)


def test_grids_that_are_too_fine_are_left_out(pipe, monkeypatch):
    monkeypatch.setattr(attention, "MOST_PLACES", 16)
    assert heard(pipe.unet, inputs()).shape == (TOKENS, 4, 4)


def test_each_take_begins_anew(pipe):
    listener = Listener(pipe.unet)
    with torch.inference_mode(), listener.listening():
        assert listener.take(8, 8) is None
        maps = []
        for seed in (0, 1, 0):
            pipe.unet(*inputs(seed))
            maps.append(listener.take(8, 8))
    assert np.array_equal(maps[0], maps[2]) and not np.array_equal(maps[0], maps[1])


def test_listening_changes_no_bit_and_leaves_nothing_behind(pipe):
    processors = dict(pipe.unet.attn_processors)
    with torch.inference_mode():
        alone = pipe.unet(*inputs()).sample
        listener = Listener(pipe.unet)
        with listener.listening():
            assert len(hooks(pipe.unet)) == 8
            assert torch.equal(pipe.unet(*inputs()).sample, alone)
            assert listener.take(8, 8) is not None
    assert hooks(pipe.unet) == [] and dict(pipe.unet.attn_processors) == processors


def test_the_unet_is_left_as_it_was_when_the_run_breaks(pipe):
    with pytest.raises(ZeroDivisionError), Listener(pipe.unet).listening():
        raise ZeroDivisionError
    assert hooks(pipe.unet) == []


@pytest.mark.parametrize(("height", "width"), [(8, 8), (16, 24), (9, 13), (1, 5), (128, 96)])
def test_a_grid_is_halved_as_a_convolution_halves_it(height, width):
    halve = torch.nn.Conv2d(1, 1, 3, stride=2, padding=1)
    plane = torch.zeros(1, 1, height, width)
    for _ in range(3):
        h, w = plane.shape[-2:]
        assert grid(h * w, height, width) == (h, w)
        plane = halve(plane)


def test_a_grid_that_cannot_be_is_an_error():
    with pytest.raises(ValueError, match="8 x 8 never become 5 places"):
        grid(5, 8, 8)


def test_why_there_are_no_words_is_said(pipe):
    assert why_no_word_maps(pipe) is None
    assert cross_attentions(None) == []
    plain = UNet2DModel(
        block_out_channels=(8, 8),
        norm_num_groups=4,
        down_block_types=["DownBlock2D"] * 2,
        up_block_types=["UpBlock2D"] * 2,
    )
    for other in (SimpleNamespace(), SimpleNamespace(unet=plain)):
        said = why_no_word_maps(other)
        assert said.startswith("A SimpleNamespace has no UNet") and said.endswith(".")
