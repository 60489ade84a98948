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

from .captions import caption
from .machine import device, mixed
from .optimizers import falling
from .scenes import CLOTHES, COUNTS, RELATIONS, THINGS, VEHICLES, Scene, Thing, sample, told
from .things import COLOURS, PLACES, SIZES, TIMES

OF_A_THING: dict[str, list] = {
    "name": [None, *THINGS],
    "colour": [None, *COLOURS],
    "wear": [None, *CLOTHES],
    "ride": [None, *VEHICLES],
    "size": [None, *SIZES],
}
OF_THE_SCENE: dict[str, list] = {
    "count": [*COUNTS],
    "relation": [None, *RELATIONS],
    "place": [None, *PLACES],
    "time": [None, *TIMES],
}
QUESTIONS = [*OF_A_THING.values(), *OF_A_THING.values(), *OF_THE_SCENE.values()]
NOTHING = Thing(None)


def answers(scene: Scene) -> list[int]:
    """The right answer to each question, as its number: of the first thing, of the second, of the scene."""
    first, second = scene.things if scene.relation else (scene.things[0], NOTHING)
    said = [getattr(thing, asked) for thing in (first, second) for asked in OF_A_THING]
    said += [getattr(scene, asked) for asked in OF_THE_SCENE]
    return [choices.index(answer) for choices, answer in zip(QUESTIONS, said, strict=True)]


def exercises(tokenizer, seed: int, batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Endless (token ids (batch, length), answers (batch, questions))."""
    rng = Random(f"words/{seed}")
    while True:
        scenes = [told(sample(rng), rng) for _ in range(batch)]
        captions = [caption(scene, rng) for scene in scenes]
        ids = tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt").input_ids
        yield ids, torch.tensor([answers(scene) for scene in scenes])


def train(text_encoder: nn.Module, pool: nn.Module, tokenizer, *, steps: int = 600, batch: int = 96, seed: int = 1):
    """Teach `text_encoder` and `pool` ((B, length, width) -> (B, channels)) in place; the share of right answers."""
    torch.manual_seed(seed)
    home = device()
    text_encoder.to(home)
    pool.to(home)
    wide = pool(text_encoder(torch.zeros(1, 4, dtype=torch.long, device=home)).last_hidden_state).shape[-1]
    heads = nn.ModuleList(nn.Linear(wide, len(choices)) for choices in QUESTIONS).to(home)
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
