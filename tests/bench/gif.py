"""Our GIF against Pillow's default on the same frames at the same size: python tests/bench/gif.py

Both arms start from the frames of one real run and end with a file. They take turns, so that what else the machine
does hits both; the interval is that of the median of the paired ratios (order statistics, 96 % for nine pairs).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.engine.diffusers_engine import DiffusersEngine
from demo.run import export
from demo.run.trace import Frame, Request
from demo.settings import DEFAULT_MODEL


def main(model: str, prompt: str, steps: int, seed: int, rounds: int) -> None:
    """Run the model once, encode its frames `rounds` times each way, print bytes, seconds and ratios."""
    request = Request(prompt, seed, steps)
    frames = list(DiffusersEngine.load(model).frames(request))
    with tempfile.TemporaryDirectory() as folder:
        ours, plain = Path(folder, "ours.gif"), Path(folder, "pillow.gif")
        seconds = [
            (timed(lambda: export.gif(frames, request, ours)), timed(lambda: pillow(frames, plain)))
            for _ in range(rounds)
        ]
        sizes = ours.stat().st_size, plain.stat().st_size
    ratios = sorted(mine / theirs for mine, theirs in seconds)
    low, high = (ratios[1], ratios[-2]) if rounds >= 9 else (ratios[0], ratios[-1])
    print(f"{len(frames)} frames of {prompt!r}, {export.WIDTH} px wide, {rounds} interleaved pairs")
    for name, size, arm in zip(("ours", "Pillow"), sizes, zip(*seconds, strict=True), strict=True):
        print(f"{name:7} {size / 1000:7.0f} KB {statistics.median(arm):7.3f} s")
    print(f"ratio   {sizes[0] / sizes[1]:7.2f}    {statistics.median(ratios):7.3f} [{low:.3f}, {high:.3f}]")


def pillow(frames: list[Frame], path: Path) -> None:
    """What one writes without thinking: enlarge, then `save`."""
    pictures = [Image.fromarray(frame.image) for frame in frames]
    high = round(export.WIDTH * pictures[0].height / pictures[0].width)
    pictures = [picture.resize((export.WIDTH, high), Image.Resampling.BICUBIC) for picture in pictures]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100, loop=0)


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
    parser.add_argument("--rounds", type=int, default=9)
    main(**vars(parser.parse_args()))
