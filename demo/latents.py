"""Latents to pixels, for every family of latents that diffusers' pipelines use.

Three layouts exist: planes (SD, SDXL, SD3, Sana, Z-Image), planes packed into tokens (FLUX, Qwen-Image) and planes with
a frame axis (Qwen-Image's autoencoder). What the autoencoder wants is said by its own config, so nothing here names a
model: z / scaling_factor + shift_factor, or z * latents_std / scaling_factor + latents_mean where those are set.
"""

from __future__ import annotations

import numpy as np
import torch

GAINS = (1, 2, 4, 8, 16)  # how much a change between two states may be amplified to be seen
MIDDLE = 128  # the grey that means "no change"


def planes(pipe, latents: torch.Tensor, height: int | None = None, width: int | None = None) -> torch.Tensor:
    """The pipeline's latents as (n, C, h, w); height and width in pixels, None is the model's own size."""
    if hasattr(pipe, "_unpack_latents") and latents.ndim == 3:
        own = getattr(pipe, "default_sample_size", 0) * pipe.vae_scale_factor
        latents = pipe._unpack_latents(latents, height or own, width or own, pipe.vae_scale_factor)
    return latents[:, :, 0] if latents.ndim == 5 else latents


def to_vae_units(latents: torch.Tensor, config) -> torch.Tensor:
    """(n, C, h, w) in the denoiser's units -> the same in the autoencoder's."""
    scaling = config.get("scaling_factor") or 1.0
    mean, std = config.get("latents_mean"), config.get("latents_std")
    if mean is not None and std is not None:
        return latents * _per_channel(std, latents) / scaling + _per_channel(mean, latents)
    latents = latents / scaling
    shift = config.get("shift_factor")
    return latents + shift if shift else latents


@torch.no_grad()
def decode(pipe, latents: torch.Tensor) -> list[np.ndarray]:
    """(n, C, h, w) in the denoiser's units -> n pictures, uint8 sRGB (H, W, 3), by the same code as the pipeline's."""
    vae = pipe.vae
    latents = to_vae_units(latents.to(vae.device, vae.dtype), vae.config)
    if _takes_frames(vae):
        pixels = vae.decode(latents[:, :, None], return_dict=False)[0][:, :, 0]
    else:
        pixels = vae.decode(latents, return_dict=False)[0]
    return [np.asarray(picture) for picture in pipe.image_processor.postprocess(pixels, output_type="pil")]


def change(after: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, float]:
    """What a step changed, signed: uint8 (H, W, 3) with 128 + gain * (after - before), and the gain.

    The gain is the largest of GAINS that clips no more than one value in a hundred.
    """
    difference = after.astype(np.int16) - before
    typical = np.percentile(np.abs(difference), 99)
    gain = max((g for g in GAINS if g * typical < MIDDLE), default=GAINS[0])
    return np.clip(MIDDLE + gain * difference, 0, 255).astype(np.uint8), float(gain)


def _per_channel(values, like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, 1, 1)


def _takes_frames(vae) -> bool:
    """Whether the autoencoder is one for videos, of which a picture is the first frame."""
    return "temperal_downsample" in vae.config or "temporal_downsample" in vae.config
