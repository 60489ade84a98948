"""Runs at one table against the same runs one after the other: `python tests/bench/company.py`.

Paired rounds in one process. Prints how much sooner all are through, how much of its serial wait the slowest visitor
waits for a first frame, how evenly they finish, and how far from alone the pictures are. Aims: 1.3 times in float32 at
four visitors on two cores; 0.15; 1.3 times of the mean; 45 dB.
"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.engine.diffusers_engine import DiffusersEngine
from demo.run.trace import Request, Watch
from demo.settings import DEFAULT_MODEL

ALL = Watch(word_maps=True, guesses=True, outputs=True)
PROMPTS = ("a red fox", "a blue car at the beach", "three yellow bananas", "a cat wearing a crown")


def drawn(engine, request: Request, began: float) -> tuple[float, float, list]:
    """Seconds until its first and its last frame, and its frames."""
    frames, first = [], 0.0
    for frame in engine.frames(request, watch=ALL):
        first = first or time.perf_counter() - began
        frames.append(frame)
    return first, time.perf_counter() - began, frames


def round_of(engine, requests: list[Request], together: bool) -> list[tuple[float, float, list]]:
    began = time.perf_counter()
    with ThreadPoolExecutor(len(requests) if together else 1) as pool:
        return list(pool.map(lambda request: drawn(engine, request, began), requests))


def decibels(one: np.ndarray, other: np.ndarray) -> float:
    return -10 * np.log10(max(np.mean((one.astype(float) - other) ** 2), 1e-9) / 255**2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=4)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--model", default=str(DEFAULT_MODEL))
    parser.add_argument("--dtype", default="float32")
    asked = parser.parse_args()
    engine = DiffusersEngine.load(asked.model, dtype=asked.dtype, places=asked.visitors)
    requests = [
        Request(PROMPTS[at % len(PROMPTS)], seed=at, steps=asked.steps, guidance=engine.abilities.guidance or 1.0)
        for at in range(asked.visitors)
    ]
    round_of(engine, [requests[0]], True)
    gains, firsts, fair, near = [], [], [], []
    for turn in range(asked.rounds):
        told = {together: round_of(engine, requests, together) for together in ((True, False), (False, True))[turn % 2]}
        ends = {together: [end for _, end, _ in runs] for together, runs in told.items()}
        gains.append(max(ends[False]) / max(ends[True]))
        firsts.append(max(first for first, *_ in told[True]) / max(first for first, *_ in told[False]))
        fair.append(max(ends[True]) / np.mean(ends[True]))
        near += [
            decibels(one.image, other.image)
            for (*_, alone), (*_, shared) in zip(told[False], told[True], strict=True)
            for one, other in zip(alone, shared, strict=True)
        ]
    print(f"{asked.visitors} visitors, {asked.steps} steps each, {asked.dtype}, {asked.rounds} rounds")
    print(f"throughput over one after the other  {np.median(gains):.2f} [{min(gains):.2f}, {max(gains):.2f}]")
    print(f"slowest first frame, of its serial wait  {np.median(firsts):.3f} [{min(firsts):.3f}, {max(firsts):.3f}]")
    print(f"last to finish, of the mean  {np.median(fair):.2f} [{min(fair):.2f}, {max(fair):.2f}]")
    print(f"from the run alone  at least {min(near):.1f} dB")


if __name__ == "__main__":
    main()
