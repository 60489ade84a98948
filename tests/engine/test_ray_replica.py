"""A replica, in this process and without any Ray running: what it answers, whom it seats, how a run ends in it."""

import asyncio
import contextlib
import pickle
from dataclasses import replace

import pytest

from demo.engine.api import BadModel
from demo.engine.ray import replica
from demo.engine.ray.replica import FULL, Replica
from demo.run.trace import STATES_ONLY, BadRequest, Request, Step, Watch
from demo.settings import Settings

SHORT, LONG = Request("a blue cat", seed=7, steps=4), Request("a red fox", seed=8, steps=100)


class Meters:
    """Notes what the real ones would tell Ray."""

    def __init__(self):
        self.ends, self.now = [], {"waiting": 0, "under_way": 0}

    @contextlib.contextmanager
    def counted(self, name):
        self.now[name] += 1
        try:
            yield
        finally:
            self.now[name] -= 1

    def stepped(self, step, before):
        assert step.index == before.index + 1

    def ended(self, how):
        self.ends.append(how)


@pytest.fixture
def one(saved, monkeypatch) -> Replica:
    monkeypatch.setattr(replica, "Meters", Meters)
    monkeypatch.setattr(replica, "granted", lambda: 1)
    monkeypatch.setattr(replica, "PATIENCE", 0.1)
    return Replica(str(saved), "", Settings(places=1, dtype="float32").machine(), most=3)


async def drawn(one: Replica, request: Request, watch: Watch = STATES_ONLY, pictures: bool = False) -> list:
    return [pickle.loads(packed) async for packed in one.draw(request, watch, (), pictures)]


def test_its_face_counts_the_places_of_all(one):
    face = pickle.loads(one.face())
    assert (face.model, face.places, face.dtype) == ("random", 3, "float32")


def test_a_model_that_cannot_be_used_is_said_to_whoever_asks(monkeypatch):
    monkeypatch.setattr(replica, "Meters", Meters)
    monkeypatch.setattr(replica, "granted", lambda: 1)
    refused = Replica("no/such/folder/here", "", Settings().machine())
    with pytest.raises(BadModel, match="no/such/folder/here"):
        refused.face()


def test_a_run_is_drawn_and_counted(one):
    steps = asyncio.run(drawn(one, SHORT))
    assert [type(step) for step in steps] == [Step] * 5 and one._meters.ends == ["whole"]
    assert one._meters.now == {"waiting": 0, "under_way": 0}


def test_what_is_refused_is_raised_and_counted(one):
    with pytest.raises(BadRequest, match="not no such") as refused:
        asyncio.run(drawn(one, replace(SHORT, scheduler="no such")))
    assert refused.value.field == "scheduler" and one._meters.ends == ["refused"]
    assert len(asyncio.run(drawn(one, SHORT))) == 5  # and its place is free
    with pytest.raises(ValueError, match="nothing that a replica answers"):
        asyncio.run(one.ask("lent", ("cuda",)))
    assert pickle.loads(asyncio.run(one.ask("numbers", ("a blue cat",)))).tokens


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_called_off_it_ends_within_one_step_and_its_place_is_free(one, how):
    calls, unet = [], one._engine._pipe.unet
    forward = unet.forward
    unet.forward = lambda *given, **more: calls.append(1) or forward(*given, **more)

    async def leave() -> tuple[int, list]:
        run = one.draw(LONG, STATES_ONLY, (), False)
        for _ in range(3):
            await anext(run)
        waiting = asyncio.ensure_future(anext(run)) if how == "cancelled" else None
        await asyncio.sleep(0)
        if waiting is not None:
            waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waiting
        await run.aclose()
        made = len(calls)
        return made, await drawn(one, SHORT)

    made, steps = asyncio.run(leave())
    assert len(steps) == 5 and one._meters.ends == ["stopped", "whole"]
    assert made <= 3 + 2 + 1 and len(calls) <= made + 1 + SHORT.steps  # three read, two waiting, one under way


def test_without_a_place_it_says_so_in_a_moment_and_counts_who_waits(one):
    async def second() -> bytes:
        first = one.draw(LONG, STATES_ONLY, (), False)
        await anext(first)
        told = asyncio.ensure_future(anext(one.draw(SHORT, STATES_ONLY, (), False)))
        await asyncio.sleep(0.05)
        assert one._meters.now == {"waiting": 1, "under_way": 1}
        answer = await told
        await first.aclose()
        return answer

    assert asyncio.run(second()) == FULL and one._meters.now == {"waiting": 0, "under_way": 0}
