"""Third stage of training: text encoder and denoiser together, on latents of scenes that are encoded once and kept."""

import copy
import hashlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline
from diffusers.models.attention_processor import AttnProcessor
from tqdm import tqdm

from . import parts, words
from .crew import Crew
from .data import COUNT, SEED, numbered, pictures, to_model, wording
from .log import Log, averaged, keep_time, load_state, save_state
from .machine import device, mixed
from .optimizers import Optimizers
from .scenes import vocabulary

CHUNK = 64
FORGET = 0.2  # of the pictures in training go without the pooled prompt, so that single words have to be looked at too


def cache_latents(folder: Path, vae: torch.nn.Module, *, seed: int, count: int, workers: int = 0) -> np.ndarray:
    """(count, CHANNELS, 16, 16) float16, number i is scene i of the data seed; goes on where an earlier run stopped.

    Each seed, count and autoencoder has its own file in `folder`. Scenes that are drawn otherwise since it was written
    go unnoticed: remove it then.
    """
    vae.to(device())
    path = folder / f"latents-{fingerprint(vae)}-{seed}-{count}.npy"
    shape = (count, parts.CHANNELS, parts.SIZE // parts.FOLD, parts.SIZE // parts.FOLD)
    done_path = path.with_suffix(".done")
    done = int(done_path.read_text()) if done_path.exists() and path.exists() else 0
    kept = np.lib.format.open_memmap(path, mode="r+" if done else "w+", dtype=np.float16, shape=shape)
    starts = range(done, count, CHUNK)
    drawn = pictures(seed, range(done, count), CHUNK, workers)
    for start, pixels in tqdm(zip(starts, drawn, strict=True), "latents", len(starts), unit="batch", mininterval=10):
        with torch.inference_mode(), mixed():
            batch = to_model(pixels.to(device())).contiguous(memory_format=torch.channels_last)
            kept[start : start + CHUNK] = vae.encode(batch).latents.float().cpu().numpy()
        done_path.write_text(str(min(start + CHUNK, count)))
    return kept


def fingerprint(model: torch.nn.Module) -> str:
    """Eight hex digits that another set of weights would not have."""
    digest = hashlib.sha256()
    for value in model.state_dict().values():
        digest.update(value.float().cpu().contiguous().numpy())
    return digest.hexdigest()[:8]


def v_target(clean: torch.Tensor, noise: torch.Tensor, abar: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The noisy state and the v to predict from it; abar (B, 1, 1, 1). Salimans & Ho 2022, appendix D."""
    alpha, sigma = abar.sqrt(), (1 - abar).sqrt()
    return alpha * clean + sigma * noise, alpha * noise - sigma * clean


def some_timesteps(count: int, total: int) -> torch.Tensor:
    """(count,) int64 in [0, total): logit-normal around six tenths, where shapes are decided, and a third of them even.

    After Esser et al. 2024 (Stable Diffusion 3), section 3.1.
    """
    middle = torch.sigmoid(0.4 + 0.9 * torch.randn(count))
    even = torch.rand(count)
    return (torch.where(torch.rand(count) < 0.33, even, middle) * total).long().clamp(max=total - 1)


class Model(torch.nn.Module):
    """What is trained together here."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.text_encoder = parts.text_encoder(vocab_size)
        self.unet = parts.unet()
        self.unet.set_attn_processor(AttnProcessor())  # a third faster to train on a CPU than the fused attention
        self.to(memory_format=torch.channels_last)
        self.keep: torch.Tensor | None = None
        self.unet.add_embedding.register_forward_hook(self._forget)

    def _forget(self, module: torch.nn.Module, inputs: tuple, pooled: torch.Tensor) -> torch.Tensor | None:
        return None if self.keep is None else pooled * self.keep

    def forward(
        self, noisy: torch.Tensor, timestep: torch.Tensor, ids: torch.Tensor, keep: torch.Tensor | None = None
    ) -> torch.Tensor:
        """v of `noisy` (B, CHANNELS, 16, 16); `keep` (B, 1) is 0 where the pooled prompt is withheld."""
        self.keep = keep
        words = self.text_encoder(ids).last_hidden_state
        return self.unet(noisy, timestep, words).sample


def miss(
    model: Model,
    noisy: torch.Tensor,
    timestep: torch.Tensor,
    ids: torch.Tensor,
    keep: torch.Tensor,
    target: torch.Tensor,
) -> torch.Tensor:
    """The mean squared error of v, a scalar; shapes as in `Model.forward`, and `target` as `noisy`."""
    with mixed():
        guess = model(noisy.contiguous(memory_format=torch.channels_last), timestep, ids, keep)
    return F.mse_loss(guess.float(), target)


def captions(seed: int, numbers: list[int], epoch: int) -> list[str]:
    """The words of these scenes; another wording each epoch."""
    return [wording(numbered(seed, n)[0], Random(f"{seed}/{n}/{epoch}")) for n in numbers]


def reader(path: Path, vocab_size: int, tokenizer, *, seed: int, steps: int) -> Model:
    """A fresh model whose text encoder already reads; learned once and kept in `path`."""
    model = Model(vocab_size)
    reads = {"text_encoder": model.text_encoder, "pool": model.unet.add_embedding}
    if not load_state(path, **reads)["step"]:
        right = words.train(*reads.values(), tokenizer, steps=steps, seed=seed)
        save_state(path, {"step": steps, "right": right}, **reads)
    return model


def going_on(pipe: StableDiffusionPipeline, vocab_size: int) -> Model:
    """A model that starts from a pipeline's text encoder and denoiser; RuntimeError where they are of another shape."""
    model = Model(vocab_size)
    model.text_encoder.load_state_dict(pipe.text_encoder.state_dict())
    model.unet.load_state_dict(pipe.unet.state_dict())
    return model


def train(
    folder: Path,
    vae: torch.nn.Module,
    *,
    minutes: float = 270,
    batch: int = 48,
    rate: float = 2e-3,
    seed: int = SEED,
    count: int = COUNT,
    steps: int | None = None,
    workers: int = 1,
    start: StableDiffusionPipeline | None = None,
    on_checkpoint: Callable[[Model, int], None] = lambda model, step: None,
) -> Model:
    """Train until `minutes` are spent in all (over resumed runs), or for `steps`; returns the averaged model.

    Starts from the weights of `start`, or, without one, from a text encoder that has learned to read and nothing else;
    a checkpoint in `folder` goes before both. Raises ValueError where there are fewer scenes than a batch holds.
    """
    if count < batch:
        raise ValueError(f"{count} scenes do not fill a batch of {batch}")
    torch.manual_seed(seed)
    latents = cache_latents(folder, vae, seed=seed, count=count, workers=0 if steps else workers)
    tokenizer = parts.tokenizer(vocabulary()["words"])
    if start:
        model = going_on(start, len(tokenizer))
    else:
        model = reader(folder / "words.pt", len(tokenizer), tokenizer, seed=seed, steps=steps or 500)
    model.to(device())
    average = averaged(model)
    optimizers = Optimizers(model.unet, rate, {model.text_encoder: 0.3 * rate}, turn=1.6)
    kept = {"model": model, "average": average, "optimizers": optimizers}
    state = load_state(folder / "denoiser.pt", **kept)
    torch.manual_seed(seed + state["step"])  # a resumed run meets noise of its own
    abar = parts.scheduler().alphas_cumprod
    crew = Crew(model, miss, workers)
    log, clock = Log(folder / "denoiser.jsonl"), keep_time(state)
    bar, losses = tqdm(initial=state["step"], unit="it", desc="denoiser", mininterval=10), []
    while (done := state["step"] / steps if steps else state["seconds"] / (minutes * 60)) < 1:
        epoch, start = divmod(state["step"] * batch, count - count % batch)
        order = np.random.default_rng([seed, epoch]).permutation(count)[start : start + batch]
        ids = tokenizer(
            captions(seed, order.tolist(), epoch), padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids
        clean = torch.from_numpy(latents[order].astype(np.float32))
        timestep = some_timesteps(batch, len(abar))
        noisy, target = v_target(clean, torch.randn_like(clean), abar[timestep].view(-1, 1, 1, 1))
        losses.append(crew.backward(noisy, timestep, ids, torch.rand(batch, 1) > FORGET, target))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizers.step(done, state["step"], crew.pool)
        average.update_parameters(model)
        state["step"] += 1
        clock()
        bar.update()
        if state["step"] % 100 == 0:
            log.add(step=state["step"], seconds=round(state["seconds"]), loss=round(sum(losses) / len(losses), 4))
            losses.clear()
        if state["step"] % 250 == 0:
            save_state(folder / "denoiser.pt", state, **kept)
        if state["step"] % 500 == 0:
            on_checkpoint(copy.deepcopy(average.module).eval(), state["step"])
            clock(counts=False)  # looking at pictures is not training
    save_state(folder / "denoiser.pt", state, **kept)
    bar.close()
    return average.module.eval()
