"""A small detector that says what is in a scene: which figures, where, in what colour, wearing and riding what, and the
scene's place and time.

Trained on the renderer's own pictures, blurred, noisy and shifted, and never on anything that a model drew: it knows
what the words should look like and nothing of how models fail. `python -m demo.tiny.checker` trains it.

As in CenterNet (Zhou, Wang and Kraehenbuehl 2019), every cell of a grid says whether a figure's middle is in it and
what that figure is: what a fox looks like has not to be learned anew wherever it may stand.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

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
from .scenes import CLOTHES, THINGS, VEHICLES, Scene, Thing, draw
from .stage import Staged, staged
from .things import COLOURS, PLACES, TIMES

SIDE = 128  # pixels; larger pictures are averaged down to it
CELLS = 16  # of the grid, each way
SURE = 0.4  # a figure's middle is where a cell says at least that, and no neighbour more
NOBODY = "nothing"
OF_A_FIGURE = {
    "name": [*THINGS],
    "colour": [NOBODY, *COLOURS],  # nothing is its own colour
    "wear": [NOBODY, *CLOTHES],
    "ride": [NOBODY, *VEHICLES],
    "drawing": [*SETS],
}
OF_THE_SCENE = {"place": [*PLACES], "time": [*TIMES]}
SIDES = {"left of": (0, "left"), "right of": (1, "left"), "above": (0, "above"), "below": (1, "above")}
KEPT = 20_000  # pictures that are spoilt again and again
FRESH = 4  # one in so many of a batch is new
NONE = -100  # no answer is asked for there


def truth(scene: Scene, sets: list[str] | None = None) -> dict[str, str | int | None]:
    """What is to be said of this scene, in reading order: the left one first, or the upper one; None where it is open.

    A scene of two needs a side: not "next to".
    """
    order, side = SIDES[scene.relation] if scene.relation else (0, NOBODY)
    first, second = scene.things[order], scene.things[1 - order] if scene.relation else None
    told = {"count": scene.count, "side": side, "place": scene.place, "time": scene.time}
    return told | _told(first, sets and sets[order], second)


def _told(first: Thing, drawing: str | None, second: Thing | None) -> dict[str, str | None]:
    told = {"first": first.name, "drawing": drawing, "second": second.name if second else NOBODY}
    for asked in ("colour", "wear", "ride"):
        told[asked] = getattr(first, asked) or NOBODY
        told[f"second {asked}"] = (second and getattr(second, asked)) or NOBODY
    return told


class Found(NamedTuple):
    """A figure that was found: its cell, how sure, and what it is."""

    row: int
    column: int
    sure: float
    is_: dict[str, str]


class Block(nn.Module):
    """x + two 3x3 convolutions, the first of which looks `reach` cells far."""

    def __init__(self, width: int, reach: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=reach, dilation=reach, bias=False),
            nn.BatchNorm2d(width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.silu(x + self.body(x))


def _layer(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.SiLU()]


class Checker(nn.Module):
    """(B, 3, SIDE, SIDE) in [-1, 1] -> logits: "middle" (B, 1, CELLS, CELLS), maps (B, classes, CELLS, CELLS) for
    OF_A_FIGURE, and (B, classes) for each of OF_THE_SCENE."""

    def __init__(self, width: int = 64):
        super().__init__()
        wide, wider = 2 * width, 3 * width
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            *_layer(48, width),
            Block(width, 1),
            *_layer(width, wide, stride=2),
            Block(wide, 1),
            *_layer(wide, wider),
            *(Block(wider, reach) for reach in (1, 2, 4, 1)),
        )
        figure = {"middle": 1} | {name: len(classes) for name, classes in OF_A_FIGURE.items()}
        self.figure = nn.ModuleDict({name: nn.Conv2d(wider, count, 1) for name, count in figure.items()})
        self.scene = nn.ModuleDict({name: nn.Linear(4 * wider, len(told)) for name, told in OF_THE_SCENE.items()})
        nn.init.constant_(self.figure["middle"].bias, -4.0)  # few cells hold a figure

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        seen = self.body(pictures)
        whole = F.adaptive_avg_pool2d(seen, (4, 1)).flatten(1)  # sky and ground stay apart
        told = {name: head(seen) for name, head in self.figure.items()}
        return told | {name: head(whole) for name, head in self.scene.items()}

    @torch.inference_mode()
    def find(self, pictures: torch.Tensor) -> tuple[list[list[Found]], list[dict[str, str]]]:
        """uint8 (B, 3, n, n), n a multiple of SIDE -> each picture's figures, the surest first, and place and time."""
        here = next(self.parameters()).device
        told = self(F.interpolate(to_model(pictures.to(here)), (SIDE, SIDE), mode="area"))
        sure = told["middle"].sigmoid()
        peaks = (sure == F.max_pool2d(sure, 3, 1, 1)) & (sure >= SURE)
        classes = {name: told[name].argmax(1).tolist() for name in (*OF_A_FIGURE, *OF_THE_SCENE)}
        found = []
        for at, cells in enumerate(peaks[:, 0]):
            figures = [
                Found(
                    y, x, sure[at, 0, y, x].item(), {n: told[classes[n][at][y][x]] for n, told in OF_A_FIGURE.items()}
                )
                for y, x in cells.nonzero().tolist()
            ]
            found.append(sorted(figures, key=lambda figure: -figure.sure))
        places = [{name: told[classes[name][at]] for name, told in OF_THE_SCENE.items()} for at in range(len(found))]
        return found, places

    def look(self, pictures: torch.Tensor) -> list[dict[str, str | int]]:
        """uint8 (B, 3, n, n), n a multiple of SIDE -> for each picture, what it shows, as `truth` says it."""
        return [said(figures) | scene for figures, scene in zip(*self.find(pictures), strict=True)]


