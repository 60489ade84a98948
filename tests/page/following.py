"""A visitor of these tests: asks for a run, follows it without a browser, and reads what it is told."""

import asyncio
import contextlib
import json
import secrets
import time


def key() -> str:
    """As a browser mints it: 18 random bytes in base64url."""
    return secrets.token_urlsafe(18)


def form(**changed) -> dict:
    """What a browser sends, every value as it stands in its field."""
    asked = {"run": key(), "prompt": "a blue cat", "seed": "7", "steps": "4", "guidance": "5", "scheduler": "ddim"}
    return asked | changed


class Visitor:
    """Iterates over the messages of one run, as dicts; `texts` are those read so far as they came."""

    def __init__(self, live, asked, *present):
        self.run = asked.get("run") if isinstance(asked, dict) else None
        self.texts = []
        self._loop, self._messages = asyncio.new_event_loop(), live.watch(asked, *present)

    def __iter__(self):
        return self

    def __next__(self) -> dict:
        try:
            self.texts.append(self._loop.run_until_complete(anext(self._messages)))
        except StopAsyncIteration:
            raise StopIteration from None
        return json.loads(self.texts[-1])

    def close(self) -> None:
        """The connection breaks, or the visitor goes."""
        self._loop.run_until_complete(self._messages.aclose())
        self._loop.close()


def told(live, asked, *present) -> list[dict]:
    """Every message of one run."""
    with contextlib.closing(Visitor(live, asked, *present)) as visitor:
        return list(visitor)


def generated(live, request, *present):
    """As the API: the picture, the GIF, the trace."""
    return asyncio.run(live.generate(request, *present))


def until(true, seconds: float = 10.0) -> None:
    """Wait for what another thread will do."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)
