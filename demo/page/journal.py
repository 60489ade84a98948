"""One line for every run that has ended, as JSON: what whoever keeps the page going wants to know.

Nothing in it was typed by a visitor. A run is named by the beginning of its key's hash: who knows the key finds its
line, and whoever reads the line has no key.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from typing import Any, TextIO

from demo.page.visit import Visit

log = logging.getLogger(__name__)


def to(stream: TextIO) -> None:
    """Write the lines there, too; without this a program that has set up no log for them has none."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def name(key: str) -> str:
    """How the run with this key is called in the log."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def told(visit: Visit) -> dict[str, Any]:
    """What is written of a run that has ended; times in seconds, `drawing` from its first state to its last."""
    request, frames = visit.run.request, visit.frames
    return {
        "run": name(visit.run.key),
        "by": "page" if visit.told else "api",
        "scheduler": request.scheduler,
        "steps": request.steps,
        "states": len(frames),
        "seconds": round(time.monotonic() - visit.run.began, 3),
        "drawing": round(frames[-1].seconds - frames[0].seconds, 3) if frames else 0.0,
        "company": max((frame.step.company for frame in frames if frame.step), default=1),
        "stopped": visit.run.stop.is_set(),
        "trouble": None if visit.error is None else type(visit.error).__name__,
    }


def write(visit: Visit) -> None:
    """One line more."""
    log.info(json.dumps(told(visit)))
