"""First stage of training: the autoencoder, alone, on collages made as it goes.

Beside being right, its latents have to follow the picture: shifted and scaled latents have to decode to the shifted and
scaled picture (EQ-VAE, Kouzelis et al. 2025, arXiv 2502.09509), so that a shape has not to be learned anew wherever
between two latents it stands.
"""

import functools
import math
from pathlib import Path

import torch
import torch.nn.functional as F
from tqdm import tqdm

from . import parts
from .collage import Collages
from .crew import Crew
from .data import drawn_ahead, to_model
from .folded import FoldedAutoencoder
from .log import Log, averaged, keep_time, load_state, save_state
from .machine import device, mixed
from .optimizers import Optimizers

ENDLESS = 10**9  # collages, more than any training sees
NOISE = 0.08  # added to latents in training, so that small errors of the denoiser stay small in the picture
MOVED = 0.35  # of the pictures of a batch are moved between encoding and decoding
STRANGE = 1_000_003  # the seed of collages that training never sees


def reconstruction_loss(made: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """L1 + 2 MSE + L1 of the differences between neighbours, which keeps edges where they are; (B, 3, H, W)."""
    error = made - truth
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + 2 * error.square().mean() + edges


def motions(count: int, side: int) -> torch.Tensor:
    """(count, 2, 3) maps for `affine_grid`: most change nothing, some shift by whole pixels, some shift and scale."""
    scale = torch.empty(count).uniform_(math.log(0.75), math.log(1.33)).exp()
    scale = torch.where(torch.rand(count) < 0.5, 1.0, scale)
    shift = torch.randint(-parts.FOLD, parts.FOLD + 1, (count, 2)) * (2 / side)
    still = torch.rand(count) > MOVED
    scale, shift = torch.where(still, 1.0, scale), torch.where(still[:, None], 0.0, shift)
    return torch.cat([torch.eye(2) * scale.view(-1, 1, 1), shift[..., None]], -1)


def moved(pictures: torch.Tensor, maps: torch.Tensor, mode: str = "bilinear") -> torch.Tensor:
    """Pictures or latents (B, C, H, W), each seen through its map, mirrored at the edges."""
    grid = F.affine_grid(maps.to(pictures), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, mode=mode, padding_mode="reflection", align_corners=False)


def miss(model: FoldedAutoencoder, truth: torch.Tensor, *, wanted: torch.Tensor) -> torch.Tensor:
    """The reconstruction's loss, and a little for channels that leave their mean of 0 and the deviation `wanted`."""
    maps = motions(len(truth), truth.shape[-1])
    with mixed():
        latents = model.encode(truth.contiguous(memory_format=torch.channels_last)).latents.float()
        seen = moved(latents, maps)
        made = model.decode(seen + NOISE * torch.randn_like(seen)).sample
    truth = moved(truth, maps, "bicubic").clamp(-1, 1)
    spread = latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) / wanted - 1).square().mean()
    return reconstruction_loss(made.float(), truth) + 0.01 * spread


def psnr(model: torch.nn.Module, pictures: torch.utils.data.Dataset | None = None, count: int = 64) -> float:
    """dB over all pixels of the first `count` `pictures`, uint8; without any, of collages that training never sees."""
    pictures, home, error = pictures or Collages(STRANGE, parts.SIZE), device(), []
    for start in range(0, count, 16):
        truth = to_model(torch.stack([pictures[i] for i in range(start, min(start + 16, count))])).to(home)
        with torch.inference_mode():
            made = model.decode(model.encode(truth).latents).sample.clamp(-1, 1)
        error.append((made - truth).square().mean((1, 2, 3)))
    return 10 * math.log10(4 / torch.cat(error).mean().item())


def train(
    folder: Path,
    *,
    minutes: float = 25,
    batch: int = 8,
    rate: float = 1e-3,
    seed: int = 1,
    steps: int | None = None,
    workers: int = 1,
) -> FoldedAutoencoder:
    """Train until `minutes` are spent in all (over resumed runs), or for `steps`; returns the averaged model."""
    torch.manual_seed(seed)
    model, drawn = parts.autoencoder(), Collages(seed, parts.SIZE)
    first = torch.stack([drawn[i] for i in range(64 if steps else 384)])
    wanted = model.start_from(to_model(first))
    model.to(device(), memory_format=torch.channels_last)
    average = averaged(model)
    optimizers = Optimizers(model, rate)
    kept = {"model": model, "average": average, "optimizers": optimizers}
    state = load_state(folder / "autoencoder.pt", **kept)
    log, clock = Log(folder / "autoencoder.jsonl"), keep_time(state)
    ahead = range(state["step"] * batch, ENDLESS)
    batches = drawn_ahead(drawn, ahead, batch, workers=0 if steps else 1)
    crew = Crew(model, functools.partial(miss, wanted=wanted.to(device())), workers)
    bar, losses = tqdm(initial=state["step"], unit="it", desc="autoencoder", mininterval=10), []
    while (done := state["step"] / steps if steps else state["seconds"] / (minutes * 60)) < 1:
        losses.append(crew.backward(to_model(next(batches))))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizers.step(done, state["step"], crew.pool)
        average.update_parameters(model)
        state["step"] += 1
        clock()
        bar.update()
        if state["step"] % 100 == 0:
            log.add(step=state["step"], seconds=round(state["seconds"]), loss=round(sum(losses) / len(losses), 4))
            losses.clear()
        if state["step"] % 500 == 0:
            log.add(step=state["step"], psnr=round(psnr(average.module), 2))
            save_state(folder / "autoencoder.pt", state, **kept)
            clock(counts=False)
    save_state(folder / "autoencoder.pt", state, **kept)
    bar.close()
    return average.module.eval()
