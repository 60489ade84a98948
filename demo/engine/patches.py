"""Which word each patch looked at: attention.py for transformers, whose layers all have one grid, mostly a fine one.

In SD3 and FLUX patches look at one another and at words in one softmax. Of what a patch gives to words at all, each
word's share is softmax(q k^T / sqrt(d)) over the words alone (both parts of the fraction lose the same sum). So the
keys of the words are enough, with the queries of as many patches as can be shown, in a few layers: heard at their
projections, then normed and turned as the layer does it. What the layer computes is not touched.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

MOST_LAYERS = 4  # that are heard, spread evenly


@dataclass(frozen=True)
class Place:
    """Where a kind of transformer keeps its attention to words: the layer in each block, its keys and their norm."""

    layer: str
    keys: str
    norm: str


PLACES = {
    "PixArtSigmaPipeline": Place("attn2", "to_k", "norm_k"),
    "StableDiffusion3Pipeline": Place("attn", "add_k_proj", "norm_added_k"),
    "FluxPipeline": Place("attn", "add_k_proj", "norm_added_k"),
}


class PatchListener:
    """Keeps what the layers of a pipeline's transformer last asked and offered, until it is taken."""

    def __init__(self, pipe, most_places: int):
        self._place, self._most, self._layers = PLACES[type(pipe).__name__], most_places, layers_of(pipe)
        # SD3's other words are T5's, which say the prompt again in pieces of their own.
        self._words = pipe.tokenizer_max_length if type(pipe).__name__ == "StableDiffusion3Pipeline" else None
        self._heard: dict[torch.nn.Module, dict] = {}
        self._row = -1

    def listening(self, row: int = -1) -> contextlib.AbstractContextManager[None]:
        """Hear the layers in one row of what comes: the last of a run's is that with the prompt.

        The transformer is left as it was, however the call ends.
        """
        self._row = row
        return hooked(self._layers, self._attach)

    def _attach(self, layer: torch.nn.Module) -> list:
        return [
            layer.register_forward_pre_hook(self._given, with_kwargs=True),
            layer.to_q.register_forward_hook(lambda _module, _args, output: self._keep(layer, "query", output)),
            getattr(layer, self._place.keys).register_forward_hook(
                lambda _module, _args, output: self._keep(layer, "key", output)
            ),
        ]

    def take(self, height: int, width: int) -> np.ndarray | None:
        """Mean over heads and layers of the last call, float16 (tokens, h, w), one in sum at each place.

        height and width are those of the latents. None where nothing was heard.
        """
        if not self._heard:
            return None
        maps = torch.stack([self._map(layer, height, width, **heard) for layer, heard in self._heard.items()]).mean(0)
        self._heard.clear()
        return maps.half().cpu().numpy()

    def _given(self, layer, _args, named: dict) -> None:
        mask = named.get("attention_mask")
        mask = None if mask is None else mask[self._row].clone()
        self._heard[layer] = {"mask": mask, "turn": named.get("image_rotary_emb")}

    def _keep(self, layer, name: str, output: torch.Tensor) -> None:
        self._heard[layer][name] = output[self._row].clone()

    def _map(self, layer, height: int, width: int, query, key, mask, turn) -> torch.Tensor:
        """float32 (tokens, h, w) of one layer; query (places, heads * d), key (tokens, heads * d)."""
        tokens = len(key)
        side = math.isqrt(height * width // len(query))  # of a patch, in latents
        rows, columns = height // side, width // side
        every = next(n for n in range(1, rows + columns) if -(-rows // n) * -(-columns // n) <= self._most)
        seen = torch.arange(len(query), device=query.device).view(rows, columns)[::every, ::every]
        shape = seen.shape
        seen = seen.flatten()
        query = _normed(query[seen].unflatten(-1, (layer.heads, -1)), layer.norm_q)
        key = _normed(key.unflatten(-1, (layer.heads, -1)), getattr(layer, self._place.norm))
        if turn is not None:  # positions of the words first
            query = _turned(query, *(angles[tokens:].to(query.device)[seen] for angles in turn))
            key = _turned(key, *(angles[:tokens].to(key.device) for angles in turn))
        scores = torch.einsum("phd,thd->hpt", query.float(), key.float()) / math.sqrt(query.shape[-1])
        if mask is not None:
            scores = scores + mask.float()
        return scores[..., : self._words].softmax(-1).mean(0).T.unflatten(-1, shape)


@contextlib.contextmanager
def hooked(layers: Iterable, attach: Callable[[torch.nn.Module], list]) -> Iterator[None]:
    """In here `layers` have the hooks that `attach` puts on each."""
    hooks: list = []
    try:
        for layer in layers:
            hooks += attach(layer)
        yield
    finally:
        for hook in hooks:
            hook.remove()


def layers_of(pipe) -> list[torch.nn.Module]:
    """The layers in which patches of `pipe` are heard to look at words; empty where there are none."""
    place = PLACES.get(type(pipe).__name__)
    if place is None:
        return []
    layers = [getattr(block, place.layer) for block in pipe.transformer.transformer_blocks]
    spread = np.linspace(0, len(layers) - 1, MOST_LAYERS + 2)[1:-1].round().astype(int)
    return [layers[at] for at in spread] if len(layers) > MOST_LAYERS else layers


def _normed(rows: torch.Tensor, norm) -> torch.Tensor:
    return rows if norm is None else norm(rows)


def _turned(rows: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """rows (n, heads, d) turned by angles (n, d), in pairs of neighbours (Su et al. 2021, equation 34)."""
    real, imaginary = rows.float().unflatten(-1, (-1, 2)).unbind(-1)
    across = torch.stack([-imaginary, real], -1).flatten(-2)
    return rows.float() * cosine[:, None] + across * sine[:, None]
