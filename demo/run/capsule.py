"""A recorded run: one JSON file with the messages of a run and what a page would ask about it, to be played anywhere.

The file is for the browser, so it is kept small: its pictures are WebP, as fine as the room allows, and the two guesses
that guidance mixes, which are the heaviest, are there for some of the steps only. The exact pixels are known by their
SHA-256 alone. Reading trusts nothing.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from typing import Any, cast

from PIL import Image

from demo.run.records import Answers, Recorded
from demo.run.schema import fault_of

ROOM = 1_000_000  # bytes that a file should have at most
ROOMY = 3_000_000  # bytes of a run that is kept together with its player
LARGEST = 32 * 2**20  # bytes that are read at all
QUALITIES = (90, 80, 70, 60, 50, 40, 30, 22, 15, 10)  # of WebP, best first
RESULT = 80  # the least quality of the result, which people look at longest
GUESSES = 6  # steps that keep both guesses, where there is no room for all
PICTURES = ("state", "guess", "change")


class BadRecord(ValueError):
    """A file that is no recorded run; the text is one sentence."""


def record(messages: Sequence[str], answers: Answers | None = None, room: int = ROOM) -> str:
    """The file of a run, from its messages as they were sent, in about `room` bytes where that is possible."""
    told = [json.loads(message) for message in messages]
    kept = [one for one in told if one["kind"] in ("begin", "frame", "done")]
    for number, message in enumerate(kept):
        message["number"] = number
        if message["kind"] == "done":  # the GIF is on a server that may be gone
            message.update(gif=None, gif_bytes=0, note=None)
    frames = [message for message in kept if message["kind"] == "frame"]
    pictures = [[_opened(frame[name]) if frame[name] else None for name in PICTURES] for frame in frames]
    file = {"schema": 1, "recorded": True, "messages": kept, "answers": answers or NOTHING}
    if len(json.dumps(kept)) > room:
        _thin(frames)
    for quality in QUALITIES:
        for frame, those in zip(frames, pictures, strict=True):
            fine = max(quality, RESULT) if frame["index"] == frame["total"] else quality
            for name, one in zip(PICTURES, those, strict=True):
                frame[name] = _webp(one, fine) if one else None
        text = json.dumps(file, allow_nan=False, separators=(",", ":"))
        if len(text) <= room:
            break
    return text


def read(text: str | bytes) -> Recorded:
    """A recorded run from the text of its file. Raises BadRecord in one sentence for everything else."""
    if len(text) > LARGEST:
        raise BadRecord(f"This file is larger than {LARGEST // 2**20} MB, which no recorded run is.")
    try:
        file = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadRecord("This file is no JSON, so it is no recorded run.") from error
    if not isinstance(file, dict) or file.get("recorded") is not True:
        raise BadRecord("This file is JSON, but no recorded run.")
    if file.get("schema") != 1:
        raise BadRecord("This run was recorded in another version of the format than 1, the one that is read here.")
    why = fault_of("Recorded", file) or _disorder(file["messages"])
    if why:
        raise BadRecord(f"This recorded run is damaged: {why}.")
    return cast(Recorded, file)


NOTHING = Answers(numbers=None, tokens=None, atlas=None)


def _thin(frames: list[dict[str, Any]]) -> None:
    """Leave both guesses to GUESSES of the steps, evenly spread, the first and the last among them."""
    have = [at for at, frame in enumerate(frames) if frame["conditional"] is not None]
    keep = {have[round(i * (len(have) - 1) / (GUESSES - 1))] for i in range(GUESSES)} if have else set()
    for at, frame in enumerate(frames):
        if at not in keep:
            frame["conditional"] = frame["unconditional"] = None


def _opened(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB")


def _webp(picture: Image.Image, quality: int) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=quality, method=4)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _disorder(messages: Sequence[Any]) -> str | None:
    """Why these messages are not one whole run in order, None where they are."""
    if len(messages) < 3:
        return "it is not a beginning, states and an end"
    begin, *frames, done = messages
    if begin["kind"] != "begin" or done["kind"] != "done" or any(frame["kind"] != "frame" for frame in frames):
        return "it is not a beginning, states and an end"
    if len({message["run"] for message in messages}) != 1 or [m["number"] for m in messages] != [*range(len(messages))]:
        return "its messages are not of one run, in order"
    if [frame["index"] for frame in frames] != [*range(len(frames))] or done["count"] != len(frames):
        return "its states are not all there"
    if {frame["total"] for frame in frames} != {begin["total"]} or len(frames) > begin["total"] + 1:
        return "its states are not those of one run"
    if len(done["sentences"]) != len(frames):
        return "it has not one sentence for each state"
    return None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
