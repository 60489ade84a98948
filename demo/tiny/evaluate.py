"""How often the model draws what was asked, and how its runs go: `python -m demo.tiny.evaluate assets/tiny`.

By our own checker, in the world's own vocabulary, on combinations of which training showed no picture (asked.py). The
same scenes are also rendered, which gives the ceiling, and the generated pictures are also scored against each other's
prompts, which gives the floor. Beside accuracy stand variety and process (process.py): none is to be had at the
other's cost.
"""

import argparse
import json
import math
import textwrap
from pathlib import Path
from random import Random

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler
from PIL import Image, ImageDraw
from tqdm import tqdm

from . import checker, process
from .asked import MAKERS, right
from .captions import plain_caption
from .machine import device
from .parts import GUIDANCE, load
from .scenes import Scene

BATCH = 16
SIDE = 160  # pixels of a picture on the contact sheet
TOO_FEW = "a floor takes two scenes a category at least"
SOLVERS = {"ddim": DDIMScheduler, "dpm++2m": DPMSolverMultistepScheduler, "unipc": UniPCMultistepScheduler}


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
    prompts: int = 64,
    out: str = "",
) -> dict:
    """Score the model in `folder` on `each` scenes a category and watch runs of `prompts` prompts, four seeds each.

    Prints the tables, writes JSON and sheet beside `out`. Without prompts no run is watched.

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
        texts = [plain_caption(scene) for scene in scenes]
        made = draw(pipe, texts, seed, steps, guidance)
        told[category] = scores(category, scenes, judge.look(made), judge.look(process.rendered(scenes, rng)))
        kept += list(zip(made, texts, strict=True))
    asked = {"solver": solver, "steps": steps, "guidance": guidance, "seed": seed}
    report = {"model": Path(folder).name, **asked, "categories": told}
    print(table(told))
    if prompts:
        same = {"steps": steps, "guidance": guidance, "seed": seed}
        report["process"] = process.seeds_and_runs(pipe, prompts=prompts, seeds=4, **same)
        report["process"]["drawings"] = process.drawings(pipe, judge, things=max(1, prompts // 4), **same)
        print("\n" + process_table(report["process"]))
    if out:
        Path(out).with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
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


def process_table(told: dict[str, float]) -> str:
    """Variety and process as a Markdown table."""
    return "\n".join(["| process | |", "|---|---|", *(f"| {name} | {share:.2f} |" for name, share in told.items())])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default="assets/tiny")
    parser.add_argument("--each", type=int, default=64, help="scenes a category")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--guidance", type=float, default=GUIDANCE)
    parser.add_argument("--solver", choices=SOLVERS, default="ddim")
    parser.add_argument("--seed", type=int, default=2024)
    parser.add_argument("--prompts", type=int, default=64, help="of which runs are watched; 0 for none")
    parser.add_argument("--out", default="", help="path without ending for the JSON and the contact sheet")
    arguments = vars(parser.parse_args())
    main(arguments.pop("folder"), **arguments)
