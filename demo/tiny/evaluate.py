"""How often the model draws what was asked: `python -m demo.tiny.evaluate assets/tiny`.

GenEval's categories (Ghosh et al. 2023), but with one figure's colour, clothing and vehicle bound instead of the
colours of two things, and place; in the tiny model's own vocabulary, by its own checker, on combinations of which
training showed no picture: by the held-out rule, or because they are not among the training scenes. The same scenes
are also rendered, which gives the ceiling, and the generated pictures are also scored against each other's prompts,
which gives the floor.
"""

import argparse
import functools
import json
import math
import textwrap
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler
from PIL import Image, ImageDraw
from tqdm import tqdm

from . import checker
from .data import COUNT, SEED, numbered
from .machine import device
from .parts import GUIDANCE, SIZE, load
from .scenes import CAST, CLOTHES, PROPS, VEHICLES, Scene, Thing, held_out, plain_caption, render
from .things import COLOURS, PLACES

HEADS_OF = {
    "one object": ("first",),
    "two objects": ("first", "second"),
    "count": ("first", "count"),
    "colour": ("first", "colour"),
    "position": ("first", "second", "side"),
    "binding": ("first", "colour", "wear", "ride"),
    "place": ("place",),
}
BATCH = 16
SIDE = 160  # pixels of a picture on the contact sheet
TOO_FEW = "a floor takes two scenes a category at least"
SOLVERS = {"ddim": DDIMScheduler, "dpm++2m": DPMSolverMultistepScheduler, "unipc": UniPCMultistepScheduler}


@functools.cache
def seen() -> frozenset:
    """What training pictures show together: two things in any order, (name, colour, count) or (name, colour, place)."""
    facts: set = set()
    for number in range(COUNT):
        scene, _ = numbered(SEED, number)
        first = scene.things[0]
        if scene.relation:
            facts.add(frozenset(thing.name for thing in scene.things))
        else:
            facts.add((first.name, first.colour, scene.count))
        facts |= {(thing.name, thing.colour, scene.place) for thing in scene.things}
    return frozenset(facts)


def _draw_until(fits: Callable[[Scene], bool], make: Callable[[], Scene]) -> Scene:
    while not fits(scene := make()):
        pass
    return scene


def one_object(rng: Random) -> Scene:
    """One thing in a colour and a place that no training picture shows it in together."""
    return _draw_until(
        lambda scene: (scene.things[0].name, scene.things[0].colour, scene.place) not in seen(),
        lambda: Scene((Thing(rng.choice([*CAST, *PROPS, *VEHICLES]), _any_colour(rng)),), rng.choice([*PLACES])),
    )


def two_objects(rng: Random) -> Scene:
    """Two things that no training picture shows together."""
    return _draw_until(
        lambda scene: frozenset(thing.name for thing in scene.things) not in seen(),
        lambda: Scene(
            tuple(map(Thing, rng.sample([*CAST, *PROPS, *VEHICLES], 2))), relation=rng.choice([*checker.SIDES])
        ),
    )


def count(rng: Random) -> Scene:
    """Two to four of a thing in a colour that no training picture shows it in so often."""
    return _draw_until(
        lambda scene: (scene.things[0].name, scene.things[0].colour, scene.count) not in seen(),
        lambda: Scene((Thing(rng.choice([*CAST, *PROPS]), _any_colour(rng)),), count=rng.choice((2, 3, 4))),
    )


def _any_colour(rng: Random) -> str | None:
    return rng.choice([None, *COLOURS])


def _held(rng: Random, *tables: dict | list | None, place: str = "plain") -> Scene:
    """One thing, made of one entry of each table, that the rule holds out."""
    return _draw_until(
        lambda scene: held_out(scene.things[0]),
        lambda: Scene((Thing(*(table and rng.choice([*table]) for table in tables)),), place),
    )


def colour(rng: Random) -> Scene:
    """Someone in a colour and clothes that the rule holds out."""
    return _held(rng, CAST, COLOURS, CLOTHES)


def binding(rng: Random) -> Scene:
    """Someone in a colour, clothes and on a vehicle that the rule holds out."""
    return _held(rng, CAST, COLOURS, CLOTHES, VEHICLES)


def place(rng: Random) -> Scene:
    """Someone in clothes and on a vehicle that the rule holds out, somewhere."""
    return _held(rng, CAST, None, CLOTHES, VEHICLES, place=rng.choice([name for name in PLACES if name != "plain"]))


MAKERS: dict[str, Callable[[Random], Scene]] = {
    "one object": one_object,
    "two objects": two_objects,
    "count": count,
    "colour": colour,
    "position": two_objects,
    "binding": binding,
    "place": place,
}


