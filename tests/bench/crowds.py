"""A simulation of crowds on replicas, from measured times: `python tests/bench/crowds.py --visitors 10 100 1000 10000`.

Nobody is served here. In one hour each visitor asks for some pictures, at any time. A replica draws as many runs as it
has places, one call for all at every step; who finds no place waits in one line. Replicas come and go by Serve's rule,
for runs drawn and waiting. `--step` and `--batch` are the milliseconds of a step alone and with all places taken;
without them both are measured here in a moment.
"""

import argparse
import heapq
import itertools
import math
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])  # in place of this folder

import numpy as np  # noqa: E402

UP, DOWN, HOUR = 5.0, 120.0, 3600.0  # seconds; more, or fewer, have to be wanted so long, as serving.py has it


@dataclass
class World:
    """Times in seconds; `price` of one replica for an hour; `most` replicas at once, `start` until one draws."""

    step: float
    batch: float
    places: int
    steps: int
    most: int
    start: float
    price: float

    def call(self, runs: int) -> float:
        """One call for so many runs: between a step alone and that of a full batch it grows evenly."""
        return self.step + (self.batch - self.step) * (runs - 1) / max(1, self.places - 1)


@dataclass(eq=False)
class Copy:
    """A replica: the steps that each of its runs still needs, and how many of them are in the call under way."""

    begun: float
    left: list[int] = field(default_factory=list)
    called: int = 0


def crowd(world: World, visitors: int, pictures: int, seed: int = 0) -> tuple[np.ndarray, float, int]:
    """The wait of every run in seconds, the hours of all replicas together, and the most of them at once."""
    arrivals = sorted(np.random.default_rng(seed).uniform(0, HOUR, visitors * pictures).tolist())
    numbers = itertools.count()
    events: list[tuple] = [(0.0, next(numbers), "looks", None)]
    events += [(at, next(numbers), "asks", None) for at in arrivals]  # in order, which is a heap
    copies, line, waits = [Copy(0.0)], deque[float](), []
    hours, peak, under_way, coming, more_since, fewer_since, ended = 0.0, 1, 0, 0, None, None, 0

    def add(at: float, what: str, whom: Copy | None = None) -> None:
        heapq.heappush(events, (at, next(numbers), what, whom))

    def seat(copy: Copy, now: float) -> None:
        nonlocal under_way
        while line and len(copy.left) < world.places:
            waits.append(now - line.popleft())
            copy.left.append(world.steps)
            under_way += 1
        if copy.left and not copy.called:
            copy.called = len(copy.left)
            add(now + world.call(len(copy.left)), "steps", copy)

    while ended < len(arrivals):
        now, _, what, copy = heapq.heappop(events)
        if what == "asks":
            line.append(now)
            seat(min(copies, key=lambda one: len(one.left)), now)  # the emptiest, as Serve's router has it
        elif what == "steps":
            left = [left - (place < copy.called) for place, left in enumerate(copy.left)]
            copy.left, copy.called = [steps for steps in left if steps], 0
            ended += left.count(0)
            under_way -= left.count(0)
            seat(copy, now)
        elif what == "comes":
            coming -= 1
            copies.append(Copy(now - world.start))  # it is paid from the moment when it was begun
            seat(copies[-1], now)
        else:
            wanted = min(world.most, max(1, math.ceil((under_way + len(line)) / world.places)))
            there = len(copies) + coming
            more_since = (more_since or now) if wanted > there else None
            fewer_since = (fewer_since or now) if wanted < there else None
            if more_since is not None and now - more_since >= UP:
                coming += wanted - there
                for _ in range(wanted - there):
                    add(now + world.start, "comes")
            if fewer_since is not None and now - fewer_since >= DOWN:
                for idle in [one for one in copies if not one.left][: there - wanted]:
                    copies.remove(idle)
                    hours += (now - idle.begun) / HOUR
            peak = max(peak, len(copies))
            add(now + 1.0, "looks")
    return np.array(waits), hours + sum((now - one.begun) / HOUR for one in copies), peak


def measured(places: int) -> tuple[float, float]:
    """Seconds of a step alone and of one with all places taken, of the embedded model on this machine."""
    from demo.engine.diffusers_engine import DiffusersEngine
    from demo.run.trace import Request
    from demo.settings import Settings

    engine = DiffusersEngine.load(Settings.model, dtype="float32", places=places)

    def together(runs: int) -> float:
        asked = [Request("a red fox", seed=seed, steps=12, guidance=3.0) for seed in range(runs)]
        began = time.perf_counter()
        with ThreadPoolExecutor(runs) as pool:
            list(pool.map(lambda one: list(engine.frames(one)), asked))
        return (time.perf_counter() - began) / 12

    together(1)
    return together(1), together(places)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, nargs="+", default=[10, 100, 1000, 10000])
    parser.add_argument("--pictures", type=int, default=5, help="that each of them asks for in the hour")
    numbers = {"step": 0.0, "batch": 0.0, "start": 20.0, "price": 0.10, "places": 4, "steps": 30, "most": 100}
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    asked = vars(parser.parse_args())
    visitors, pictures, given = asked.pop("visitors"), asked.pop("pictures"), asked["step"] and asked["batch"]
    times = (asked["step"] / 1000, asked["batch"] / 1000) if given else measured(asked["places"])
    world, source = World(**asked | {"step": times[0], "batch": times[1]}), "given" if given else "measured here"
    print(f"SIMULATION, from times {source}: a step of {times[0] * 1000:.1f} ms alone, {times[1] * 1000:.1f} ms")
    print(f"for {world.places} at once; {world.steps} steps, {pictures} pictures each in an hour; a replica starts in")
    print(f"{world.start:g} s, costs {world.price:g} an hour, and there are {world.most} of them at most")
    print(f"{'visitors':>9}{'wait, half':>12}{'95 %':>9}{'replicas':>10}{'at once':>9}{'per 1000 pictures':>19}")
    for count in visitors:
        waits, hours, peak = crowd(world, count, pictures)
        (half, late), cost = np.percentile(waits, [50, 95]), hours * world.price / len(waits) * 1000
        print(f"{count:>9}{half:>10.1f} s{late:>7.1f} s{hours:>10.1f}{peak:>9}{cost:>19.2f}")


if __name__ == "__main__":
    main()
