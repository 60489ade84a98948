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
from .optimizers import Optimizers, falling
from .pool import Pool
from .stage import FREE, Freedom

COUNT = 60_000  # scenes to choose from at a time
FIRST = 3_000  # scenes that training waits for
READING = 700  # batches of captions that the text encoder reads first
FALL = 0.7  # of the training, in which the rate falls: at its height the loss rises, and comes down with it
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


def examples(pool: Pool, tokenizer, batch: int, step: int) -> tuple[torch.Tensor, ...]:
    """What `miss` takes beside the model, for a batch of scenes and noise that this step alone meets."""
    abar = torch.tensor(parts.signal_shares())
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

    Where its timesteps mean other amounts of noise, the time embedding learns those of `parts.scheduler`. Raises
    RuntimeError where its networks are of another shape.
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
    retime(model.unet, pipe.scheduler.alphas_cumprod)
    return model


def retime(unet: torch.nn.Module, abar: torch.Tensor, steps: int = 4000) -> float:
    """Teach the time embedding to say of each timestep what it said of the one with that log SNR in the table `abar`.

    Both tables end in pure noise. Returns the squared error as a share of the variance; 0 where they agree already.
    """
    theirs, ours = (torch.as_tensor(table, dtype=torch.float64)[:-1].logit() for table in (abar, parts.signal_shares()))
    if len(theirs) == len(ours) and torch.allclose(theirs, ours, atol=1e-3):
        return 0.0
    at = np.interp(-ours.numpy(), -theirs.numpy(), np.arange(len(theirs), dtype=np.float64))  # log SNR falls
    with torch.no_grad():
        wanted = unet.time_embedding(unet.time_proj(torch.tensor([*at, len(theirs)], dtype=torch.float32)))
    waves = unet.time_proj(torch.arange(len(wanted), dtype=torch.float32))
    parameters = [*unet.time_embedding.parameters()]
    optimizer = torch.optim.Adam(parameters)
    for step in range(steps):
        falling(optimizer, 2e-3, step, step / steps)
        loss = F.mse_loss(unet.time_embedding(waves), wanted)
        for its, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            its.grad = slope
        optimizer.step()
    unet.zero_grad()
    return loss.item() / wanted.var().item()


def train(
    folder: Path,
    vae: torch.nn.Module,
    *,
    minutes: float = 240,
    batch: int = 48,
    rate: float = 8e-4,
    seed: int = SEED,
    count: int = COUNT,
    freedom: Freedom = FREE,
    steps: int | None = None,
    workers: int = 1,
    start: Model | None = None,
    on_checkpoint: Callable[[Model, int], None] = lambda model, step: None,
) -> Model:
    """Train until `minutes` are spent in all (over resumed runs), or for `steps`; returns the averaged model.

    `freedom` is what the noise decides, little to begin with. Starts from `start`,
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
    optimizers = Optimizers(model.unet, rate, {model.text_encoder: 0.3 * rate}, turn=1.6, fall=FALL)
    kept = {"model": model, "average": average, "optimizers": optimizers}
    path = folder / ("denoiser.pt" if freedom == FREE else "denoiser-still.pt")
    state = load_state(path, **kept)

    def done() -> float:
        return state["step"] / steps if steps else state["seconds"] / (minutes * 60)

    if done() >= 1:
        return average.module.eval()
    torch.manual_seed(seed + state["step"])  # a resumed run meets noise of its own
    pool = Pool(folder, vae, seed=seed, count=count, freedom=freedom)
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
