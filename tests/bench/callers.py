"""Visitors without a browser: they ask the page's own event over HTTP and note when they hear what. For benchmarks."""

import asyncio
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from gradio_client.utils import apply_diff

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from visiting import ROOT, free_port, wait_for

API = "gradio_api/"


@dataclass
class Heard:
    """What one visitor heard: each message, and how many seconds after it asked."""

    key: str
    began: float = 0.0
    messages: list[tuple[float, dict]] = field(default_factory=list)

    def of(self, kind: str) -> list[tuple[float, dict]]:
        """Those of one kind."""
        return [(at, told) for at, told in self.messages if told["kind"] == kind]

    @property
    def first(self) -> float:
        """Seconds until the first frame."""
        return self.of("frame")[0][0]

    @property
    def last(self) -> float:
        """Seconds until the last message."""
        return self.messages[-1][0]

    @property
    def refusal(self) -> str | None:
        """Why it was not drawn, None where it was."""
        return next((told["sentence"] for _, told in self.of("trouble")), None)

    def whole(self, steps: int) -> bool:
        """Whether every message came, in its order, and all of this run."""
        numbers = [told["number"] for _, told in self.messages]
        frames = [told["index"] for _, told in self.of("frame")]
        own = {told["run"] for _, told in self.messages} == {self.key}
        return own and numbers == [*range(len(numbers))] and frames == [*range(steps + 1)]


class Callers:
    """All who call one address."""

    def __init__(self, address: str):
        self.address = address
        config = httpx.get(address + "config", timeout=30).json()
        (self.event,) = (fn["id"] for fn in config["dependencies"] if any(t[1] == "submit" for t in fn["targets"]))

    async def run(self, web: httpx.AsyncClient, read: asyncio.Event | None = None, **asked) -> Heard:
        """One run of a visitor of its own, from the click to the last message; nothing is read before `read` is set."""
        heard, session = Heard(secrets.token_urlsafe(18)), secrets.token_hex(8)
        body = {"data": [], "fn_index": self.event, "session_hash": session, "trigger_id": None}
        body["event_data"] = {"run": heard.key} | asked
        heard.began = time.perf_counter()
        (await web.post(f"{self.address}{API}queue/join", json=body)).raise_for_status()
        told = None
        async with web.stream("GET", f"{self.address}{API}queue/data", params={"session_hash": session}) as stream:
            if read:
                await read.wait()
            async for line in stream.aiter_lines():
                if not line.startswith("data:"):
                    continue
                event = json.loads(line[5:])
                if event["msg"] == "process_completed":
                    return heard
                if event["msg"] != "process_generating":
                    continue
                (told,) = (apply_diff(told, new) if told is not None else new for new in event["output"]["data"])
                heard.messages.append((time.perf_counter() - heard.began, json.loads(told)))
        return heard


@contextlib.contextmanager
def app(**env: str) -> Iterator[tuple[str, subprocess.Popen, Path]]:
    """`python app.py`: its address, its process, and the folder of its exports."""
    with tempfile.TemporaryDirectory() as folder:
        port, told = free_port(), Path(folder) / "app.log"
        own = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "DEMO_EXPORTS": folder}
        with told.open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=os.environ | own | env, stdout=log, stderr=log
            )
        try:
            yield wait_for(f"http://127.0.0.1:{port}/", process, told), process, Path(folder)
        finally:
            process.terminate()
            process.wait(20)
