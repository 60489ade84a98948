"""A training run's memory: checkpoints that survive a stop, and a log that can be plotted."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

PAUSE = 60.0  # seconds between two batches; no batch takes so long


class Log:
    """One JSON object a line, appended."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path

    def add(self, **values: float) -> None:
        """Write one line at once, so that a stop loses none."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def load_state(path: Path, **parts) -> dict:
    """Put a checkpoint's weights into `parts` and return its counters; zeros where there is none yet."""
    if not path.exists():
        return {"step": 0, "seconds": 0.0}
    saved = torch.load(path, map_location="cpu", weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(saved[name])
    return saved["state"]


def save_state(path: Path, state: dict, **parts) -> None:
    """Written beside and renamed, so that a stop in the middle leaves the checkpoint before."""
    beside = path.with_suffix(".new")
    torch.save({"state": dict(state), **{name: part.state_dict() for name, part in parts.items()}}, beside)
    beside.replace(path)


def keep_time(state: dict) -> Callable[..., None]:
    """A function that adds the time since its last call to state["seconds"], or, not to count, lets it pass.

    Of a pause, in which the process was stopped, no more than PAUSE counts: the rate falls by this time, and would be
    low after a night in which nothing was learned.
    """
    last = time.monotonic()

    def tick(counts: bool = True) -> None:
        nonlocal last
        now = time.monotonic()
        state["seconds"], last = state["seconds"] + (min(now - last, PAUSE) if counts else 0), now

    return tick


def averaged(model: torch.nn.Module, decay: float = 0.998) -> torch.optim.swa_utils.AveragedModel:
    """A running mean of the weights that is plain at first, so that the random start is soon forgotten."""

    def mean(kept: list[torch.Tensor], new: list[torch.Tensor], count: torch.Tensor) -> None:
        torch._foreach_lerp_(kept, new, max(1 - decay, 9 / (9 + int(count))))

    return torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=mean)