def right(category: str, said: dict, scene: Scene) -> bool:
    """Whether what the checker `said` of a picture is what the category asks of the scene."""
    true = checker.truth(scene)
    if category == "two objects":  # wherever they are
        return {said["first"], said["second"]} == {true["first"], true["second"]}
    return all(said[head] == true[head] for head in HEADS_OF[category])


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share. Wilson 1927, equation for the score interval."""
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def scores(category: str, scenes: list[Scene], drawn: list[dict], rendered: list[dict]) -> dict:
    """Raw accuracy with its interval, ceiling, floor, and (raw - floor) / (ceiling - floor), None without a ceiling.

    Raises ValueError for a single scene, which has no other prompt to be scored against.
    """
    total = len(scenes)
    shifts = [shift for shift in (1, 7, 13) if shift % total]
    if not shifts:
        raise ValueError(TOO_FEW)
    hits = sum(right(category, said, scene) for said, scene in zip(drawn, scenes, strict=True))
    ceiling = sum(right(category, said, scene) for said, scene in zip(rendered, scenes, strict=True)) / total
    others = [(drawn[(at + shift) % total], scene) for shift in shifts for at, scene in enumerate(scenes)]
    floor = sum(right(category, said, scene) for said, scene in others) / len(others)
    low, high = wilson(hits, total)
    return {
        "of": total,
        "raw": hits / total,
        "interval": [low, high],
        "ceiling": ceiling,
        "floor": floor,
        "normalised": (hits / total - floor) / (ceiling - floor) if ceiling > floor else None,
    }


def draw(pipe, prompts: list[str], seed: int, steps: int, guidance: float) -> torch.Tensor:
    """uint8 (n, 3, SIZE, SIZE), picture i from noise `seed` + i."""
    pictures = []
    for start in range(0, len(prompts), BATCH):
        some = prompts[start : start + BATCH]
        noise = [torch.Generator().manual_seed(seed + start + at) for at in range(len(some))]
        made = pipe(some, generator=noise, num_inference_steps=steps, guidance_scale=guidance, output_type="np").images
        pictures.append(torch.from_numpy((made * 255).round().astype(np.uint8)).permute(0, 3, 1, 2))
    return torch.cat(pictures)


def contact_sheet(pictures: torch.Tensor, prompts: list[str], columns: int = 8) -> Image.Image:
    """Pictures, made small, with their prompts below them."""
    tall = SIDE + 36
    sheet = Image.new("RGB", (columns * SIDE, -(-len(pictures) // columns) * tall), "white")
    pen = ImageDraw.Draw(sheet)
    for at, (picture, prompt) in enumerate(zip(pictures, prompts, strict=True)):
        x, y = at % columns * SIDE, at // columns * tall
        small = Image.fromarray(picture.permute(1, 2, 0).numpy()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        sheet.paste(small, (x, y))
        pen.text((x + 3, y + SIDE + 1), "\n".join(textwrap.wrap(prompt, 25)[:3]), fill="black", font_size=10, spacing=1)
    return sheet


def main(
    folder: str,
    *,
    each: int = 64,
    steps: int = 30,
    guidance: float = GUIDANCE,
    solver: str = "ddim",
    seed: int = 2024,
    out: str = "",
) -> dict:
    """Score the model in `folder` on `each` scenes a category; prints the table, writes JSON and sheet beside `out`.

    Raises OSError where the model or its checker is missing, ValueError where `each` is below two.
    """
    if each < 2:
        raise ValueError(TOO_FEW)
    pipe, judge = load(folder).to(device()), checker.load(Path(folder) / "checker.safetensors").to(device())
    pipe.scheduler = SOLVERS[solver].from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    told, kept = {}, []
    for category, make in (bar := tqdm(MAKERS.items(), desc="evaluate")):
        bar.set_postfix_str(category)
        rng = Random(f"{seed}/{category}")
        scenes = [make(rng) for _ in range(each)]
        prompts = [plain_caption(scene) for scene in scenes]
        true = torch.stack([torch.from_numpy(np.array(render(s, rng, SIZE))).permute(2, 0, 1) for s in scenes])
        made = draw(pipe, prompts, seed, steps, guidance)
        told[category] = scores(category, scenes, judge.look(made), judge.look(true))
        kept += list(zip(made, prompts, strict=True))
    asked = {"solver": solver, "steps": steps, "guidance": guidance, "seed": seed}
    report = {"model": Path(folder).name, **asked, "categories": told}
    print(table(told))
    if out:
        Path(out).with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n")
        some = kept[:: max(1, len(kept) // 64)][:64]
        contact_sheet(torch.stack([p for p, _ in some]), [t for _, t in some]).save(
            Path(out).with_suffix(".jpg"), quality=85
        )
    return report


def table(told: dict[str, dict]) -> str:
    """The scores as a Markdown table."""
    lines = ["| category | raw | 95 % | ceiling | floor | normalised |", "|---|---|---|---|---|---|"]
    for name, got in told.items():
        low, high = got["interval"]
        cells = f"{got['raw']:.2f} | {low:.2f}-{high:.2f} | {got['ceiling']:.2f} | {got['floor']:.2f}"
        lines.append(f"| {name} | {cells} | {'-' if got['normalised'] is None else format(got['normalised'], '.2f')} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="assets/tiny")
    parser.add_argument("--each", type=int, default=64, help="scenes a category")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--solver", choices=SOLVERS, default="ddim")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--out", default="", help="path without ending for the JSON and the contact sheet")
    arguments = vars(parser.parse_args())
    main(arguments.pop("folder"), **arguments)
