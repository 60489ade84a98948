"""Until demo/run/messages.py numbers its messages itself: the same functions, with the run's key and a number first."""

from __future__ import annotations

import json

from demo.run import messages


def _numbered(number: int, text: str, **more) -> str:
    return json.dumps({"schema": 1, "number": number} | json.loads(text) | more)


if hasattr(messages, "SCHEMA"):
    begin, waiting, frame = messages.begin, messages.waiting, messages.frame
    drawn, done, trouble = messages.drawn, messages.done, messages.trouble
else:

    def begin(key, number, request, model, unknown, tokens):
        return _numbered(number, messages.begin(key, request, model, unknown, tokens))

    def waiting(key, number, ahead):
        return _numbered(number, messages.waiting(key, ahead))

    def frame(key, number, shown, before, heard):
        return _numbered(number, messages.frame(key, shown, before, heard))

    def drawn(key, number, count, *, stopped):
        return _numbered(number, messages.packing(key), kind="drawn", count=count, stopped=stopped)

    def done(key, number, frames, gif, gif_bytes, note, *, stopped):
        return _numbered(number, messages.done(key, frames, gif, gif_bytes, note, stopped=stopped))

    def trouble(key, number, sentence, *, count=0, field=None):
        return _numbered(number, messages.trouble(sentence, key, count, field))
