"""Memory of the engine over many runs, each item read in another thread, as a web server does it.

    python tests/bench/memory.py

Prints the resident MiB after some of the runs, and what the C library still gives back at the end: memory that no
object holds, kept for threads that may need it again.
"""

import ctypes
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from demo.engine.diffusers_engine import DiffusersEngine
from demo.run.trace import Request, Watch
from demo.settings import DEFAULT_MODEL

LOOKS = (1, 5, 10, 20, 30)  # runs after which the memory is read
KEPT = 4  # runs whose frames are held, as a store would


def resident() -> int:
    """MiB of this process that are in memory."""
    return psutil.Process().memory_info().rss // 2**20


def main(steps: int = 6, readers: int = 8) -> None:
    engine = DiffusersEngine.load(str(DEFAULT_MODEL))
    kept, pool = deque(maxlen=KEPT), ThreadPoolExecutor(readers)
    for run in range(1, LOOKS[-1] + 1):
        request = Request("a blue cat", seed=run, steps=steps)
        items, frames = engine.frames(request, watch=Watch(word_maps=True, guesses=True)), []
        while (frame := pool.submit(next, items, None).result()) is not None:
            frames.append(frame)
            if frame.index == steps // 2:
                pool.submit(engine.guesses, frame.step, request).result()
        kept.append(frames)
        if run in LOOKS:
            print(f"after {run:2} runs: {resident()} MiB", flush=True)
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        print(f"without what the C library keeps: {resident()} MiB")


if __name__ == "__main__":
    main()
