"""A run of the model with all its guesses of the finished picture, and what they say of the run."""

from collections.abc import Iterator

import numpy as np
import torch
from diffusers import DDIMScheduler

from .machine import mixed

TILES = 8  # of a mosaic, each way


def noise(pipe, seeds: list[int]) -> torch.Tensor:
    """(n, channels, side, side): for each seed the noise that the pipeline would start it from."""
    side, channels = pipe.unet.config.sample_size, pipe.unet.config.in_channels
    drawn = [torch.randn(1, channels, side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return torch.cat(drawn)


@torch.inference_mode()
def guesses(pipe, prompts: list[str], seeds: list[int], steps: int, guidance: float) -> Iterator[torch.Tensor]:
    """Each step's guess of the result, as latents (n, channels, side, side), by DDIM; the result comes last of all."""
    scheduler = DDIMScheduler.from_config(pipe.scheduler.config)
    scheduler.set_timesteps(steps)
    device = pipe.unet.device
    state = noise(pipe, seeds).to(device)
    words, silent = pipe.encode_prompt(prompts, device, 1, True)
    both = torch.cat([silent, words])
    for timestep in scheduler.timesteps:
        with mixed():
            without, given = pipe.unet(torch.cat([state, state]), timestep, both).sample.float().chunk(2)
        told = scheduler.step(without + guidance * (given - without), timestep, state)
        state = told.prev_sample
        yield told.pred_original_sample
    yield state


@torch.inference_mode()
def pictures(pipe, latents: torch.Tensor) -> torch.Tensor:
    """Latents -> uint8 (n, 3, H, W)."""
    scale = getattr(pipe.vae.config, "scaling_factor", 1.0)
    made = [pipe.vae.decode(some / scale).sample.clamp(-1, 1) for some in latents.split(16)]
    return ((torch.cat(made) + 1) * 127.5).round().to(torch.uint8).cpu()


def mosaics(seen: torch.Tensor) -> np.ndarray:
    """uint8 (n, 3, H, W) -> (n, 3, TILES, TILES): mean RGB of each tile, [0, 1]."""
    return torch.nn.functional.adaptive_avg_pool2d(seen.float() / 255, TILES).numpy()


def spread(seen: np.ndarray) -> float:
    """The mean distance between any two mosaics of (n, 3, TILES, TILES)."""
    flat = seen.reshape(len(seen), -1)
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    return float(apart[np.triu_indices(len(flat), 1)].mean())
