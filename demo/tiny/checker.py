"""A small classifier that says what is in a scene: who, what colour, wearing and riding what, how many, where, when.

Trained on the renderer's own pictures, blurred, noisy and shifted, and never on anything that a model drew: it knows
what the words should look like and nothing of how models fail. `python -m demo.tiny.checker` trains it.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter
from safetensors.torch import load_file, save_file
from torch import nn
from tqdm import tqdm

from .data import to_model
from .drawing import SETS
from .machine import device, mixed
from .optimizers import falling
from .scenes import CLOTHES, COUNTS, THINGS, VEHICLES, Scene, draw
from .stage import staged
from .things import COLOURS, PLACES, TIMES

SIDE = 128  # pixels; larger pictures are averaged down to it
NOBODY = "nothing"
NAMES = [NOBODY, *THINGS]
HEADS = {
    "first": NAMES,  # in reading order: the left one, or the upper one
    "second": NAMES,
    "colour": [NOBODY, *COLOURS],  # of the first; nothing is its own colour
    "second colour": [NOBODY, *COLOURS],
    "wear": [NOBODY, *CLOTHES],
    "second wear": [NOBODY, *CLOTHES],
    "ride": [NOBODY, *VEHICLES],
    "second ride": [NOBODY, *VEHICLES],
    "count": [*COUNTS],
    "side": [NOBODY, "left", "above"],  # where the first is, seen from the second
    "place": [*PLACES],
    "time": [*TIMES],
    "drawing": [*SETS],  # of which set the first is
}
SIDES = {"left of": (0, "left"), "right of": (1, "left"), "above": (0, "above"), "below": (1, "above")}
KEPT = 20_000  # pictures that are spoilt again and again
FRESH = 4  # one in so many of a batch is new


def truth(scene: Scene, sets: list[str] | None = None) -> dict[str, str | int | None]:
    """What the checker should say of this scene, head by head; None where the scene leaves it open.

    A scene of two needs a side: not "next to".
    """
    order, side = SIDES[scene.relation] if scene.relation else (0, NOBODY)
    first, second = scene.things[order], scene.things[1 - order] if scene.relation else None
    told = {"count": scene.count, "side": side, "place": scene.place, "time": scene.time}
    told |= {"first": first.name, "drawing": sets and sets[order], "second": second.name if second else NOBODY}
    for head in ("colour", "wear", "ride"):
        told[head] = getattr(first, head) or NOBODY
        told[f"second {head}"] = (second and getattr(second, head)) or NOBODY
    return {head: told[head] for head in HEADS}


class Checker(nn.Module):
    """(B, 3, SIDE, SIDE) in [-1, 1] -> logits per head, each (B, classes)."""

    def __init__(self, width: int = 64):
        super().__init__()
        wide, wider, told = 2 * width, 3 * width, 8 * width
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            *_layer(48, width),
            *_layer(width, wide, stride=2),
            *_layer(wide, wide),
            *_layer(wide, wider, stride=2),
            *_layer(wider, wider),
            *_layer(wider, wider),
            nn.AdaptiveAvgPool2d(4),  # left and right, above and below stay apart
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(16 * wider, told),
            nn.SiLU(),
        )
        self.heads = nn.ModuleDict({name: nn.Linear(told, len(classes)) for name, classes in HEADS.items()})

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        seen = self.body(pictures)
        return {name: head(seen) for name, head in self.heads.items()}

    @torch.inference_mode()
    def look(self, pictures: torch.Tensor) -> list[dict[str, str | int]]:
        """uint8 (B, 3, n, n), n a multiple of SIDE -> for each picture, what it shows."""
        here = next(self.parameters()).device
        small = F.interpolate(to_model(pictures.to(here)), (SIDE, SIDE), mode="area")
        chosen = {name: logits.argmax(-1).tolist() for name, logits in self(small).items()}
        return [{name: HEADS[name][chosen[name][at]] for name in HEADS} for at in range(len(pictures))]


def _layer(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.SiLU()]


def spoil(picture: Image.Image, rng: Random) -> Image.Image:
    """Blur, shift, noise and a little colour, as a picture from a model might have them."""
    (width, height), (x, y) = picture.size, [rng.randint(0, 6) for _ in range(2)]
    around = np.pad(np.asarray(picture), ((3, 3), (3, 3), (0, 0)), "edge")
    picture = Image.fromarray(around[y : y + height, x : x + width])
    if rng.random() < 0.7:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.4)))
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, rng.uniform(0, 10), (height, width, 3))
    tint = np.array([rng.uniform(-8, 8) for _ in range(3)])
    return Image.fromarray((np.asarray(picture) + noise + tint).clip(0, 255).astype(np.uint8))


def plainly_placed(rng: Random) -> Scene:
    """Any scene, held out or not, whose two things, if there are two, have a side."""
    while True:
        scene = draw(rng)
        if scene.relation is None or scene.relation in SIDES:
            return scene


class Examples(torch.utils.data.IterableDataset):
    """Endless batches of spoilt pictures, uint8, and their classes, one column per head.

    A quarter is drawn anew for each; the others are earlier pictures, spoilt anew.
    """

    def __init__(self, seed: int, batch: int):
        self.seed, self.batch = seed, batch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        info = torch.utils.data.get_worker_info()
        rng = Random(f"checker/{self.seed}/{info.id if info else 0}")
        kept: list[tuple[Image.Image, list[int]]] = []
        while True:
            fresh = self.batch if len(kept) < 4 * self.batch else max(1, self.batch // FRESH)
            for _ in range(fresh):
                picture, scene, sets = staged(plainly_placed(rng), rng, SIDE)
                told = [HEADS[name].index(value) for name, value in truth(scene, sets).items()]
                kept.append((picture, told))
            kept = kept[-KEPT:] if len(kept) > 1.1 * KEPT else kept
            chosen = kept[-fresh:] + rng.choices(kept, k=self.batch - fresh)
            pictures = [np.array(spoil(picture, rng)) for picture, _ in chosen]
            yield torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), torch.tensor([told for _, told in chosen])


def train(
    out: Path, *, steps: int = 6000, batch: int = 64, rate: float = 1e-3, seed: int = 1, go_on_from: str | Path = ""
) -> Checker:
    """Train, from the checker in `go_on_from` if there is one, write fp16 safetensors to `out`, return the checker."""
    torch.manual_seed(seed)
    home = device()
    model = (load(go_on_from) if go_on_from else Checker()).train().to(home, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.02)
    batches = iter(torch.utils.data.DataLoader(Examples(seed, batch), batch_size=None, num_workers=1))  # draws ahead
    for step in (bar := tqdm(range(steps), desc="checker", unit="it")):
        falling(optimizer, rate, step, step / steps)
        pictures, told = (tensor.to(home) for tensor in next(batches))
        with mixed():
            said = model(to_model(pictures).contiguous(memory_format=torch.channels_last))
        loss = sum(F.cross_entropy(said[name].float(), told[:, at]) for at, name in enumerate(HEADS))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            bar.set_postfix(loss=round(loss.item(), 3))
        if step % 500 == 499:
            save(model, out)  # --go-on-from goes on from here after a stop
    save(model, out)
    return model.eval()


def save(model: Checker, path: Path) -> None:
    """Write fp16 safetensors."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = model.state_dict().items()
    save_file({name: value.half().contiguous() for name, value in weights if value.is_floating_point()}, path)


def load(path: str | Path) -> Checker:
    """The checker whose weights are in `path`; OSError where there are none, RuntimeError where they are another's."""
    model = Checker()
    counters = {name: value for name, value in model.state_dict().items() if name.endswith("num_batches_tracked")}
    model.load_state_dict(load_file(path) | counters)
    return model.eval()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("assets/tiny/checker.safetensors"))
    parser.add_argument("--go-on-from", default="", help="a checker's weights to start from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6000)
    train(**vars(parser.parse_args()))
