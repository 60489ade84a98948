"""A run that an engine has drawn, as the file that any page plays. Needs no page."""

from __future__ import annotations

from demo.engine.api import Engine
from demo.run import capsule, messages
from demo.run.records import Answers
from demo.run.store import new_key
from demo.run.trace import Frame, Request


def record(engine: Engine, request: Request, frames: list[Frame], room: int = capsule.ROOM) -> str:
    """The file of a recorded run, of `room` bytes at most where that is possible: its messages as the page would have
    got them, and the answers to what the page would ask."""
    key, told, tokens, sent = new_key(), [], None, None
    answers = Answers(numbers=None, tokens=None, atlas=None)
    if engine.abilities.can("numbers"):
        read, atlas = engine.numbers(request.prompt), engine.atlas()
        tokens = read.told(atlas)
        sent = sum(token["kind"] not in ("padding", "cut") for token in tokens)
        ones = [read.told_one(at, atlas) for at in range(sent)]
        answers = Answers(numbers=read.to_json(atlas), tokens=ones, atlas=atlas.to_json())
    unknown = None if engine.abilities.vocabulary is None else engine.unknown_words(request.prompt)
    told.append(messages.begin(key, 0, request, engine.model, unknown, tokens))
    for before, frame in zip([None, *frames], frames, strict=False):
        told.append(messages.frame(key, len(told), frame, before, sent))
    told.append(messages.done(key, len(told), frames, stopped=len(frames) <= request.steps))
    return capsule.record(told, answers, room)
