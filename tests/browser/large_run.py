"""Recorded runs larger than the tiny model makes, their pictures made up: what a player has to cope with."""

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fake_engine import FakeEngine
from PIL import Image

from demo.recorder import record
from demo.run.trace import Request, Watch

VIEWS = "state", "guess", "change"


def run_file(folder: Path, steps: int, side: int, paint: Callable[[int], Image.Image]) -> Path:
    """A recorded run of so many steps; `paint(step)` is each of its pictures, which are `side` x `side`."""
    engine = FakeEngine()
    request = Request("a cat", 7, steps)
    text = json.loads(record(engine, request, list(engine.frames(request, watch=Watch()))))
    for message in text["messages"]:
        if message["kind"] == "frame":
            message |= {"width": side, "height": side}
            message |= {name: packed(paint(message["index"])) if message[name] else None for name in VIEWS}
    path = folder / f"{steps}-{side}.json"
    path.write_text(json.dumps(text))
    return path


def grain(side: int, seed: int = 0) -> Callable[[int], Image.Image]:
    """Coarse noise, so that no picture is cheap."""
    rng = np.random.default_rng(seed)

    def paint(step: int) -> Image.Image:
        rough = rng.integers(0, 256, (side // 8, side // 8, 3), np.uint8)
        return Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)

    return paint


def packed(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=60)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
