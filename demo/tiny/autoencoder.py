"""First stage of training: the autoencoder, alone, on scenes made as it goes."""

import math
from pathlib import Path

import torch
from tqdm import tqdm

from .data import Scenes, picture, to_model
from .folded import FoldedAutoencoder
from .log import Log, averaged, keep_time, load_state, save_state
from .optimizers import falling

NOISE = 0.05  # added to latents in training, so that small errors of the denoiser stay small in the picture


def reconstruction_loss(made: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """L1 + 2 MSE + L1 of the differences between neighbours, which keeps edges where they are; (B, 3, H, W)."""
    error = made - truth
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + 2 * error.square().mean() + edges


def psnr(model: torch.nn.Module, seed: int = 1_000_003, count: int = 64) -> float:
    """dB over all pixels of scenes whose combinations training never sees."""
    truth = to_model(torch.stack([picture(seed, i, held=True)[1] for i in range(count)]))
    with torch.inference_mode():
        made = model.decode(model.encode(truth).latents).sample.clamp(-1, 1)
    return 10 * math.log10(4 / (made - truth).square().mean().item())


def train(
    folder: Path, *, minutes: float = 17, batch: int = 16, rate: float = 1e-3, seed: int = 1, steps: int | None = None
) -> FoldedAutoencoder:
    """Train until `minutes` are spent in all (over resumed runs), or for `steps`; returns the averaged model."""
    torch.manual_seed(seed)
    model = FoldedAutoencoder()
    first = torch.stack([picture(seed, i)[1] for i in range(64 if steps else 1024)])
    wanted = model.start_from(to_model(first))
    model.to(memory_format=torch.channels_last)
    average = averaged(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0, betas=(0.9, 0.99))
    kept = {"model": model, "average": average, "optimizer": optimizer}
    state = load_state(folder / "autoencoder.pt", **kept)
    log, clock = Log(folder / "autoencoder.jsonl"), keep_time(state)
    stream = Scenes(seed, batch, state["step"])
    batches = iter(torch.utils.data.DataLoader(stream, batch_size=None, num_workers=0 if steps else 1))
    bar = tqdm(initial=state["step"], unit="it", desc="autoencoder")
    while (done := state["step"] / steps if steps else state["seconds"] / (minutes * 60)) < 1:
        falling(optimizer, rate, state["step"], done)
        truth = to_model(next(batches)).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            latents = model.encode(truth).latents
            made = model.decode(latents + NOISE * torch.randn_like(latents)).sample
        latents = latents.float()
        spread = latents.mean((0, 2, 3)).square().mean() + (latents.std((0, 2, 3)) / wanted - 1).square().mean()
        loss = reconstruction_loss(made.float(), truth) + 0.01 * spread
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(model)
        state["step"] += 1
        clock()
        bar.update()
        if state["step"] % 100 == 0:
            log.add(step=state["step"], seconds=round(state["seconds"]), loss=round(loss.item(), 4))
        if state["step"] % 500 == 0:
            log.add(step=state["step"], psnr=round(psnr(average.module), 2))
            save_state(folder / "autoencoder.pt", state, **kept)
    save_state(folder / "autoencoder.pt", state, **kept)
    bar.close()
    return average.module.eval()
