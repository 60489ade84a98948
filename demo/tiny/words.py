"""Before the denoiser: the text encoder learns to read, from captions alone.

Each caption is read by the text encoder and pooled as the denoiser will pool it, and one linear layer per question has
to say what the scene holds. That takes minutes, because no picture is made, and spares the denoiser hours: one that
starts with words that all look alike has to find out at once what words mean and what things look like. The layers that
answer are thrown away.
"""

from collections.abc import Iterator
from random import Random

import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from .machine import device, mixed
from .optimizers import falling
from .scenes import CAST, CLOTHES, PROPS, RELATIONS, VEHICLES, Scene, caption, sample
from .things import COLOURS, PLACES

THINGS = [None, *CAST, *PROPS, *VEHICLES]
QUESTIONS = {
    "first": THINGS,
    "colour": [None, *COLOURS],
    "wear": [None, *CLOTHES],
    "ride": [None, *VEHICLES],
    "count": [1, 2, 3, 4],
    "relation": [None, *RELATIONS],
    "second": THINGS,
    "second colour": [None, *COLOURS],
    "place": [*PLACES],
}


def answers(scene: Scene) -> list[int]:
    """The right answer to each question, as its number."""
    first, second = scene.things[0], scene.things[1] if scene.relation else None
    said = (
        *(first.name, first.colour, first.wear, first.ride, scene.count, scene.relation),
        *(second and second.name, second and second.colour, scene.place),
    )
    return [choices.index(answer) for choices, answer in zip(QUESTIONS.values(), said, strict=True)]


def exercises(tokenizer, seed: int, batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Endless (token ids (batch, length), answers (batch, questions))."""
    rng = Random(f"words/{seed}")
    while True:
        scenes = [sample(rng) for _ in range(batch)]
        told = [caption(scene, rng) for scene in scenes]
        ids = tokenizer(told, padding="max_length", truncation=True, return_tensors="pt").input_ids
        yield ids, torch.tensor([answers(scene) for scene in scenes])


def train(text_encoder: nn.Module, pool: nn.Module, tokenizer, *, steps: int = 600, batch: int = 96, seed: int = 1):
    """Teach `text_encoder` and `pool` ((B, length, width) -> (B, channels)) in place; the share of right answers."""
    torch.manual_seed(seed)
    home = device()
    text_encoder.to(home)
    pool.to(home)
    wide = pool(text_encoder(torch.zeros(1, 4, dtype=torch.long, device=home)).last_hidden_state).shape[-1]
    heads = nn.ModuleList(nn.Linear(wide, len(choices)) for choices in QUESTIONS.values()).to(home)
    parameters = [*text_encoder.parameters(), *pool.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=0.01, betas=(0.9, 0.99))
    stream, share = exercises(tokenizer, seed, batch), 0.0
    for step in (bar := tqdm(range(steps), desc="words", unit="it")):
        falling(optimizer, 1e-3, step, step / steps)
        ids, right = (tensor.to(home) for tensor in next(stream))
        with mixed():
            read = pool(text_encoder(ids).last_hidden_state)
            said = [head(read).float() for head in heads]
        loss = sum(F.cross_entropy(logits, right[:, at]) for at, logits in enumerate(said))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        hits = torch.stack([logits.argmax(-1) == right[:, at] for at, logits in enumerate(said)]).float()
        share = 0.95 * share + 0.05 * hits.mean().item() if step else hits.mean().item()
        bar.set_postfix(right=round(share, 3))
    return share
