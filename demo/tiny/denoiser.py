"""Second stage of training: text encoder and denoiser together, on latents of scenes that are encoded once and kept."""

import copy
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import AttnProcessor
from tqdm import tqdm

from . import parts
from .data import numbered, picture, to_model, wording
from .log import Log, averaged, falling, keep_time, load_state, save_state
from .scenes import vocabulary

CHUNK = 64


def cache_latents(path: Path, vae: torch.nn.Module, *, seed: int, count: int) -> np.ndarray:
    """(count, 12, 16, 16) float16, number i is scene i of the data seed; goes on where an earlier run stopped."""
    shape = (count, parts.CHANNELS, parts.SIZE // parts.FOLD, parts.SIZE // parts.FOLD)
    done_path = path.with_suffix(".done")
    done = int(done_path.read_text()) if done_path.exists() and path.exists() else 0
    kept = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.float16, shape=shape)
    for start in tqdm(range(done, count, CHUNK), desc="latents", unit="batch"):
        pixels = torch.stack([picture(seed, i)[1] for i in range(start, min(start + CHUNK, count))])
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            batch = to_model(pixels).contiguous(memory_format=torch.channels_last)
            kept[start : start + CHUNK] = vae.encode(batch).latents.float().numpy()
        done_path.write_text(str(min(start + CHUNK, count)))
    return kept


def v_target(clean: torch.Tensor, noise: torch.Tensor, abar: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The noisy state and the v to predict from it; abar (B, 1, 1, 1). Salimans & Ho 2022, appendix D."""
    alpha, sigma = abar.sqrt(), (1 - abar).sqrt()
    return alpha * clean + sigma * noise, alpha * noise - sigma * clean


class Model(torch.nn.Module):
    """What is trained together here."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.text_encoder = parts.text_encoder(vocab_size)
        self.unet = parts.unet()
        self.unet.set_attn_processor(AttnProcessor())  # a third faster to train on a CPU than the fused attention
        self.to(memory_format=torch.channels_last)

    def forward(self, noisy: torch.Tensor, timestep: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        words = self.text_encoder(ids).last_hidden_state
        return self.unet(noisy, timestep, words).sample


def captions(seed: int, numbers: list[int], epoch: int) -> list[str]:
    """The words of these scenes; another wording each epoch."""
    return [wording(numbered(seed, n)[0], Random(f"{seed}/{n}/{epoch}")) for n in numbers]


def train(
    folder: Path,
    vae: torch.nn.Module,
    *,
    minutes: float = 92,
    batch: int = 32,
    rate: float = 6e-4,
    seed: int = 1,
    count: int = 36_000,
    steps: int | None = None,
    on_checkpoint: Callable[[Model], None] = lambda model: None,
) -> Model:
    """Train until `minutes` are spent in all (over resumed runs), or for `steps`; returns the averaged model."""
    torch.manual_seed(seed)
    latents = cache_latents(folder / "latents.npy", vae, seed=seed, count=count)
    tokenizer = parts.tokenizer(vocabulary()["words"])
    model = Model(len(tokenizer))
    average = averaged(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.99))
    kept = {"model": model, "average": average, "optimizer": optimizer}
    state = load_state(folder / "denoiser.pt", **kept)
    abar = parts.scheduler().alphas_cumprod
    log, clock = Log(folder / "denoiser.jsonl"), keep_time(state)
    bar, losses = tqdm(initial=state["step"], unit="it", desc="denoiser"), []
    while (done := state["step"] / steps if steps else state["seconds"] / (minutes * 60)) < 1:
        falling(optimizer, rate, state["step"], done)
        epoch, start = divmod(state["step"] * batch, count - count % batch)
        order = np.random.default_rng([seed, epoch]).permutation(count)[start : start + batch]
        ids = tokenizer(
            captions(seed, order.tolist(), epoch), padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids
        clean = torch.from_numpy(latents[np.sort(order)][np.argsort(np.argsort(order))].astype(np.float32))
        timestep = torch.randint(0, len(abar), (batch,))
        noisy, target = v_target(clean, torch.randn_like(clean), abar[timestep].view(-1, 1, 1, 1))
        with torch.autocast("cpu", torch.bfloat16):
            guess = model(noisy.contiguous(memory_format=torch.channels_last), timestep, ids)
        loss = F.mse_loss(guess.float(), target)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(model)
        losses.append(loss.item())
        state["step"] += 1
        clock()
        bar.update()
        if state["step"] % 100 == 0:
            log.add(step=state["step"], seconds=round(state["seconds"]), loss=round(sum(losses) / len(losses), 4))
            losses.clear()
        if state["step"] % 500 == 0:
            save_state(folder / "denoiser.pt", state, **kept)
            on_checkpoint(copy.deepcopy(average.module).eval())
    save_state(folder / "denoiser.pt", state, **kept)
    bar.close()
    return average.module.eval()
