"""Visitors who all come at once, by the page's own event: `python tests/bench/load.py [--visitors 1 4 16 32]`.

Prints, for each crowd, pictures a minute, seconds to the first frame and to the end, how many were refused, how many
runs came whole, and how right the wait was that was told: the median of (told - true) / true, of those who waited five
seconds or more. Aims: waits right within 30 %; frames of all accepted runs whole, in order, their own.
"""

import argparse
import asyncio
import statistics

import httpx
from callers import Callers, Heard, app

PROMPTS = ("a red fox", "a blue car at the beach", "three yellow bananas", "a cat wearing a crown")
LONG = 5.0  # seconds; a shorter wait is not worth a forecast


async def crowd(callers: Callers, visitors: int, steps: int) -> list[Heard]:
    """All at once, each with a prompt and a seed of its own."""
    async with httpx.AsyncClient(timeout=None, limits=httpx.Limits(max_connections=None)) as web:
        asked = [{"prompt": PROMPTS[at % len(PROMPTS)], "seed": str(at), "steps": str(steps)} for at in range(visitors)]
        return await asyncio.gather(*(callers.run(web, **one) for one in asked))


def misses(drawn: list[Heard]) -> list[float]:
    """Of every wait that was told, how far off it was, as a share of the true one."""
    told = [(one.first - at, said["seconds"]) for one in drawn for at, said in one.of("waiting")]
    return [(seconds - true) / true for true, seconds in told if seconds is not None and true >= LONG]


def report(heard: list[Heard], steps: int) -> str:
    """One row."""
    drawn = [one for one in heard if one.refusal is None]
    first, last = ([getattr(one, name) for one in drawn] for name in ("first", "last"))
    off = misses(drawn)
    whole = sum(one.whole(steps) for one in drawn)
    wait = f"{statistics.median(off):+.0%} ({sum(abs(one) <= 0.3 for one in off)}/{len(off)})" if off else "-"
    return (
        f"{len(heard):8} {60 * len(drawn) / max(last):9.1f} {statistics.median(first):7.2f} {max(first):7.2f} "
        f"{statistics.median(last):7.2f} {max(last):7.2f} {len(heard) - len(drawn):8} {whole:4}/{len(drawn):<4} {wait}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 4, 16, 32])
    parser.add_argument("--steps", type=int, default=30)
    asked = parser.parse_args()
    print("visitors  pictures/min  first (median, last)  end (median, last)  refused  whole  wait told (within 30 %)")
    with app() as (address, _, _):
        callers = Callers(address)
        asyncio.run(crowd(callers, 1, asked.steps))  # the first run of a server is slower
        for visitors in asked.visitors:
            print(report(asyncio.run(crowd(callers, visitors, asked.steps)), asked.steps), flush=True)


if __name__ == "__main__":
    main()
