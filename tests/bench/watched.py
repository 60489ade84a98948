"""What watching costs: `python tests/bench/watched.py [--model folder] [--steps 30] [--pairs 12] [--scheduler ddim]`.

A watched run decodes both pictures of every step; the plain run is the same pipeline called as diffusers' documentation
calls it, with one decode at its end, and like the other in a thread of its own (see demo/stream.py). Both are run in
pairs whose order alternates, in one process; told are the median ratio of the pairs with a bootstrap interval, and the
time from a request to its first frame.
"""

import argparse
import copy
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.schedulers import new_scheduler
from demo.engine.stream import aside
from demo.run.trace import SCHEDULERS, Request
from demo.settings import DEFAULT_MODEL


def watched(engine: DiffusersEngine, request: Request) -> tuple[float, float, np.ndarray]:
    """Seconds to the first frame, seconds to the last, and the picture."""
    began = time.perf_counter()
    frames = engine.frames(request)
    next(frames)
    first = time.perf_counter() - began
    for frame in frames:
        picture = frame.image
    return first, time.perf_counter() - began, picture


def plain(engine: DiffusersEngine, request: Request) -> tuple[float, np.ndarray]:
    """Seconds, and the picture, of the pipeline without the engine."""
    began = time.perf_counter()
    pipe = copy.copy(engine._pipe)
    pipe.scheduler = new_scheduler(pipe, request.scheduler)
    images = pipe(
        request.prompt,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        generator=torch.Generator().manual_seed(request.seed),
    ).images
    return time.perf_counter() - began, np.asarray(images[0])


def interval(values: np.ndarray, draws: int = 10_000) -> tuple[float, float, float]:
    """Median, and the 95 % bootstrap interval of it."""
    picks = np.random.default_rng(0).choice(values, (draws, len(values)))
    low, high = np.percentile(np.median(picks, axis=1), [2.5, 97.5])
    return float(np.median(values)), float(low), float(high)


def main(model=str(DEFAULT_MODEL), prompt="a blue cat", steps=30, pairs=12, scheduler="ddim") -> dict:
    """Runs the pairs, prints what they say and returns it; raises if watching changed a picture."""
    engine = DiffusersEngine.load(model)
    began = time.perf_counter()
    cold = watched(engine, Request(prompt, 0, 1, scheduler=scheduler))[0]
    aside(plain, engine, Request(prompt, 0, 1, scheduler=scheduler))
    rows = []
    for pair in range(pairs):
        request = Request(prompt, seed=pair, steps=steps, scheduler=scheduler)
        if pair % 2:
            alone, with_us = aside(plain, engine, request), watched(engine, request)
        else:
            with_us, alone = watched(engine, request), aside(plain, engine, request)
        if not np.array_equal(with_us[2], alone[1]):
            raise AssertionError(f"watching changed the picture of {request}")
        rows.append((with_us[0], with_us[1], alone[0]))
    first, total, alone = np.array(rows).T
    found = {"first": interval(first), "watched": interval(total), "plain": interval(alone)}
    found |= {"ratio": interval(total / alone), "cold_first": cold, "seconds": time.perf_counter() - began}
    print(f"{engine.model}, {steps} steps, {scheduler}, {torch.get_num_threads()} threads, {pairs} pairs")
    print("watched / plain     {:.3f}   [{:.3f}, {:.3f}]".format(*found["ratio"]))
    print("watched, seconds    {:.3f}   [{:.3f}, {:.3f}]".format(*found["watched"]))
    print("plain, seconds      {:.3f}   [{:.3f}, {:.3f}]".format(*found["plain"]))
    print("first frame, second {:.3f}   [{:.3f}, {:.3f}], the very first {:.3f}".format(*found["first"], cold))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(DEFAULT_MODEL))
    parser.add_argument("--prompt", default="a blue cat")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--scheduler", choices=SCHEDULERS, default="ddim")
    main(**vars(parser.parse_args()))
