"""A thousand runs, one visitor after the other and some at once: `python tests/bench/soak.py [--runs 1000]`.

Prints every fifty runs what the server's process holds, and draws it into `--out` (a picture of the README). One in
twenty asks for what cannot be, which has to be refused, and one in twenty is read by nobody. Ends with 1 where another
number was refused than that, where threads, open files or files on the disk did not stay where they were after the
first fifty, or where memory grew by a tenth.
"""

import argparse
import asyncio
import random
import secrets
import time
from pathlib import Path

import httpx
import psutil
from callers import API, Callers, app
from PIL import Image, ImageDraw

EVERY = 50  # runs between two looks
AT_ONCE = 3
WORDS = ("fox", "cat", "car", "robot", "tree", "boat", "dog", "house")
KEEP = 30  # seconds, DEMO_KEEP_SECONDS here: what is kept has to go again while we look
NAMES = ("MiB", "threads", "open files", "files")


class Soak:
    """Visitors of every kind, the same for the same seed."""

    def __init__(self, callers: Callers, seed: int = 1):
        self.callers, self.dice = callers, random.Random(seed)
        self.wrong = self.refused = 0  # how many asked for what cannot be, and how many were refused

    async def visit(self, web: httpx.AsyncClient, number: int) -> None:
        """One run, or what becomes of it."""
        dice = self.dice
        asked = {"prompt": f"a {dice.choice(WORDS)}", "seed": str(number), "steps": str(dice.choice((4, 8, 12)))}
        if number % 20 == 13:
            return await self._left(web, asked)
        if number % 20 == 7:
            asked["steps"] = "none"
            self.wrong += 1
        heard = await self.callers.run(web, **asked)
        self.refused += heard.refusal is not None

    async def _left(self, web: httpx.AsyncClient, asked: dict) -> None:
        """Asked for, and nobody reads it."""
        body = {"data": [], "fn_index": self.callers.event, "session_hash": secrets.token_hex(8), "trigger_id": None}
        body["event_data"] = {"run": secrets.token_urlsafe(18)} | asked
        await web.post(f"{self.callers.address}{API}queue/join", json=body)


def held(process: psutil.Process, folder: Path) -> tuple[int, ...]:
    """NAMES of a process at the moment."""
    files = sum(1 for path in folder.rglob("*") if path.is_file())
    return process.memory_info().rss // 2**20, process.num_threads(), process.num_fds(), files


async def soak(callers: Callers, runs: int, look) -> Soak:
    """All runs, `look(number)` every fifty; their visitors."""
    visits = Soak(callers)
    async with httpx.AsyncClient(timeout=None) as web:
        for number in range(0, runs, AT_ONCE):
            if number % EVERY < AT_ONCE and number:
                await asyncio.sleep(2)  # until what is packed is packed
                look(number)
            await asyncio.gather(*(visits.visit(web, number + at) for at in range(AT_ONCE)))
    return visits


def plot(seen: list[tuple[float, int, tuple[int, ...]]], out: Path) -> None:
    """One line each for memory, threads, open files and files, by runs."""
    wide, tall, left = 860, 130, 110
    canvas = Image.new("RGB", (wide, tall * len(NAMES) + 30), "white")
    pen = ImageDraw.Draw(canvas)
    last = seen[-1][1]
    for row, name in enumerate(NAMES):
        values = [what[row] for *_, what in seen]
        top, bottom = row * tall + 18, (row + 1) * tall - 14
        scale = (bottom - top) / (max(values) * 1.1 or 1)
        pen.line([(left, bottom), (wide - 20, bottom)], fill="#bbbbbb")
        points = [
            (left + (wide - 20 - left) * at / last, bottom - scale * v)
            for (_, at, _), v in zip(seen, values, strict=True)
        ]
        pen.line(points, fill="#b5542a", width=2)
        pen.text((8, top), f"{name}\n{min(values)} to {max(values)}", fill="black", font_size=13)
    minutes = seen[-1][0] / 60
    pen.text((left, tall * len(NAMES) + 6), f"{last} runs in {minutes:.0f} minutes", fill="black", font_size=13)
    canvas.save(out)


def main(runs: int, out: str) -> int:
    seen: list[tuple[float, int, tuple[int, ...]]] = []
    began = time.monotonic()
    with app(DEMO_KEEP_SECONDS=str(KEEP), DEMO_ADDRESS_RUNS="100000") as (address, process, folder):
        running = psutil.Process(process.pid)

        def look(number: int) -> None:
            seen.append((time.monotonic() - began, number, held(running, folder)))
            print(
                f"{number:5} runs, {seen[-1][0]:6.0f} s: ",
                *map("{0[1]} {0[0]}".format, zip(NAMES, seen[-1][2], strict=True)),
                flush=True,
            )

        visits = asyncio.run(soak(Callers(address), runs, look))
        time.sleep(2 * KEEP)
        look(runs)
    print(f"{visits.refused} refused, {visits.wrong} had to be")
    if out:
        plot(seen, Path(out))
    (*_, first), (*_, last) = seen[0], seen[-1]
    grown = last[0] > 1.1 * first[0] or any(now > before + 3 for before, now in zip(first[1:], last[1:], strict=True))
    return int(grown or visits.refused != visits.wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--out", default="", help="a PNG for the plot")
    raise SystemExit(main(**vars(parser.parse_args())))
