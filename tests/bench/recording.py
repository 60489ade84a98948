"""What recording costs: `python tests/bench/recording.py [--model folder] [--steps 30] [--rounds 12] [--clock wall]`.

Four arms of the same watched run: its states only, and besides them the words, the guesses, or both. Every round runs
all of them in one process, in an order drawn anew, and each arm is divided by its own round's bare run; told are the
medians of these ratios with a bootstrap interval. The bare arm is run twice a round: what its ratio is off by is noise.
On a machine that is shared, `--clock cpu` counts the work of this process and not the waiting for others.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from watched import interval

from demo.engine.diffusers_engine import DiffusersEngine
from demo.run.trace import SCHEDULERS, Request, Watch
from demo.settings import DEFAULT_MODEL

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
ARMS = {
    "bare": Watch(),
    "bare again": Watch(),
    "words": Watch(word_maps=True),
    "guesses": Watch(guesses=True),
    "both": Watch(word_maps=True, guesses=True),
}


def run(engine: DiffusersEngine, request: Request, watch: Watch, clock) -> tuple[float, str]:
    """Seconds to the last frame, and its hash."""
    began = clock()
    for frame in engine.frames(request, watch=watch):
        last = frame
    return clock() - began, last.sha256


def one_round(engine: DiffusersEngine, request: Request, turn: int, clock) -> dict[str, float]:
    """Seconds of each arm, in an order drawn for this round; raises if recording changed the picture."""
    order = np.random.default_rng(turn).permutation(list(ARMS))
    found = {name: run(engine, request, ARMS[name], clock) for name in order}
    if len({sha256 for _, sha256 in found.values()}) != 1:
        raise AssertionError(f"recording changed the picture of {request}")
    return {name: seconds for name, (seconds, _) in found.items()}


def main(model=str(DEFAULT_MODEL), prompt="a blue cat", steps=30, rounds=12, scheduler="ddim", clock="wall") -> dict:
    """Runs the rounds, prints what they say and returns it."""
    engine = DiffusersEngine.load(model)
    one_round(engine, Request(prompt, 0, 1, scheduler=scheduler), 0, CLOCKS[clock])  # warm
    asked = [Request(prompt, seed=turn, steps=steps, scheduler=scheduler) for turn in range(rounds)]
    rows = [one_round(engine, request, turn, CLOCKS[clock]) for turn, request in enumerate(asked)]
    bare = np.array([row["bare"] for row in rows])
    found = {name: interval(np.array([row[name] for row in rows]) / bare) for name in ARMS if name != "bare"}
    print(f"{engine.model}, {steps} steps, {scheduler}, {torch.get_num_threads()} threads, {rounds} rounds, {clock}")
    print(f"bare, seconds  {np.median(bare):.3f}")
    for name, ratio in found.items():
        print("{:<11} / bare  {:.3f}   [{:.3f}, {:.3f}]".format(name, *ratio))
    return found | {"seconds": float(np.median(bare))}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=str(DEFAULT_MODEL))
    parser.add_argument("--prompt", default="a blue cat")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--scheduler", choices=SCHEDULERS, default="ddim")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    main(**vars(parser.parse_args()))
