"""What was found out once about a model on this machine, kept as small JSON files in a folder.

A folder that cannot be written, or a file that cannot be read, costs nothing but the time to find it out again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

SAMPLE = 64  # numbers of each tensor that tell one set of weights from another
log = logging.getLogger(__name__)


def fingerprint(module, *more: object) -> str:
    """Hex digits that change with the module's configuration, its weights or `more`."""
    digest = hashlib.sha256(repr((type(module).__name__, *more)).encode())
    digest.update(json.dumps(dict(getattr(module, "config", {})), sort_keys=True, default=str).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().reshape(-1)
        some = flat[:: max(1, len(flat) // SAMPLE)][:SAMPLE].float().cpu()
        digest.update(some.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:32]


def remembered(folder: Path | None, name: str, find_out: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `find_out` gives, plain JSON, from the file of this name where there is one; without a folder, anew."""
    if folder is None:
        return find_out()
    path = folder / f"{name}.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    except FileNotFoundError:
        pass  # the first time
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read (%s) and is made anew", path, error)
    found = find_out()
    part = path.with_suffix(f".{uuid.uuid4().hex}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(found, allow_nan=False), encoding="utf-8")
        os.replace(part, path)  # whole or not at all, whoever else writes it
    except OSError as error:
        log.warning("%s cannot be written (%s), so it will be found out again", path, error)
    return found
