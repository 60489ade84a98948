"""How a front reads a run, without any Ray running: what asks here is answered by lists, some of which break off."""

import dataclasses
import pickle
import threading

import pytest
from fake_engine import FakeEngine
from ray.exceptions import ActorDiedError, RayTaskError

from demo.engine.api import BadModel, BrokenRun, Withheld
from demo.engine.ray.pull import MOST_LOST, Pull, asked
from demo.engine.ray.replica import FULL
from demo.engine.stream import Stream
from demo.run.trace import BadRequest, Request

SOON = 5.0
STEPS = list(FakeEngine().steps(Request("a blue cat", seed=7, steps=4)))


class Answer:
    """Gives `items`, the last of which may be an error; or, when they are through, waits until it is cancelled."""

    def __init__(self, *items, waits=False):
        self.items, self.waits, self.cancelled = items, waits, threading.Event()

    def __iter__(self):
        for item in self.items:
            if isinstance(item, Exception):
                raise item
            yield item if isinstance(item, bytes) else pickle.dumps(item)
        if self.waits:
            assert self.cancelled.wait(SOON)

    def cancel(self):
        self.cancelled.set()


def read(*answers) -> Stream:
    left = iter(answers)
    return Stream(lambda outlet: Pull(lambda: next(left), outlet).run())


def indices(*answers) -> list[int]:
    return [step.index for step in read(*answers)]


def moved(step, by: float):
    return dataclasses.replace(step, latents=step.latents + by)


def wrapped(error: Exception) -> Exception:
    """As Ray raises what another process raised."""
    return pickle.loads(pickle.dumps(RayTaskError("draw", "Traceback", error))).as_instanceof_cause()


def test_a_run_that_is_lost_is_told_once_and_whole():
    assert indices(Answer(*STEPS[:3], ActorDiedError()), Answer(*STEPS)) == [0, 1, 2, 3, 4]
    assert indices(Answer(ActorDiedError()), Answer(*STEPS[:1]), Answer(*STEPS)) == [0, 1, 2, 3, 4]


def test_its_seconds_go_on():
    late = [dataclasses.replace(step, seconds=step.seconds + 5.0) for step in STEPS]
    seconds = [step.seconds for step in read(Answer(*late[:3], ActorDiedError()), Answer(*STEPS))]
    assert seconds == sorted(seconds) and seconds[3] > 5.0


def test_where_there_is_no_place_it_asks_again():
    answers = [Answer(FULL), Answer(FULL), Answer(*STEPS)]
    assert indices(*answers) == [0, 1, 2, 3, 4] and not answers[-1].cancelled.is_set()


def test_other_last_digits_go_on_and_are_said(caplog):
    near = [STEPS[0], *(moved(step, 1e-4) for step in STEPS[1:])]
    assert indices(Answer(*STEPS[:3], ActorDiedError()), Answer(*near)) == [0, 1, 2, 3, 4]
    assert "whose last digits are others, by 0.0001 at state 2" in caplog.text


@pytest.mark.parametrize("by", [0.5, float("nan")])
def test_another_picture_does_not_go_on(by):
    other = [STEPS[0], *(moved(step, by) for step in STEPS[1:])]
    with pytest.raises(BrokenRun, match="took over draws it otherwise"):
        indices(Answer(*STEPS[:3], ActorDiedError()), Answer(*other))


def test_what_kills_every_replica_is_given_up():
    killing = [Answer(*STEPS[:2], ActorDiedError()) for _ in range(MOST_LOST + 1)]
    with pytest.raises(BrokenRun, match=f"lost {MOST_LOST + 1} times"):
        indices(*killing)

    def dies():
        raise ActorDiedError()

    with pytest.raises(BrokenRun, match="is given up"):
        asked(dies)


@pytest.mark.parametrize("kind", [BadRequest, BadModel, BrokenRun, Withheld, RuntimeError])
def test_what_is_raised_elsewhere_is_raised_as_itself(kind):
    error = kind("One sentence.")
    if kind is BadRequest:
        error = error.about("seed")

    def raises():
        raise wrapped(error)

    for ask in (lambda: indices(Answer(*STEPS[:2], wrapped(error))), lambda: asked(raises)):
        with pytest.raises(kind) as raised:
            ask()
        assert type(raised.value) is kind and str(raised.value) == "One sentence."
        assert getattr(raised.value, "field", None) == getattr(error, "field", None)


@pytest.mark.parametrize("leave", [Stream.cancel, Stream.close])
def test_whoever_leaves_tells_the_replica_at_once(leave):
    answer = Answer(*STEPS[:2], waits=True)
    states = read(answer)
    assert next(states).index == 0 and not answer.cancelled.is_set()
    leave(states)
    assert answer.cancelled.wait(SOON)
