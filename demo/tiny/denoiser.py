"""Third stage of training: text encoder and denoiser together, on latents of scenes that a pool makes meanwhile."""

import copy
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline
from diffusers.models.attention_processor import AttnProcessor
from tqdm import tqdm

from . import fused, parts, words
from .captions import vocabulary
from .crew import Crew
from .data import SEED, numbered, wording
from .log import Log, averaged, keep_time, load_state, save_state
from .machine import device, has_bf16, mixed
from .optimizers import Optimizers
from .pool import Pool
from .stage import FREE, Freedom

COUNT = 60_000  # scenes to choose from at a time
FIRST = 3_000  # scenes that training waits for
READING = 700  # batches of captions that the text encoder reads first
FORGET = 0.2  # of the pictures in training go without the pooled prompt, so that single words have to be looked at too


def v_target(clean: torch.Tensor, noise: torch.Tensor, abar: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The noisy state and the v to predict from it; abar (B, 1, 1, 1). Salimans & Ho 2022, appendix D."""
    alpha, sigma = abar.sqrt(), (1 - abar).sqrt()
    return alpha * clean + sigma * noise, alpha * noise - sigma * clean


def some_timesteps(count: int, total: int) -> torch.Tensor:
    """(count,) int64 in [0, total): logit-normal around the middle, where shapes are decided, and a third of them even.

    After Esser et al. 2024 (Stable Diffusion 3), section 3.1.
    """
    middle = torch.sigmoid(0.2 + 0.9 * torch.randn(count))
    even = torch.rand(count)
    return (torch.where(torch.rand(count) < 0.33, even, middle) * total).long().clamp(max=total - 1)


class Model(torch.nn.Module):
    """What is trained together here."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.text_encoder = parts.text_encoder(vocab_size)
        self.unet = parts.unet()
        self.unet.set_attn_processor(AttnProcessor())  # a third faster to train on a CPU than the fused attention
        if device().type == "cpu" and has_bf16():
            fused.quicken(self.unet)
        self.to(memory_format=torch.channels_last)
        self.keep: torch.Tensor | None = None
        self.unet.add_embedding.register_forward_hook(self._forget)

    def _forget(self, module: torch.nn.Module, inputs: tuple, pooled: torch.Tensor) -> torch.Tensor | None:
        return None if self.keep is None else pooled * self.keep

    def forward(
        self, noisy: torch.Tensor, timestep: torch.Tensor, ids: torch.Tensor, keep: torch.Tensor | None = None
    ) -> torch.Tensor:
        """v of `noisy` (B, CHANNELS, 32, 32); `keep` (B, 1) is 0 where the pooled prompt is withheld."""
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


def examples(pool: Pool, tokenizer, batch: int, step: int) -> tuple[torch.Tensor, ...]:
    """What `miss` takes beside the model, for a batch of scenes and noise that this step alone meets."""
    abar = torch.tensor(parts.signal_shares(louder=(parts.SIZE / pool.size) ** 2))  # as blurred by noise as a large one
    numbers, clean = pool.take(np.random.default_rng([pool.seed, step]), batch)
    told = captions(pool.seed, numbers, step)
    ids = tokenizer(told, padding="max_length", truncation=True, return_tensors="pt").input_ids
    timestep = some_timesteps(batch, len(abar))
    noisy, target = v_target(clean, torch.randn_like(clean), abar[timestep].view(-1, 1, 1, 1))
    return noisy, timestep, ids, torch.rand(batch, 1) > FORGET, target


def captions(seed: int, numbers: list[int], step: int) -> list[str]:
    """The words of these scenes; another wording at each step."""
    return [wording(numbered(seed, n)[0], Random(f"{seed}/{n}/{step}")) for n in numbers]


def reader(path: Path, tokenizer, *, seed: int, steps: int) -> Model:
    """A fresh model whose text encoder already reads; learned once and kept in `path`."""
    model = Model(len(tokenizer))
    reads = {"text_encoder": model.text_encoder, "pool": model.unet.add_embedding}
    if not load_state(path, **reads)["step"]:
        right = words.train(*reads.values(), tokenizer, steps=steps, seed=seed)
        save_state(path, {"step": steps, "right": right}, **reads)
    return model


def going_on(pipe: StableDiffusionPipeline, tokenizer) -> Model:
    """A model that starts from a pipeline's text encoder and denoiser; words that the pipeline lacks start anew.

    Raises RuntimeError where its networks are of another shape.
    """
    model = Model(len(tokenizer))
    mine, theirs = tokenizer.get_vocab(), pipe.tokenizer.get_vocab()
    known = [(at, theirs[word]) for word, at in mine.items() if word in theirs]
    state = pipe.text_encoder.state_dict()
    (table,) = [name for name in state if name.endswith("token_embedding.weight")]
    rows = model.text_encoder.state_dict()[table].clone()
    here, there = (torch.tensor(side) for side in zip(*known, strict=True))
    rows[here] = state[table][there].to(rows)
    model.text_encoder.load_state_dict(state | {table: rows})
    model.unet.load_state_dict(pipe.unet.state_dict())
    return model


def train(
    folder: Path,
    vae: torch.nn.Module,
    *,
    minutes: float = 240,
    batch: int = 48,
    rate: float = 6e-4,
    seed: int = SEED,
    count: int = COUNT,
    size: int = parts.SIZE,
    freedom: Freedom = FREE,
    steps: int | None = None,
    workers: int = 1,
    start: Model | None = None,
    on_checkpoint: Callable[[Model, int], None] = lambda model, step: None,
) -> Model:
    """Train until `minutes` are spent in all (over resumed runs), or for `steps`; returns the averaged model.

    `size` is the side of the pictures, small to begin with, and `freedom` what the noise decides. Starts from `start`,
    or, without one, from a text encoder that has learned to read and nothing else; a checkpoint in `folder` goes before
    both. Raises ValueError where there are fewer scenes than a batch holds.
    """
    if count < batch:
        raise ValueError(f"{count} scenes do not fill a batch of {batch}")
    torch.manual_seed(seed)
    tokenizer = parts.tokenizer(vocabulary()["words"])
    model = start or reader(folder / "words.pt", tokenizer, seed=seed, steps=steps or READING)
    model.to(device())
    average = averaged(model)
    optimizers = Optimizers(model.unet, rate, {model.text_encoder: 0.3 * rate}, turn=1.6)
    kept = {"model": model, "average": average, "optimizers": optimizers}
    kind = (f"-{size}" if size != parts.SIZE else "") + ("-still" if freedom != FREE else "")
    path = folder / f"denoiser{kind}.pt"
    state = load_state(path, **kept)

    def done() -> float:
        return state["step"] / steps if steps else state["seconds"] / (minutes * 60)

    if done() >= 1:
        return average.module.eval()
    torch.manual_seed(seed + state["step"])  # a resumed run meets noise of its own
    pool = Pool(folder, vae, seed=seed, count=count, size=size, freedom=freedom)
    log, crew, losses = Log(path.with_suffix(".jsonl")), Crew(model, miss, workers), []
    with pool.filled(count, meanwhile=not steps), tqdm(initial=state["step"], unit="it", mininterval=10) as bar:
        pool.wait(max(FIRST, batch))
        clock = keep_time(state)
        while done() < 1:
            losses.append(crew.backward(*examples(pool, tokenizer, batch, state["step"])))
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            if not torch.isfinite(norm):  # one such step would spoil the weights and their average for good
                raise FloatingPointError(f"the gradient of batch {state['step']} is not finite: {losses[-1]=}")
            optimizers.step(done(), state["step"], crew.pool)
            average.update_parameters(model)
            state["step"] += 1
            clock()
            bar.update()
            if state["step"] % 100 == 0:
                log.add(step=state["step"], seconds=round(state["seconds"]), loss=round(sum(losses) / len(losses), 4))
                losses.clear()
                pool.check()
            if state["step"] % 250 == 0:
                save_state(path, state, **kept)
            if state["step"] % 500 == 0:
                on_checkpoint(copy.deepcopy(average.module).eval(), state["step"])
                clock(counts=False)  # looking at pictures is not training
        save_state(path, state, **kept)
    return average.module.eval()
