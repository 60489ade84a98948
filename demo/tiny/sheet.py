"""A contact sheet of fixed prompts, to watch training by: `python -m demo.tiny.sheet assets/tiny sheet.png`."""

import argparse

import torch
from PIL import Image

from .machine import device
from .parts import GUIDANCE, load

PROMPTS = (
    "a red fox wearing sunglasses on a skateboard", "a blue cat", "a pizza", "an astronaut riding a horse",
    "a green frog wearing a crown at night", "a rocket in space", "a pink rabbit wearing glasses on a scooter",
    "a tiger on a boat on the beach", "an orange owl", "a yellow lion riding a horse", "a pig wearing a graduation cap",
    "a purple alien on a bicycle at sunset", "a bear in the snow", "a blue car", "a castle on the grass",
    "a red mushroom", "a ghost in the desert", "three green apples", "a green robot wearing a top hat",
    "a penguin next to a pig", "a yellow star above a blue fish", "a banana", "a purple umbrella in the rain",
    "a panda on a rocket in space",
)  # fmt: skip
COLUMNS = 8
SIDE = 128  # pixels of a picture on the sheet


def main(folder: str, out: str, steps: int = 20, guidance: float = GUIDANCE, seed: int = 7) -> None:
    """Draw every prompt from `seed` and lay the pictures, made small, row by row into `out`."""
    pipe = load(folder).to(device())
    pipe.set_progress_bar_config(disable=True)
    noise = [torch.Generator().manual_seed(seed) for _ in PROMPTS]
    pictures = pipe(list(PROMPTS), generator=noise, num_inference_steps=steps, guidance_scale=guidance).images
    canvas = Image.new("RGB", (COLUMNS * SIDE, -(-len(pictures) // COLUMNS) * SIDE))
    for at, picture in enumerate(pictures):
        small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        canvas.paste(small, (at % COLUMNS * SIDE, at // COLUMNS * SIDE))
    canvas.save(out, quality=85)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("out", help="a .png or .jpg")
    main(**vars(parser.parse_args()))
