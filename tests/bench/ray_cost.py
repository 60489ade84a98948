"""What the way to a replica costs: `python tests/bench/ray_cost.py`, after installing demo/engine/ray/requirements.txt.

Paired rounds in one process. First the engine in this process against the same model in a replica, both on one core:
how much longer a step takes (aim: at most 5 ms). On a busy machine steps vary by more than that, so the way alone is
measured too: frames that are there already, packed, sent and read as those of a run. Then two visitors at once on the
same two cores: one replica that has both of them, in company, against two replicas of one core each.
"""

import argparse
import asyncio
import os
import pickle
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])  # in place of this folder: replicas are given it

# ruff: noqa: E402
import numpy as np
import ray
import torch
from ray import serve

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.ray import serving
from demo.engine.ray.engine import RayEngine
from demo.engine.ray.pull import Pull
from demo.engine.stream import Stream
from demo.run.trace import Request, Watch
from demo.settings import Settings

ALL = Watch(word_maps=True, guesses=True, outputs=True)
PROMPTS = ("a red fox", "a blue car at the beach")


def replicated(settings: Settings, name: str, cpus: int) -> RayEngine:
    return RayEngine(serve.run(serving.deployed(settings, cpus), name=name, route_prefix=None))


class Drawn:
    """A deployment that computes nothing: it has the frames, and sends them as a replica does."""

    def __init__(self, frames: list):
        self._frames = frames

    async def draw(self):
        for frame in self._frames:
            yield await asyncio.get_running_loop().run_in_executor(None, pickle.dumps, frame, pickle.HIGHEST_PROTOCOL)


def way(frames: list, rounds: int) -> np.ndarray:
    """Seconds from one frame to the next where nothing is computed."""
    handle = serve.run(serve.deployment(Drawn).bind(frames), name="drawn", route_prefix=None)
    handle, told = handle.options(stream=True, method_name="draw"), []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        assert sum(1 for _ in Stream(lambda outlet: Pull(handle.remote, outlet).run())) == len(frames)
        told.append((time.perf_counter() - began) / len(frames))
    serve.delete("drawn")
    return np.array(told[1:])


def seconds(engine, requests: list[Request]) -> float:
    """Until all of them, asked for at once, have their last frame."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(requests)) as pool:
        counts = pool.map(lambda request: sum(1 for _ in engine.frames(request, watch=ALL)), requests)
        assert [*counts] == [request.steps + 1 for request in requests]
    return time.perf_counter() - began


def paired(engines: list, requests: list[Request], rounds: int) -> np.ndarray:
    """(rounds, engines) seconds, each first in turn; one round before goes uncounted."""
    told = np.zeros((rounds + 1, len(engines)))
    for turn in range(rounds + 1):
        for at in range(len(engines))[:: 1 if turn % 2 else -1]:
            told[turn, at] = seconds(engines[at], requests)
    return told[1:]


def spread(values: np.ndarray, unit: str = "") -> str:
    return f"{np.median(values):.2f}{unit} [{min(values):.2f}, {max(values):.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=Settings.model)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=6)
    asked = parser.parse_args()
    os.environ.pop("RAY_ADDRESS", None)
    ray_init, ray.init = ray.init, lambda *given, **more: ray_init(*given, num_cpus=8, **more)  # room, not cores
    serving.connect()
    serve.start(proxy_location="Disabled", logging_config=serving.QUIET)
    settings = replace(Settings.from_env(), model=asked.model, dtype="float32", places=1)
    torch.set_num_threads(1)
    here = DiffusersEngine.load(settings.model, **settings.machine())
    guidance = here.abilities.guidance or 1.0
    requests = [Request(prompt, seed=at, steps=asked.steps, guidance=guidance) for at, prompt in enumerate(PROMPTS)]
    told = paired([here, replicated(settings, "one", 1)], requests[:1], asked.rounds) / asked.steps * 1000
    print(f"{here.model}, {asked.steps} steps, {asked.rounds} rounds, one core each")
    print(f"a step in this process       {spread(told[:, 0], ' ms')}")
    print(f"a step in a replica          {spread(told[:, 1], ' ms')}")
    print(f"overhead of a step           {spread(told[:, 1] - told[:, 0], ' ms')}")
    serve.delete("one")
    frames = list(here.frames(replace(requests[0], steps=100), watch=ALL))
    print(f"the way alone, of a frame    {spread(way(frames, asked.rounds) * 1000, ' ms')}")
    both = replace(settings, places=2)
    one, two = replicated(both, "company", 2), replicated(replace(settings, replicas=(2, 2)), "apart", 1)
    told = paired([one, two], requests, asked.rounds)
    print("two visitors at once, on two cores")
    print(f"one replica, in company      {spread(told[:, 0], ' s')}")
    print(f"two replicas                 {spread(told[:, 1], ' s')}")
    print(f"two over one, in throughput  {spread(told[:, 0] / told[:, 1])}")
    ray.shutdown()


if __name__ == "__main__":
    main()
