"""What the page says about itself: licences, what happens to what is typed, which version of it this is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from demo.settings import DEFAULT_MODEL, Settings

OURS = (
    "The code and the model are Apache-2.0. The emoji that the model was trained on are Noto Color Emoji, "
    "Copyright 2022 Google Inc., under the SIL Open Font License 1.1."
)
THEIRS = "The code is Apache-2.0. The model, {}, has a licence of its own, which its card names."
KEPT = (
    "What you type and what is drawn from it is kept on this server for {}, so that a broken connection loses nothing, "
    "and removed when the next run after that begins."
)
SENT = "Nothing is sent anywhere else: there are no cookies, nobody counts you, and no other server is asked."


def about(settings: Settings) -> dict[str, Any]:
    """{"licence", "kept", "sent"}: sentences; {"kept_seconds"}; {"source"}: an address, None where none is known."""
    ours = Path(settings.model).resolve() == DEFAULT_MODEL
    return {
        "licence": OURS if ours else THEIRS.format(settings.model),
        "kept": KEPT.format(_told(settings.keep_seconds)),
        "sent": SENT,
        "kept_seconds": settings.keep_seconds,
        "source": None,
    }


def version(folder: Path) -> str:
    """Eight letters that are others as soon as any file in `folder` is: which version of the page this is."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]


def _told(seconds: int) -> str:
    for unit, name in ((3600, "hour"), (60, "minute"), (1, "second")):
        if seconds % unit == 0 and seconds >= unit:
            count = seconds // unit
            return f"{count} {name}" + ("" if count == 1 else "s")
    return f"{seconds} seconds"
