"""From nothing to a picture: `python tests/bench/start.py [--steps 30] [--rounds 2]`.

Each round starts a process of its own twice, with an empty folder for what is found out once about the model (so that
both dtypes are tried) and with the filled one. Told are the seconds, of the clock and of the processor, until the first
state is there and until the final picture is, and the dtype that was chosen.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRESH = """
import json, sys, time
began = time.perf_counter()
from pathlib import Path
from demo.engine.diffusers_engine import DiffusersEngine
from demo.run.trace import Request
from demo.settings import Settings
settings = Settings.from_env()
engine = DiffusersEngine.load(settings.model, **settings.machine())
told = {"open": time.perf_counter() - began}
frames = engine.frames(Request("a blue cat", 7, int(sys.argv[1])))
shown = [next(frames)]
told["first state"] = time.perf_counter() - began
shown += frames
told["picture"] = time.perf_counter() - began
told["processor"] = time.process_time()
print(json.dumps(told | {"dtype": engine.trace(Request("a blue cat", 7), shown).dtype}))
"""


def fresh(cache: str, steps: int) -> dict:
    """What a process of its own says of its start."""
    env = os.environ | {"DEMO_CACHE": cache}
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(steps)], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main(steps=30, rounds=2) -> list[dict]:
    """Runs the rounds, prints what they say and returns it."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for kind in ("first start", "next start"):
                told = fresh(cache, steps)
                print(f"{kind}: " + ", ".join(f"{n} {v:.1f} s" if n != "dtype" else v for n, v in told.items()))
                found.append({"kind": kind, **told})
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=2)
    main(**vars(parser.parse_args()))
