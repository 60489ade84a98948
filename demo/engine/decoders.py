"""What shows the states of a run while it is under way: the model's own decoder, or a quicker preview that says so.

Three kinds. "exact" is the model's autoencoder. "tiny" is an autoencoder that was distilled from it, an AutoencoderTiny
(madebyollin/taesd and its kin), which takes the denoiser's latents as they are. "linear" is one matrix, fitted to the
model's own decodes: one colour for each latent place. The result of a run is the exact decoder's, whatever showed the
way to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from diffusers import AutoencoderTiny

from demo.engine.api import BadModel, Preview
from demo.engine.latents import decode, linear_preview, pictures_of, to_vae_units
from demo.engine.remembered import fingerprint, remembered
from demo.engine.table import Table
from demo.run.trace import Decoded

# (latent channels, scaling factor) of an autoencoder -> the tiny one that was distilled from it
KNOWN = {
    (4, 0.18215): "madebyollin/taesd",  # Stable Diffusion 1 and 2, PixArt-alpha
    (4, 0.13025): "madebyollin/taesdxl",  # SDXL, PixArt-Sigma
    (16, 1.5305): "madebyollin/taesd3",  # Stable Diffusion 3
    (16, 0.3611): "madebyollin/taef1",  # FLUX.1, Z-Image
}
LARGE = 20_000_000  # weights of an autoencoder that a CPU should not run at every step: the usual ones have 50 to 85 M

Pictures = list[np.ndarray]  # uint8 sRGB (H, W, 3)


class Decoder(NamedTuple):
    """kind is "exact", "tiny" or "linear"; show takes latents (n, C, h, w) in the denoiser's units, and their owner."""

    kind: Decoded
    show: Callable[[torch.Tensor, str], Pictures]


def choose(pipe, wanted: str, preview: Callable[[], Preview]) -> Decoder:
    """The Decoder that `wanted` names: a kind, an id or folder of an AutoencoderTiny, or "" for what suits the machine.

    That is the model's own decoder, but on a CPU, where it is large, the linear one. `preview` gives the Preview that
    the linear one shows. Raises BadModel in one sentence.
    """
    kind = wanted or ("linear" if _too_slow(pipe) else "exact")
    if kind == "exact" or getattr(pipe, "vae", None) is None:  # pixels need no decoder
        return exact(pipe)
    if kind == "linear":
        return linear(pipe, preview)
    return tiny(pipe, kind if kind != "tiny" else known(pipe))


def known(pipe) -> str:
    """The id of the tiny autoencoder that belongs to a pipeline's own. Raises BadModel where none is known."""
    config = pipe.vae.config
    channels, scaling = config.get("latent_channels"), config.get("scaling_factor")
    for (their_channels, their_scaling), name in KNOWN.items():
        if channels == their_channels and scaling == their_scaling:
            return name
    raise BadModel(
        f"No tiny autoencoder is known for the latents of this {type(pipe).__name__}; name one by its folder or hub id "
        "in DEMO_PREVIEW, or set it to linear or exact."
    )


def exact(pipe) -> Decoder:
    """The pipeline's own decoder."""
    return Decoder("exact", lambda latents, whose: decode(pipe, latents, whose))


def at(table: Table, decoder: Decoder, pipe) -> Decoder:
    """A Decoder that works at the runs' table, in one call for all who wait; one by one where it is large."""
    many = decoder.kind == "tiny" or not _is_large(pipe)
    together = table.show if many else table.alone
    return Decoder(decoder.kind, partial(together, decoder.show))


def linear(pipe, preview: Callable[[], Preview]) -> Decoder:
    """One colour for each latent place, as large as the place is in the picture."""

    def show(latents: torch.Tensor, whose: str) -> Pictures:
        side, made = pipe.vae_scale_factor, preview()
        colours = [made.colours(one) for one in latents.float().cpu().numpy()]
        return [_enlarged(np.clip(np.round(one), 0, 255).astype(np.uint8), side) for one in colours]

    return Decoder("linear", show)


def tiny(pipe, source: str) -> Decoder:
    """The AutoencoderTiny of a folder or hub id, on the pipeline's own device. Raises BadModel."""
    local = Path(source).expanduser().is_dir()
    own = pipe.vae
    try:
        place = Path(source).expanduser() if local else source
        small = AutoencoderTiny.from_pretrained(place, local_files_only=local, use_safetensors=True, dtype=own.dtype)
    except Exception as error:  # diffusers, hub and safetensors each have their own ways to fail
        raise BadModel(
            f"The preview {source!r} cannot be opened as a tiny autoencoder (a folder or hub id of an AutoencoderTiny "
            "in safetensors); DEMO_PREVIEW may also be linear or exact."
        ) from error
    theirs, ours = small.config.latent_channels, own.config.get("latent_channels")
    if ours is not None and theirs != ours:
        raise BadModel(
            f"The preview {source!r} is for latents of {theirs} channels, and this model's have {ours}; "
            "choose another in DEMO_PREVIEW, or set it to linear or exact."
        )
    small = small.to(own.device).eval()
    with torch.no_grad():
        side = small.decode(torch.zeros(1, theirs, 2, 2, dtype=own.dtype, device=own.device)).sample.shape[-1] // 2
    if side != pipe.vae_scale_factor:
        raise BadModel(
            f"The preview {source!r} makes {side} pixels of each latent, and this model {pipe.vae_scale_factor}; "
            "choose another in DEMO_PREVIEW, or set it to linear or exact."
        )

    @torch.no_grad()
    def show(latents: torch.Tensor, whose: str) -> Pictures:
        latents = to_vae_units(latents.to(small.device, small.dtype), small.config)
        return pictures_of(pipe, small.decode(latents, return_dict=False)[0], whose)

    return Decoder("tiny", show)


def fitted(pipe, folder: Path | None) -> Preview:
    """`latents.linear_preview` of a pipeline, from `folder` where its autoencoder has been seen before."""

    def fit() -> dict:
        made = linear_preview(pipe)
        return {"matrix": made.matrix.tolist(), "bias": made.bias.tolist(), "error": made.error}

    if getattr(pipe, "vae", None) is None:
        return linear_preview(pipe)
    made = remembered(folder, f"linear-{fingerprint(pipe.vae)}", fit)
    return Preview(np.float32(made["matrix"]), np.float32(made["bias"]), made["error"])


def _too_slow(pipe) -> bool:
    vae = getattr(pipe, "vae", None)
    return vae is not None and torch.device(vae.device).type == "cpu" and _is_large(pipe)


def _is_large(pipe) -> bool:
    vae = getattr(pipe, "vae", None)
    return vae is not None and sum(weights.numel() for weights in vae.parameters()) > LARGE


def _enlarged(picture: np.ndarray, side: int) -> np.ndarray:
    return picture.repeat(side, axis=0).repeat(side, axis=1)
