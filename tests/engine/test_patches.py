"""Word maps of transformers against the whole softmax, formed from what the attention kernel itself was given."""

import functools

import numpy as np
import pytest
import torch
from tiny_families import FAMILIES

from demo.engine import attention
from demo.engine.attention import listener_to, why_no_word_maps
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.patches import MOST_LAYERS, layers_of
from demo.run.trace import Watch

NAMES = ["pixart-sigma", "sd3", "sd3-without-t5", "flux-dev", "flux-schnell"]
OBLONG = {"width": 96, "height": 64}  # of FLUX, whose own size is too large for a test


@functools.cache
def engine(name: str) -> DiffusersEngine:
    torch.manual_seed(0)
    pipe = FAMILIES[name]()
    pipe.set_progress_bar_config(disable=True)
    for one in pipe.transformer.parameters():  # else attention is flat, and every map alike
        one.data = one.data * 3 if one.ndim == 2 else one.data
    return DiffusersEngine(pipe, name)


def grid(name: str) -> tuple[int, int]:
    """Rows and columns of patches, two latents wide, four pixels."""
    return (16, 24) if name.startswith("flux") else (8, 8)


def run(name: str, watch: Watch):
    made = engine(name)
    size = OBLONG if name.startswith("flux") else {}
    guidance = {} if made.abilities.guidance is None else {"guidance": 3.0}
    request = made.abilities.request("a blue cat on a hat", seed=7, steps=2, **size, **guidance)
    return list(made.steps(request, watch=watch))


def whole_softmax(name: str, monkeypatch) -> tuple[list, list]:
    """The steps of a run, and of each layer of its last call the weights (heads, places, words) among all keys."""
    kernel, calls = torch.nn.functional.scaled_dot_product_attention, []

    def kept(query, key, value, attn_mask=None, **more):
        scores = query[-1].double() @ key[-1].double().transpose(-1, -2) / query.shape[-1] ** 0.5
        if attn_mask is not None:
            scores = scores + attn_mask[-1].double()
        calls.append(scores.softmax(-1))
        return kernel(query, key, value, attn_mask=attn_mask, **more)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", kept)
    steps = run(name, Watch(word_maps=True))
    (rows, columns), pipe = grid(name), engine(name)._pipe
    places = rows * columns
    if name == "pixart-sigma":
        return steps, [one for one in calls if one.shape[-2:] == (places, 300)][-2:]
    if name.startswith("sd3"):  # patches first, then CLIP's words, then T5's
        joint = [one for one in calls if one.shape[-1] > places and one.shape[-2] == one.shape[-1]][-2:]
        return steps, [one[:, :places, places : places + pipe.tokenizer_max_length] for one in joint]
    joint = [one for one in calls if one.shape[-1] == 512 + places][-2:-1]  # its last layer is of the other kind
    return steps, [one[:, 512:, :512] for one in joint]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("every", [1, 2])
def test_a_map_is_the_share_of_a_word_in_what_a_patch_gives_to_words(name, every, monkeypatch):
    rows, columns = grid(name)
    monkeypatch.setattr(attention, "MOST_PLACES", rows * columns // every**2)
    steps, layers = whole_softmax(name, monkeypatch)
    assert layers and steps[0].word_maps is None
    shares = torch.stack([(one / one.sum(-1, keepdim=True)).mean(0) for one in layers]).mean(0)
    expected = shares.T.unflatten(-1, (rows, columns)).numpy()[:, ::every, ::every]
    maps = steps[-1].word_maps
    assert maps.dtype == np.float16 and maps.shape == expected.shape
    np.testing.assert_allclose(maps, expected, rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(maps.astype(np.float64).sum(0), 1, atol=2e-3)
    assert maps.astype(np.float64).std((1, 2)).max() > 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_listening_changes_no_bit_and_leaves_nothing_behind(name):
    watched, alone = (run(name, Watch(word_maps=maps)) for maps in (True, False))
    for one, other in zip(watched, alone, strict=True):
        assert np.array_equal(one.latents, other.latents)
    modules = engine(name)._pipe.transformer.modules()
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in modules)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_map_for_each_token_that_is_shown(name):
    sent = engine(name).numbers("a blue cat on a hat").vectors
    assert len(run(name, Watch(word_maps=True))[-1].word_maps) == len(sent)


def test_a_few_layers_of_many_are_heard_from_beginning_to_end():
    pipe = engine("sd3")._pipe
    blocks = pipe.transformer.transformer_blocks
    many = torch.nn.ModuleList([blocks[0]] * 12 + [blocks[1]] * 12)
    try:
        pipe.transformer.transformer_blocks = many
        heard = layers_of(pipe)
    finally:
        pipe.transformer.transformer_blocks = blocks
    assert len(heard) == MOST_LAYERS and heard.count(blocks[0].attn) == heard.count(blocks[1].attn) == 2


def test_the_transformer_is_left_as_it_was_when_the_run_breaks():
    pipe = engine("flux-dev")._pipe
    with pytest.raises(ZeroDivisionError), listener_to(pipe).listening():
        raise ZeroDivisionError
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in pipe.transformer.modules())


@pytest.mark.parametrize("name", ["sana", "z-image", "qwen-image"])
def test_who_reads_inside_an_instruction_says_why_there_are_none(name):
    why = why_no_word_maps(FAMILIES[name]())
    assert "inside an instruction" in why and why.endswith(".")
