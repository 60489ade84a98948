"""A run of the model with all its guesses of the finished picture, and what they say of the run."""

from collections.abc import Iterator

import numpy as np
import torch
from diffusers import DDIMScheduler

from .machine import mixed

TILES = 8  # of a mosaic, each way
DECIDED = 0.9  # correlation of a guess's layout with the result's
YCC = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])  # luminance, two differences


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


def layout_correlation(guess: np.ndarray, result: np.ndarray) -> np.ndarray:
    """(n,) of mosaics (n, 3, TILES, TILES): luminance and colour differences, each freed of its mean, as one vector."""
    told = []
    for mosaic in (guess, result):
        parts = np.einsum("kc,nchw->nkhw", YCC, mosaic)
        told.append((parts - parts.mean((2, 3), keepdims=True)).reshape(len(parts), -1))
    first, second = told
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return (first * second).sum(1) / np.maximum(lengths, 1e-12)


def decided_at(correlations: list[float]) -> int:
    """The first step, from 1, from which the layout stays decided; one more than there are steps where it never is."""
    behind = [step for step, told in enumerate(correlations, 1) if told < DECIDED]
    return max(behind, default=0) + 1


def spread(seen: np.ndarray) -> float:
    """The mean distance between any two mosaics of (n, 3, TILES, TILES)."""
    flat = seen.reshape(len(seen), -1)
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=-1)
    return float(apart[np.triu_indices(len(flat), 1)].mean())
