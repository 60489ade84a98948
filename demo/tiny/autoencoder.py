"""First stage of training: the autoencoder, alone, on scenes made as it goes."""

import functools
import math
from pathlib import Path

import torch
from tqdm import tqdm

from . import parts
from .crew import Crew
from .data import picture, pictures, to_model
from .folded import FoldedAutoencoder
from .log import Log, averaged, keep_time, load_state, save_state
from .machine import device, mixed
from .optimizers import Optimizers

ENDLESS = 10**9  # scenes, more than any training sees
NOISE = 0.05  # added to latents in training, so that small errors of the denoiser stay small in the picture


def reconstruction_loss(made: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """L1 + 2 MSE + L1 of the differences between neighbours, which keeps edges where they are; (B, 3, H, W)."""
    error = made - truth
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + 2 * error.square().mean() + edges


def miss(model: FoldedAutoencoder, truth: torch.Tensor, *, wanted: torch.Tensor) -> torch.Tensor:
    """The reconstruction's loss, and a little for channels that leave their mean of 0 and the deviation `wanted`."""
    with mixed():
        latents = model.encode(truth.contiguous(memory_format=torch.channels_last)).latents
        made = model.decode(latents + NOISE * torch.randn_like(latents)).sample
    latents = latents.float()
    spread = latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) / wanted - 1).square().mean()
    return reconstruction_loss(made.float(), truth) + 0.01 * spread


def psnr(model: torch.nn.Module, seed: int = 1_000_003, count: int = 64) -> float:
    """dB over all pixels of `count` scenes whose combination of colour, clothing and vehicle training never sees."""
    home, error = device(), []
    for start in range(0, count, 16):
        numbers = range(start, min(start + 16, count))
        truth = to_model(torch.stack([picture(seed, i, held=True)[1] for i in numbers])).to(home)
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
    levels = (0,) * parts.FOLD.bit_length()
    model = FoldedAutoencoder(parts.CHANNELS, fold=parts.FOLD, block_out_channels=levels)
    first = torch.stack([picture(seed, i)[1] for i in range(64 if steps else 384)])
    wanted = model.start_from(to_model(first))
    model.to(device(), memory_format=torch.channels_last)
    average = averaged(model)
    optimizers = Optimizers(model, rate)
    kept = {"model": model, "average": average, "optimizers": optimizers}
    state = load_state(folder / "autoencoder.pt", **kept)
    log, clock = Log(folder / "autoencoder.jsonl"), keep_time(state)
    ahead = range(state["step"] * batch, ENDLESS)
    batches = pictures(seed, ahead, batch, workers=0 if steps else 1)
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
