"""Our films against Pillow's default GIF, of the same frames at the same size, in one run: python tests/bench/films.py

All start from the frames of one real run and end with a file; bytes, and how near the last picture is to the run's own.
The kinds take turns, so that what else the machine does hits all; a ratio of seconds is the median of its pairs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.engine.diffusers_engine import DiffusersEngine
from demo.run import export
from demo.run.films import Cut, Film
from demo.run.gif import psnr
from demo.run.trace import Frame, Request
from demo.settings import DEFAULT_MODEL

KINDS = ("Pillow's GIF", "GIF", "WebP", "MP4")


def main(model: str, prompt: str, steps: int, seed: int, size: int, rounds: int) -> None:
    """Run the model once, film it `rounds` times each way, print bytes, decibels, seconds and ratios."""
    engine = DiffusersEngine.load(model)
    request = Request(prompt, seed, steps, engine.abilities.guidance)
    frames = list(engine.frames(request))
    film = Film(frames, request, Cut("state", size=size))
    pictures = [picture for _, picture, _ in film.pictures()]
    print(f"{len(frames)} frames of {prompt!r}, {size} px wide, {rounds} interleaved rounds")
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("pillow.gif", "ours.gif", "ours.webp", "ours.mp4")]
        times = [
            [timed(lambda path=path: write(path, frames, request, pictures)) for path in paths] for _ in range(rounds)
        ]
        sizes, last = [path.stat().st_size for path in paths], [psnr(final(path), pictures[-1]) for path in paths]
    for kind, bytes_, near, seconds in zip(KINDS, sizes, last, zip(*times, strict=True), strict=True):
        slower = statistics.median(mine / one[0] for mine, one in zip(seconds, times, strict=True))
        print(
            f"{kind:12} {bytes_ / 1000:7.0f} KB {bytes_ / sizes[0]:6.3f} of it  last picture {near:5.1f} dB  "
            f"{statistics.median(seconds):6.2f} s {slower:6.2f} of it"
        )


def write(path: Path, frames: list[Frame], request: Request, pictures: list[np.ndarray]) -> None:
    """One film; Pillow's is what one writes without thinking."""
    if path.stem == "ours":
        export.film(frames, request, path, Cut("state", size=pictures[0].shape[1]))
        return
    same = [Image.fromarray(picture) for picture in pictures]
    same[0].save(path, save_all=True, append_images=same[1:], duration=100, loop=0)


def final(path: Path) -> np.ndarray:
    """The last picture of a film, uint8 RGB."""
    if path.suffix == ".mp4":
        frames = imageio_ffmpeg.read_frames(str(path))
        wide, high = next(frames)["size"]
        return np.frombuffer([*frames][-1], np.uint8).reshape(high, wide, 3)
    with Image.open(path) as file:
        file.seek(file.n_frames - 1)
        return np.asarray(file.convert("RGB"))


def timed(work) -> float:
    """Seconds that `work()` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(DEFAULT_MODEL))
    parser.add_argument("--prompt", default="a red fox wearing sunglasses on a skateboard")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
