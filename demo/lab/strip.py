"""One prompt and seed across the checkpoints of a training: python -m demo.lab.strip FOLDER

FOLDER holds the sheets that the training left (sheet-00500.png ...; demo.tiny.sheet says what is where on them). The
same cell is cut out of each and laid side by side in training.webp; training.json says what it is of.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from PIL import Image

from demo.settings import LAB
from demo.tiny.sheet import PROMPTS, SEEDS, SIDE

QUALITY = 82
NAME = "training"


def cut(folder: Path, prompt: str, seed: int) -> tuple[Image.Image, list[int]]:
    """The strip, SIDE high and SIDE wide a sheet, and the batch of each cell, in order.

    Raises ValueError for a prompt or seed that is on no sheet, and where there are no sheets.
    """
    if prompt not in PROMPTS or not 1 <= seed <= SEEDS:
        raise ValueError(f"No sheet shows {prompt!r} from seed {seed}: seeds are 1 to {SEEDS}, prompts {PROMPTS}.")
    sheets = {
        int(met[1]): file for file in folder.glob("sheet-*.*") if (met := re.fullmatch(r"sheet-(\d+)", file.stem))
    }
    if not sheets:
        raise ValueError(f"There are no sheets in {str(folder)!r}.")
    batches = sorted(sheets)
    left, top = (seed - 1) * SIDE, PROMPTS.index(prompt) * SIDE
    strip = Image.new("RGB", (len(batches) * SIDE, SIDE))
    for at, batch in enumerate(batches):
        with Image.open(sheets[batch]) as sheet:
            strip.paste(sheet.convert("RGB").crop((left, top, left + SIDE, top + SIDE)), (at * SIDE, 0))
    return strip, batches


def write(strip: Image.Image, told: dict, out: Path) -> None:
    """The picture and what it is of, in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    strip.save(out / f"{NAME}.webp", quality=QUALITY, method=6)
    text = json.dumps({"file": f"{NAME}.webp", **told}, indent=1) + "\n"
    (out / f"{NAME}.json").write_text(text, encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """Write the strip; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        strip, batches = cut(options.folder, options.prompt, options.seed)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    told = {"prompt": options.prompt, "seed": options.seed, "batches": batches, "side": SIDE, "before": options.before}
    write(strip, told, options.out)
    print(f"{options.out / NAME}.webp: {len(batches)} checkpoints, {batches[0]} to {batches[-1]} batches")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m demo.lab.strip", description="Cut one cell out of a training's sheets.")
    parser.add_argument("folder", type=Path, help="where the sheets are")
    parser.add_argument("--prompt", default=PROMPTS[0], help="one of those on the sheets")
    parser.add_argument("--seed", type=int, default=1, help=f"1 to {SEEDS}")
    parser.add_argument("--before", default="", help="one sentence on what the training began from")
    parser.add_argument("--out", type=Path, default=LAB)
    return parser


if __name__ == "__main__":
    sys.exit(main())