def said(figures: list[Found]) -> dict[str, str | int]:
    """What `truth` would say of these figures: of two unlike ones which is first, else how many; of none, nothing."""
    if not figures:
        empty = dict.fromkeys(("first", "second", "side", "drawing"), NOBODY) | {"count": 0}
        return empty | {k: NOBODY for asked in ("colour", "wear", "ride") for k in (asked, f"second {asked}")}
    pair = len(figures) == 2 and figures[0].is_["name"] != figures[1].is_["name"]
    ordered, side = _in_order(figures) if pair else (figures, NOBODY)
    things = [Thing(one.is_["name"], *(one.is_[asked] for asked in ("colour", "wear", "ride"))) for one in ordered]
    told = _told(things[0], ordered[0].is_["drawing"], things[1] if pair else None)
    return told | {"count": 1 if pair else len(figures), "side": side}


def _in_order(figures: list[Found]) -> tuple[list[Found], str]:
    right, below = (abs(getattr(figures[0], axis) - getattr(figures[1], axis)) for axis in ("column", "row"))
    side, axis = ("left", "column") if right >= below else ("above", "row")
    return sorted(figures, key=lambda figure: getattr(figure, axis)), side


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


def asked_of(shown: Staged) -> np.ndarray:
    """What is to be said of a picture, int64 (heads, CELLS, CELLS): of the scene in every cell, else at middles alone.

    The order is that of OF_A_FIGURE, then OF_THE_SCENE; NONE where nothing is asked.
    """
    told = np.full((len(OF_A_FIGURE) + len(OF_THE_SCENE), CELLS, CELLS), NONE)
    for at, (name, classes) in enumerate(OF_THE_SCENE.items(), len(OF_A_FIGURE)):
        told[at] = classes.index(getattr(shown.scene, name))
    for thing, drawing, spot in shown.figures:
        row, column = (min(CELLS - 1, round(middle * CELLS)) for middle in (spot.y, spot.x))
        known = {name: getattr(thing, name, None) or NOBODY for name in OF_A_FIGURE} | {"drawing": drawing}
        told[: len(known), row, column] = [classes.index(known[name]) for name, classes in OF_A_FIGURE.items()]
    return told


def plainly_placed(rng: Random) -> Scene:
    """Any scene, held out or not, whose two things, if there are two, have a side."""
    while True:
        scene = draw(rng)
        if scene.relation is None or scene.relation in SIDES:
            return scene


class Examples(torch.utils.data.IterableDataset):
    """Endless batches of spoilt pictures, uint8, and what is to be said of them.

    A quarter is drawn anew for each; the others are earlier pictures, spoilt anew.
    """

    def __init__(self, seed: int, batch: int):
        self.seed, self.batch = seed, batch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        info = torch.utils.data.get_worker_info()
        rng = Random(f"checker/{self.seed}/{info.id if info else 0}")
        kept: list[tuple[Image.Image, np.ndarray]] = []
        while True:
            fresh = self.batch if len(kept) < 4 * self.batch else max(1, self.batch // FRESH)
            for _ in range(fresh):
                shown = staged(plainly_placed(rng), rng, SIDE)
                kept.append((shown.picture, asked_of(shown).astype(np.int16)))
            kept = kept[-KEPT:] if len(kept) > 1.1 * KEPT else kept
            chosen = kept[-fresh:] + rng.choices(kept, k=self.batch - fresh)
            pictures = torch.from_numpy(np.stack([np.array(spoil(picture, rng)) for picture, _ in chosen]))
            yield pictures.permute(0, 3, 1, 2), torch.from_numpy(np.stack([told for _, told in chosen])).long()


def miss(said: dict[str, torch.Tensor], told: torch.Tensor) -> torch.Tensor:
    """Focal loss of the middles (Lin et al. 2017), cross-entropy of all else; shapes as in `Checker` and `asked_of`."""
    there = (told[:, 0] != NONE).float()
    logits = said["middle"][:, 0].float()
    sure = torch.where(there > 0, logits.sigmoid(), 1 - logits.sigmoid())
    plain = F.binary_cross_entropy_with_logits(logits, there, reduction="none")
    loss = ((1 - sure) ** 2 * plain).sum() / there.sum().clamp(min=1)
    for at, name in enumerate(OF_A_FIGURE):
        loss = loss + F.cross_entropy(said[name].float(), told[:, at], ignore_index=NONE)
    for at, name in enumerate(OF_THE_SCENE, len(OF_A_FIGURE)):
        loss = loss + F.cross_entropy(said[name].float(), told[:, at, 0, 0])
    return loss


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
        loss = miss(said, told)
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
    parser = argparse.ArgumentParser(description=__doc__.split(".")[0])
    parser.add_argument("--out", type=Path, default=Path("assets/tiny/checker.safetensors"))
    parser.add_argument("--go-on-from", default="", help="a checker's weights to start from")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=6000)
    train(**vars(parser.parse_args()))
