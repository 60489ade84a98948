"""Latents to pixels, for every family of latents that diffusers' pipelines use.

Three layouts exist: planes (SD, SDXL, SD3, Sana, Z-Image), planes packed into tokens (FLUX, Qwen-Image) and planes with
a frame axis (Qwen-Image's autoencoder). What the autoencoder wants is said by its own config, so nothing here names a
model: z / scaling_factor + shift_factor, or z * latents_std / scaling_factor + latents_mean where those are set. The
linear preview is the one decoder here that is not the model's own, and says by how much it is off.
"""

from __future__ import annotations

import numpy as np
import torch
from diffusers.image_processor import VaeImageProcessor

from demo.engine.api import BadModel, BrokenRun, Preview

DRAWINGS = 4  # that the linear preview is fitted to; more made it no better
SIDE = 16  # of their latents
DISCS = 24  # in a drawing


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
def decode(pipe, latents: torch.Tensor, whose: str = "these numbers") -> list[np.ndarray]:
    """(n, C, h, w) in the denoiser's units -> n pictures, uint8 sRGB (H, W, 3), by the same code as the pipeline's.

    Raises BrokenRun where what comes out is not finite, of which a picture would be black; `whose` says what it was.
    """
    vae = getattr(pipe, "vae", None)
    if vae is None:  # these are the pixels themselves
        return pictures_of(pipe, latents.float(), whose)
    device = getattr(pipe, "_execution_device", vae.device)  # where an offloaded one will be when it is called
    latents = to_vae_units(latents.to(device, vae.dtype), vae.config)
    if _takes_frames(vae):
        pixels = vae.decode(latents[:, :, None], return_dict=False)[0][:, :, 0]
    else:
        pixels = vae.decode(latents, return_dict=False)[0]
    return pictures_of(pipe, pixels, whose)


@torch.no_grad()
def encode(pipe, pixels: torch.Tensor) -> torch.Tensor:
    """(n, 3, H, W) in [-1, 1] -> (n, C, h, w) in the denoiser's units, float32; the mode, where there are many.

    Raises BrokenRun where what comes out is not finite.
    """
    vae = pipe.vae
    pixels = pixels.to(getattr(pipe, "_execution_device", vae.device), vae.dtype)
    encoded = vae.encode(pixels[:, :, None] if _takes_frames(vae) else pixels)
    encoded = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded[0]
    encoded = (encoded[:, :, 0] if encoded.ndim == 5 else encoded).float()
    if not torch.isfinite(encoded).all():
        raise BrokenRun("The encoder gave numbers that are not finite.")
    zero, one = (to_vae_units(torch.full_like(encoded, value), vae.config) for value in (0.0, 1.0))
    return (encoded - zero) / (one - zero)  # the units differ by an affine map per channel


def pictures_of(pipe, pixels: torch.Tensor, whose: str) -> list[np.ndarray]:
    """(n, 3, H, W) as a decoder gives them -> n pictures. Raises BrokenRun as `decode`."""
    if not torch.isfinite(pixels).all():
        raise BrokenRun(
            f"The decoder made no picture of {whose}: what it gave is not finite; another scheduler, seed or guidance "
            "may get through."
        )
    processor = getattr(pipe, "image_processor", None) or VaeImageProcessor()
    return [np.asarray(picture) for picture in processor.postprocess(pixels, output_type="pil")]


def linear_preview(pipe) -> Preview:
    """The Preview of a pipeline's decoder: least squares over drawings of random discs, there and back.

    Drawings, because a decoder is not linear: fitted to decoded noise, the matrix is several times further off on
    pictures, and the drawings need no run. About a second on a CPU. Raises BadModel where the autoencoder gives no
    finite numbers for a plain drawing, for then there is nothing it could be used for.
    """
    if getattr(pipe, "vae", None) is None:
        return Preview(np.float32(127.5) * np.eye(3, dtype=np.float32), np.full(3, 127.5, np.float32), 0.0)
    random = torch.Generator().manual_seed(0)
    pixels = SIDE * getattr(pipe, "vae_scale_factor", 8)
    try:
        fitted, unseen = (_there_and_back(pipe, _drawings(DRAWINGS, pixels, random)) for _ in range(2))
    except BrokenRun as error:
        raise BadModel(f"The {type(pipe).__name__} has an autoencoder whose numbers are not finite.") from error
    (latents, colours), (centre, grey) = fitted, (rows.mean(0) for rows in fitted)
    # Without rcond, channels that say the same would be given huge weights of opposite sign.
    slopes, *_ = np.linalg.lstsq(latents - centre, colours - grey, rcond=1e-3)
    bias = grey - centre @ slopes
    latents, colours = unseen
    error = np.sqrt(np.mean(((latents @ slopes + bias).clip(0, 255) - colours) ** 2))
    return Preview(slopes.T.astype(np.float32), bias.astype(np.float32), float(error))


def _drawings(count: int, side: int, random: torch.Generator) -> torch.Tensor:
    """(count, 3, side, side) in [0, 1]: discs of random colour and size on a random colour."""
    row = torch.linspace(0, 1, side)
    drawings = torch.rand(count, 3, 1, 1, generator=random).repeat(1, 1, side, side)
    for drawing in drawings:
        for x, y, size, *colour in torch.rand(DISCS, 6, generator=random).tolist():
            inside = (row - x) ** 2 + (row[:, None] - y) ** 2 < (0.03 + 0.25 * size**2) ** 2
            drawing[:, inside] = torch.tensor(colour)[:, None]
    return drawings


@torch.no_grad()
def _there_and_back(pipe, drawings: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Their latents, float64 (places, C), and the colours that these are decoded to, in levels (places, 3)."""
    latents = encode(pipe, 2 * drawings - 1)
    pictures = np.stack(decode(pipe, latents)).astype(np.float64)
    count, channels, h, w = latents.shape
    colours = pictures.reshape(count, h, pictures.shape[1] // h, w, pictures.shape[2] // w, 3).mean((2, 4))
    return latents.permute(0, 2, 3, 1).reshape(-1, channels).double().cpu().numpy(), colours.reshape(-1, 3)


def _per_channel(values, like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(values, device=like.device, dtype=like.dtype).view(1, -1, 1, 1)


def _takes_frames(vae) -> bool:
    """Whether the autoencoder is one for videos, of which a picture is the first frame."""
    return "temperal_downsample" in vae.config or "temporal_downsample" in vae.config
