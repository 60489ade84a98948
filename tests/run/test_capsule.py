"""A recorded run: small, whole, read back as it was, and every other file refused in one sentence."""

import base64
import io
import json

import numpy as np
import pytest
from fake_engine import FakeEngine
from PIL import Image

from demo.run import capsule, messages
from demo.run.trace import Request, Watch

KEY = "abcdefghijklmnopqrstuv-_"


def sent(steps: int = 4, size: int = 64, count: int | None = None) -> list[str]:
    request = Request("a blue cat", seed=7, steps=steps)
    frames = list(FakeEngine(size=size).frames(request, watch=Watch(True, True)))[:count]
    told = [messages.begin(KEY, 0, request, "fake"), messages.waiting(KEY, 1, 2)]
    for before, frame in zip([None, *frames], frames, strict=False):
        told.append(messages.frame(KEY, len(told), frame, before))
    told.append(messages.drawn(KEY, len(told), len(frames), stopped=count is not None))
    return [*told, messages.done(KEY, len(told), frames, "/tmp/x.gif", 9, "hm", stopped=count is not None)]


@pytest.mark.parametrize("count", [None, 3])
def test_a_run_is_read_as_it_was_told(count):
    first, last = (json.loads(text) for text in (sent(count=count)[0], sent(count=count)[-1]))
    recorded = capsule.read(capsule.record(sent(count=count)))
    begin, *frames, done = recorded["messages"]
    assert begin == first and [frame["index"] for frame in frames] == list(range(count or 5))
    assert [message["number"] for message in recorded["messages"]] == list(range(len(frames) + 2))
    assert done["curves"] == last["curves"] and done["sentences"] == last["sentences"]
    assert done["gif"] is done["note"] is None and done["gif_bytes"] == 0  # a file of a server that may be gone


def test_thirty_steps_of_noisy_pictures_fit_into_the_room():
    told = sent(steps=30, size=256)
    assert sum(map(len, told)) > 3 * capsule.ROOM
    text = capsule.record(told)
    assert len(text) <= capsule.ROOM
    frames = capsule.read(text)["messages"][1:-1]
    assert len(frames) == 31 and all(frame["state"].startswith("data:image/webp;") for frame in frames)
    final = np.asarray(Image.open(io.BytesIO(base64.b64decode(frames[-1]["state"].partition(",")[2]))).convert("RGB"))
    exact = json.loads(told[-3])["state"]
    whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(exact.partition(",")[2]))).convert("RGB"))
    assert final.shape == whole.shape and np.abs(final.astype(int) - whole).mean() < 4


def test_where_there_is_no_room_some_steps_keep_both_guesses():
    told = sent(steps=20)
    kept = [m["index"] for m in json.loads(capsule.record(told, room=20_000))["messages"] if m.get("conditional")]
    assert len(kept) == capsule.GUESSES and kept[0] == 1 and kept[-1] == 20
    assert len([m for m in json.loads(capsule.record(told))["messages"] if m.get("conditional")]) == 20


def broken(change) -> str:
    recorded = json.loads(capsule.record(sent()))
    change(recorded)
    return json.dumps(recorded)


DAMAGE = {
    "a later schema": lambda file: file.update(schema=2),
    "no messages": lambda file: file.update(messages=[]),
    "no end": lambda file: file["messages"].pop(),
    "no beginning": lambda file: file["messages"].pop(0),
    "a state lost": lambda file: file["messages"].pop(2),
    "two states exchanged": lambda file: file["messages"].insert(1, file["messages"].pop(2)),
    "another run's state": lambda file: file["messages"][2].update(run=KEY[::-1]),
    "a picture from elsewhere": lambda file: file["messages"][2].update(state="https://example.org/x.png"),
    "a script": lambda file: file["messages"][2].update(guess="data:text/html;base64,AAAA"),
    "a drawing": lambda file: file["messages"][2].update(change="data:image/svg+xml;base64,AAAA"),
    "a total that is not the run's": lambda file: file["messages"][2].update(total=9),
    "too few sentences": lambda file: file["messages"][-1]["sentences"].pop(),
    "no answers": lambda file: file.pop("answers"),
    "something more": lambda file: file.update(more=1),
    "a list for the file": lambda file: file.update(recorded="yes"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused_in_one_sentence(damage):
    with pytest.raises(capsule.BadRecord) as refused:
        capsule.read(broken(DAMAGE[damage]))
    text = str(refused.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 200


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "3", "null", "{}", b"\xff\xfe\x00", b"GIF89a", "[" * 10**6, '{"recorded": true, "schema": NaN}',
     '{"recorded": true, "schema": 1e999}', '{"recorded": true, "schema": 1, "messages": {}, "answers": []}'],
    ids=range(12),
)  # fmt: skip
def test_what_is_no_recorded_run_is_refused_in_one_sentence(text):
    with pytest.raises(capsule.BadRecord, match=r"^[^.]+\.$"):
        capsule.read(text)


def test_a_file_that_is_far_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(capsule, "LARGEST", 100)
    with pytest.raises(capsule.BadRecord, match="larger than"):
        capsule.read(capsule.record(sent()))
