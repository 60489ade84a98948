"""How far a denoiser's v is from the true one, on scenes it never met: `python tests/bench/held_back.py FOLDER ...`.

For each model the mean squared error of v at eleven timesteps, on the same scenes and the same noise, words given.
Shapes are decided from about 400 to 600. Scenes of another world are another measure.
"""

import argparse
import sys
from pathlib import Path
from random import Random

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.tiny import parts
from demo.tiny.data import numbered, picture, to_model, wording
from demo.tiny.denoiser import v_target
from demo.tiny.stage import FREE, STILL

SEED = 977  # of data that nothing else has
TIMESTEPS = 100, 200, 300, 400, 450, 500, 550, 600, 700, 800, 900
BATCH = 24


@torch.inference_mode()
def errors(folder: str, pixels: torch.Tensor, captions: list[str]) -> list[float]:
    """One for each of TIMESTEPS."""
    pipe = parts.load(folder)
    with torch.autocast("cpu", torch.bfloat16):
        clean = torch.cat([pipe.vae.encode(to_model(some)).latents.float() for some in pixels.split(BATCH)])
        ids = pipe.tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt").input_ids
        words = pipe.text_encoder(ids).last_hidden_state.float()
        abar, told = torch.tensor(parts.signal_shares()), []
        for timestep in TIMESTEPS:
            noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(timestep))
            noisy, true = v_target(clean, noise, abar[timestep])
            parted = zip(noisy.split(BATCH), words.split(BATCH), strict=True)
            guess = torch.cat([pipe.unet(state, timestep, some).sample.float() for state, some in parted])
            told.append((guess - true).square().mean().item())
    return told


def main(folders: list[str], count: int, freedom: str) -> None:
    kind = {"still": STILL, "free": FREE}[freedom]
    pixels = torch.stack([picture(SEED, number, freedom=kind)[1] for number in range(count)])
    captions = [wording(numbered(SEED, number)[0], Random(f"h{number}")) for number in range(count)]
    print("| timestep |", *(f"{timestep} |" for timestep in TIMESTEPS), "mean |")
    for folder in folders:
        told = errors(folder, pixels, captions)
        print(f"| {folder} |", *(f"{error:.3f} |" for error in told), f"{sum(told) / len(told):.4f} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="of the embedded model")
    parser.add_argument("--count", type=int, default=240, help="scenes (%(default)s)")
    parser.add_argument("--freedom", choices=("still", "free"), default="still")
    arguments = parser.parse_args()
    main(arguments.folders, arguments.count, arguments.freedom)
