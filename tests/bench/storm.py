"""Requests that make no sense, at every door of the real app: `python tests/bench/storm.py [--requests 10000]`.

Bodies mix what is right with what is not; paths, methods and headers are odd. Prints how often which status came, and
what the process held before and after. Ends with 1 where a status was 500 or more, where an answer showed a traceback,
or where the process did not let go of what it had taken.
"""

import argparse
import asyncio
import json
import random
import string
import time
from collections import Counter
from pathlib import Path

import httpx
import psutil
from callers import API, Callers, app
from load import crowd

GETS = (
    "",
    "config",
    "gradio_api/info",
    "gradio_api/openapi.json",
    "out-of-static/icon.svg",
    "out-of-static/js/main.js",
)
POSTS = ("queue/join", "component_server", "call/generate", "call/v2/generate", "cancel", "reset")
ASKED = ("prompt", "seed", "steps", "guidance", "scheduler", "width", "height", "parent", "branch_at", "then", "run")
KEYS = (
    "data",
    "fn_index",
    "session_hash",
    "event_data",
    "trigger_id",
    "component_id",
    "fn_name",
    "event_id",
    "batched",
)
GROWTH = 64  # MiB that a process may have more, after so many requests than after a tenth of them
LETTERS = string.printable + "äß🦊\u202e\ud83e\x00"


class Storm:
    """Says what to ask next; the same for the same seed."""

    def __init__(self, config: dict, seed: int):
        self.dice = random.Random(seed)
        self.ids = [*range(12), *(fn["id"] for fn in config["dependencies"]), *(c["id"] for c in config["components"])]
        self.page = next(c["id"] for c in config["components"] if c["type"] == "html")

    def value(self, depth: int = 0):
        """Any JSON there is."""
        dice = self.dice
        kind = dice.randrange(10 if depth < 3 else 7)
        if kind < 2:
            return "".join(dice.choices(LETTERS, k=dice.choice((0, 1, 8, 60))))
        if kind < 4:
            return dice.choice((0, 1, -1, 7, 2**31, 2**64, 10**40, 0.5, -1e308, dice.choice(self.ids)))
        if kind < 7:
            return dice.choice((None, True, False, "a cat", "stop", "numbers", "abc", "7"))
        if kind < 8:
            return [self.value(depth + 1) for _ in range(dice.randrange(4))]
        return {dice.choice((*KEYS, *ASKED)): self.value(depth + 1) for _ in range(dice.randrange(5))}

    def body(self) -> dict:
        """What is almost right, or nothing of the kind."""
        dice = self.dice
        asked = {name: self.value() for name in ASKED if dice.random() < 0.4}
        if dice.random() < 0.2:  # a run that nobody will read
            asked = {"run": "".join(dice.choices(string.ascii_letters, k=24)), "prompt": "a cat", "steps": "3"}
        right = {"data": {}, "component_id": self.page, "fn_name": dice.choice(("stop", "missing", "numbers", "token"))}
        right |= {"session_hash": "storm", "fn_index": dice.choice(self.ids), "event_data": asked, "trigger_id": None}
        for name in dice.sample(KEYS, dice.randrange(4)):
            right[name] = self.value()
        return right if dice.random() < 0.8 else {name: self.value() for name in KEYS if dice.random() < 0.5}

    def request(self) -> dict:
        """For httpx."""
        dice = self.dice
        if dice.random() < 0.15:
            odd = "".join(dice.choices("abc./%:?#~{}<>\\ _-0é", k=dice.randrange(1, 30)))
            return {
                "method": dice.choice(("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST")),
                "path": odd,
                "content": b"",
            }
        if dice.random() < 0.1:
            return {"method": "GET", "path": dice.choice(GETS), "content": b""}
        content = json.dumps(self.body()).encode()
        if dice.random() < 0.1:
            content = content[: dice.randrange(len(content) + 1)] + bytes(dice.choices(range(256), k=4))
        return {"method": "POST", "path": API + dice.choice(POSTS), "content": content}


def held(process: psutil.Process, folder: Path) -> dict[str, int]:
    """What a process has at the moment."""
    return {
        "MiB": process.memory_info().rss // 2**20,
        "threads": process.num_threads(),
        "open files": process.num_fds(),
        "files": sum(1 for path in folder.rglob("*") if path.is_file()),
    }


def main(requests: int = 10_000, seed: int = 1) -> int:
    statuses: Counter[int] = Counter()
    shown = []
    with (
        app(DEMO_ADDRESS_RUNS="1000000") as (address, process, folder),
        httpx.Client(base_url=address, timeout=60) as web,
    ):
        storm, running = Storm(web.get("config").json(), seed), psutil.Process(process.pid)
        for _ in range(3):  # what a process keeps from its first runs is no growth
            asyncio.run(crowd(Callers(address), 8, 4))
        before = {}
        for number in range(requests):
            if number == requests // 10:
                before = held(running, folder)
            asked = storm.request()
            try:
                answer = web.request(
                    asked["method"],
                    asked["path"],
                    content=asked["content"],
                    headers={"Content-Type": "application/json"},
                )
            except httpx.InvalidURL:
                continue
            statuses[answer.status_code] += 1
            if answer.status_code >= 500 or "Traceback" in answer.text:
                shown.append((asked, answer.status_code, answer.text[:200]))
        time.sleep(20)  # runs that nobody reads are given up
        after = held(running, folder)
        alive = process.poll() is None
        log = (folder / "app.log").read_text()
    print(f"{sum(statuses.values())} answers: {dict(sorted(statuses.items()))}")
    print(f"after a tenth of them {before}, at the end {after}; tracebacks in the log: {log.count('Traceback')}")
    for one in shown[:5]:
        print(*one)
    if "Traceback" in log:
        print(log[log.index("Traceback") - 500 :][:4000])
    grown = after["MiB"] - before["MiB"] > GROWTH or any(
        after[name] > before[name] + 8 for name in ("threads", "open files")
    )
    return 1 if shown or grown or not alive else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    raise SystemExit(main(**vars(parser.parse_args())))
