"""Eight prompts from eight seeds, and four runs' guesses: `python -m demo.tiny.sheet assets/tiny sheet.jpg`."""

import argparse

import torch
from PIL import Image

from .guesses import guesses, pictures
from .machine import device
from .parts import GUIDANCE, load

PROMPTS = (
    "a fox", "a dog wearing sunglasses", "a pizza on the beach", "a robot riding a horse", "a red car in the snow",
    "a blue cat next to a yellow house", "three apples", "a panda wearing a crown at night",
)  # fmt: skip
SEEDS = 8
SIDE = 128  # pixels of a picture on the sheet
EVERY = 3  # steps between two guesses of a strip
STRIPS = (0, 3, 5, 7)  # prompts whose first seed's guesses are shown


def main(folder: str, out: str, steps: int = 30, guidance: float = GUIDANCE, seed: int = 1) -> None:
    """A row for each prompt, a column for each seed; below, rows of guesses. Nothing is chosen."""
    pipe = load(folder).to(device())
    pipe.set_progress_bar_config(disable=True)
    told = [
        *guesses(
            pipe,
            [prompt for prompt in PROMPTS for _ in range(SEEDS)],
            [*range(seed, seed + SEEDS)] * len(PROMPTS),
            steps,
            guidance,
        )
    ]
    rows = [pictures(pipe, told[-1]).unflatten(0, (len(PROMPTS), SEEDS))]
    kept = torch.stack(told[:-1:EVERY] + told[-1:], 1)
    rows += [pictures(pipe, kept[row * SEEDS]) for row in STRIPS]
    wide = max(SEEDS, kept.shape[1])
    canvas = Image.new("RGB", (wide * SIDE, (len(PROMPTS) + len(STRIPS)) * SIDE), "white")
    for at, row in enumerate([*rows[0], *rows[1:]]):
        for column, picture in enumerate(row):
            small = Image.fromarray(picture.permute(1, 2, 0).numpy()).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
            canvas.paste(small, (column * SIDE, at * SIDE))
    canvas.save(out, quality=85)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("out", help="a .png or .jpg")
    main(**vars(parser.parse_args()))
