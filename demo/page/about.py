"""What the page says about itself: licences, what happens to what is typed, which version of it this is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from demo.settings import DEFAULT_MODEL, Settings

CODE = {"what": "The code of this page", "licence": "Apache-2.0"}
MODEL = {"what": "The model, which was trained by this project", "licence": "Apache-2.0"}
SPRITES = {
    "what": "The emoji in the pictures that the model was trained on: Noto Color Emoji, Copyright 2022 Google Inc.",
    "licence": "SIL Open Font License 1.1",
}
PRIVACY = (
    "What you type and what is drawn from it is kept on this server for {}, so that a broken connection loses nothing, "
    "and removed when the next run after that begins.",
    "Nothing is sent anywhere else: there are no cookies, nobody counts you, and no other server is asked.",
)


def about(settings: Settings) -> dict[str, Any]:
    """{"licences": [{"what", "licence"}], "privacy": [sentences], "kept_seconds", "source": address or None}."""
    ours = Path(settings.model).resolve() == DEFAULT_MODEL
    model = MODEL if ours else {"what": f"The model, {settings.model}", "licence": "its own; its card says which"}
    return {
        "licences": [CODE, model, *([SPRITES] if ours else [])],
        "privacy": [PRIVACY[0].format(_told(settings.keep_seconds)), *PRIVACY[1:]],
        "kept_seconds": settings.keep_seconds,
        "source": None,  # no public address of the source is known
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
