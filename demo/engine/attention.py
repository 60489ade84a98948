"""Which word each place looked at: the cross-attention of a UNet, heard while it runs and not touched.

softmax(q k^T / sqrt(d)) over the tokens (Vaswani et al. 2017, equation 1) is never formed by the fused kernels that
pipelines use, and replacing those would change the picture in its last bits. So hooks on the two projections hear the
queries and keys, and the softmax is formed beside the run, only where it is shown: for the half with the prompt, in the
layers of the finest grid. Hooks sit on the shared module for one call, in which only one row is this run's.
"""

from __future__ import annotations

import contextlib
from functools import partial

import numpy as np
import torch
from diffusers.models.attention_processor import Attention

from demo.engine.patches import PatchListener, hooked, layers_of

MOST_PLACES = 32 * 32  # finer grids cost more than they show


class Listener:
    """Sums what the layers of the finest grid looked at, until it is taken."""

    def __init__(self, unet):
        self._heard, self._row = cross_attentions(unet), -1
        self._places = 0  # of the finest grid heard so far
        self._sum: torch.Tensor | float = 0.0
        self._layers = 0

    def listening(self, row: int = -1) -> contextlib.AbstractContextManager[None]:
        """Hear every cross-attention in one row of what comes: the last of a run's is that with the prompt.

        The UNet is left as it was, however the call ends.
        """
        self._row = row
        return hooked(self._heard, partial(_attach, self))

    def hear(self, layer: Attention, query: torch.Tensor, key: torch.Tensor) -> None:
        """query (n, places, heads * d) and key (n, tokens, heads * d) of one call."""
        places = query.shape[1]
        if not self._places <= places <= MOST_PLACES:
            return
        if places > self._places:
            self._places, self._sum, self._layers = places, 0.0, 0
        query, key = (rows[self._row].float().unflatten(-1, (layer.heads, -1)).transpose(0, 1) for rows in (query, key))
        scores = query @ key.transpose(1, 2) * layer.scale  # (heads, places, tokens)
        self._sum = self._sum + scores.softmax(-1).mean(0)
        self._layers += 1

    def take(self, height: int, width: int) -> np.ndarray | None:
        """Mean over heads and layers since the last take, float16 (tokens, h, w), one in sum at each place.

        height and width are those of the latents. None where nothing was heard.
        """
        if not self._layers:
            return None
        mean = (self._sum / self._layers).T.unflatten(-1, grid(self._places, height, width))
        self._sum, self._layers = 0.0, 0
        return mean.half().cpu().numpy()


def cross_attentions(unet) -> list[Attention]:
    """The layers of a diffusers UNet in which places look at words; empty where there are none, or no UNet."""
    named = unet.named_modules() if unet is not None else ()
    layers = [module for name, module in named if name.split(".")[-1] == "attn2" and isinstance(module, Attention)]
    return [layer for layer in layers if layer.is_cross_attention]


def listener_to(pipe) -> Listener | PatchListener:
    """A listener to the denoiser of `pipe`, be it a UNet or a transformer."""
    return PatchListener(pipe, MOST_PLACES) if layers_of(pipe) else Listener(getattr(pipe, "unet", None))


def why_no_word_maps(pipe) -> str | None:
    """None if places look at words in `pipe` where we can hear it, else why not, in one sentence."""
    if cross_attentions(getattr(pipe, "unet", None)) or layers_of(pipe):
        return None
    if getattr(pipe, "transformer", None) is not None:
        reader = type(pipe.text_encoder).__name__
        return (
            f"A {reader} reads the prompt inside an instruction; its tokens are not shown, so nor is who looks at them."
        )
    return f"A {type(pipe).__name__} has no UNet whose attention to single words could be listened to."


def grid(places: int, height: int, width: int) -> tuple[int, int]:
    """(h, w) of a layer with `places` places, halved as often as it takes; latents of (height, width) came in."""
    h, w = height, width
    while h * w > places:
        h, w = (h + 1) // 2, (w + 1) // 2  # a convolution of stride two rounds up
    if h * w != places:
        raise ValueError(f"latents of {height} x {width} never become {places} places by halving")
    return h, w


def _attach(listener: Listener, layer: Attention) -> list:
    asked = []

    def heard_query(_module, _args, query) -> None:
        asked[:] = [query]

    def heard_key(_module, _args, key) -> None:
        listener.hear(layer, asked.pop(), key)

    return [layer.to_q.register_forward_hook(heard_query), layer.to_k.register_forward_hook(heard_key)]
