"""What a replica tells of itself: numbers on Ray's own Prometheus endpoint, drawn by grafana.json in this folder.

Ray puts `ray_` before every name, and `_total` behind what only grows. No number says what anybody typed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import psutil
import torch
from ray import serve
from ray.util.metrics import Counter, Gauge, Histogram

from demo.run.trace import Step

SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0]
COMPANY = [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0]
PREFIX = "static_"


class Meters:
    """The numbers of one replica."""

    def __init__(self) -> None:
        own = {"replica": serve.get_replica_context().replica_tag}

        def made(kind, name: str, says: str, *tags: str, **more):
            meter = kind(PREFIX + name, says, tag_keys=("replica", *tags), **more)
            meter.set_default_tags(own)
            return meter

        self._runs = made(Counter, "runs", "Runs that ended: whole, stopped, withheld, broken, refused, failed", "how")
        self._steps = made(Counter, "steps", "States that were drawn, those of pure noise not counted")
        self._seconds = made(Histogram, "step_seconds", "Seconds from one state to the next", boundaries=SECONDS)
        self._company = made(Histogram, "company", "Runs that met in the call that led to a state", boundaries=COMPANY)
        self._gauges = {
            "waiting": made(Gauge, "waiting", "Runs that wait for a place"),
            "under_way": made(Gauge, "under_way", "Runs that have a place"),
        }
        self._memory = made(Gauge, "memory_bytes", "Memory of the process, and of the card that it uses", "where")
        self._process, self._counts = psutil.Process(os.getpid()), dict.fromkeys(self._gauges, 0)
        self._remember()

    @contextlib.contextmanager
    def counted(self, name: str) -> Iterator[None]:
        """In here one more run is "waiting", or is "under_way"."""
        self._count(name, 1)
        try:
            yield
        finally:
            self._count(name, -1)

    def stepped(self, step: Step, before: Step) -> None:
        """One more state behind `before`."""
        self._steps.inc()
        self._seconds.observe(max(0.0, step.seconds - before.seconds))
        self._company.observe(step.company)

    def ended(self, how: str) -> None:
        """A run has ended."""
        self._runs.inc(tags={"how": how})
        self._remember()

    def _count(self, name: str, more: int) -> None:
        self._counts[name] += more
        self._gauges[name].set(self._counts[name])

    def _remember(self) -> None:
        self._memory.set(self._process.memory_info().rss, tags={"where": "process"})
        if torch.cuda.is_available():
            self._memory.set(torch.cuda.memory_allocated(), tags={"where": "card"})
