"""What every Engine does, whatever it is made of: one suite for all of them. A new one is a line in ENGINES,
or, where it needs more around it, a file that takes these tests over, as test_ray.py does."""

import dataclasses
import inspect
import json
import pickle
import threading
from dataclasses import replace

import numpy as np
import pytest
from fake_engine import FakeEngine
from random_model import WORDS

from demo.engine.api import PANELS, BadModel, BrokenRun, Engine
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.zero import ZeroEngine
from demo.run.finish import Finish
from demo.run.trace import BadRequest, Request, Watch

SOON = 30.0  # seconds after which a test that hangs is called failed
BOTH = Watch(word_maps=True, guesses=True)
SHORT, LONG = Request("a blue cat", seed=7, steps=4), Request("a red fox", seed=8, steps=100)

ENGINES = {
    "diffusers": lambda pipe: DiffusersEngine(pipe, "random", frozenset(WORDS[4:])),
    "zero, lent nothing": lambda pipe: ZeroEngine(
        DiffusersEngine(pipe, "random", frozenset(WORDS[4:])), lambda duration: lambda task: task, device="cpu"
    ),
    "fake": lambda pipe: FakeEngine(pause=0.001),
    "fake that shows little": lambda pipe: FakeEngine(
        word_maps="It has none.", guidance="It has none.", numbers="It has none."
    ),
}


@pytest.fixture(params=ENGINES)
def engine(request, pipe) -> Engine:
    return ENGINES[request.param](pipe)


class Reader:
    """Reads `items` in a thread of its own: all of them, or one and then only when told to go on."""

    def __init__(self, items, pauses=False):
        self.read, self.begun, self.going = [], threading.Event(), threading.Event()
        self.ended = threading.Event()
        if not pauses:
            self.going.set()
        threading.Thread(target=self._run, args=(items,), daemon=True).start()

    def _run(self, items):
        for item in items:
            self.read.append(item)
            self.begun.set()
            assert self.going.wait(SOON)
        self.ended.set()


def runs_to_its_end(engine):
    """Another run, begun now, gets all of its states."""
    reader = Reader(engine.steps(SHORT))
    return reader.ended.wait(SOON) and [step.index for step in reader.read] == list(range(SHORT.steps + 1))


def test_it_is_an_engine(engine):
    assert isinstance(engine, Engine) and engine.model
    for name, method in vars(Engine).items():
        if not name.startswith("_") and inspect.isfunction(method):
            assert (
                list(inspect.signature(getattr(engine, name)).parameters)
                == list(inspect.signature(method).parameters)[1:]
            )


@pytest.mark.parametrize("steps", [1, 4])
def test_n_steps_are_n_plus_one_states_in_order_from_pure_noise(engine, steps):
    asked = dataclasses.replace(SHORT, steps=steps)
    frames, states = list(engine.frames(asked)), list(engine.steps(asked))
    assert [(s.index, s.total) for s in states] == [(index, steps) for index in range(steps + 1)]
    assert [(f.index, f.total, f.timestep, f.alpha, f.sigma) for f in frames] == [
        (s.index, s.total, s.timestep, s.alpha, s.sigma) for s in states
    ]
    first, last = states[0], states[-1]
    assert (first.timestep, first.denoised, first.alpha, first.sigma, first.noise_left) == (None, None, 0.0, 1.0, 1.0)
    assert last.noise_left < 0.01
    assert all(s.timestep is not None and s.denoised.shape == s.latents.shape for s in states[1:])
    assert [s.noise_left for s in states] == sorted((s.noise_left for s in states), reverse=True)
    for frame in frames:
        assert frame.image.dtype == np.uint8 and frame.image.ndim == 3 and frame.image.shape[2] == 3
        assert (frame.denoised is None) == (frame.change is None) == (frame.index == 0)
        assert np.array_equal(frame.step.latents, states[frame.index].latents)


def test_the_noise_is_the_seeds_and_knows_no_words(engine):
    first, same, other = (
        next(iter(engine.frames(request))).sha256
        for request in (SHORT, dataclasses.replace(SHORT, prompt="a red fox"), dataclasses.replace(SHORT, seed=9))
    )
    assert first == same != other


def test_the_same_request_gives_the_same_bits(engine):
    hashes = [[frame.sha256 for frame in engine.frames(SHORT, watch=watch)] for watch in (Watch(), BOTH)]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("recorded", [True, False], ids=["from the states", "anew"])
def test_a_branch_has_the_states_it_shares_and_goes_on_by_itself(engine, recorded):
    whole = list(engine.frames(SHORT, watch=replace(BOTH, outputs=True)))
    past = whole[:3] if recorded else ()
    branch = SHORT.branch(2, "a red fox")
    assert [frame.sha256 for frame in engine.frames(SHORT.branch(2), past=past)] == [one.sha256 for one in whole]
    after = list(engine.frames(branch, watch=BOTH, past=past))
    assert [frame.index for frame in after] == [0, 1, 2, 3, 4]
    shared = [one.sha256 == other.sha256 for one, other in zip(after, whole, strict=True)]
    assert shared == [True, True, True, False, False]
    fresh = [frame.sha256 for frame in engine.frames(SHORT.branch(2, fresh=9), past=past)]
    assert [one == other.sha256 for one, other in zip(fresh, whole, strict=True)][:3] == [True, True, False]
    assert [step.index for step in engine.steps(branch, past=past)] == [0, 1, 2, 3, 4]


def test_every_scheduler_that_is_offered_runs_and_no_other(engine):
    for key in engine.abilities.schedulers:
        assert len(list(engine.steps(dataclasses.replace(SHORT, scheduler=key, steps=2)))) == 3
    with pytest.raises(BadRequest):
        engine.steps(dataclasses.replace(SHORT, scheduler="no such"))


def test_cancelled_before_it_is_read_it_gives_nothing(engine):
    items = engine.frames(LONG, "mine")
    assert engine.cancel("mine")
    assert list(items) == [] and runs_to_its_end(engine)


def test_cancelled_while_it_waits_for_its_turn_it_ends_at_once(engine):
    holder = engine.frames(LONG, "holder")
    next(holder)  # and reads no more, so the turn is kept
    waiting = Reader(engine.frames(LONG, "waiting"))
    assert not waiting.ended.wait(0.2)
    assert engine.cancel("waiting") and waiting.ended.wait(SOON) and waiting.read == []
    assert engine.cancel("holder") and runs_to_its_end(engine)


def test_cancelled_between_steps_it_ends_within_one(engine):
    seen, after = [], None
    for frame in engine.frames(LONG, "mine"):
        seen.append(frame.index)
        if frame.index == 2:
            canceller = threading.Thread(target=lambda: engine.cancel("mine"))
            canceller.start()
            canceller.join(SOON)
            after = frame.index
    assert after == 2 and seen == [0, 1, 2] and runs_to_its_end(engine)


def test_cancelled_while_its_reader_does_not_read_it_leaves_the_turn(engine):
    """One who takes a frame a second, or none, costs the next visitor nothing."""
    slow = Reader(engine.frames(LONG, "slow"), pauses=True)
    assert slow.begun.wait(SOON) and engine.cancel("slow")
    assert runs_to_its_end(engine) and not slow.ended.is_set()
    slow.going.set()
    assert slow.ended.wait(SOON) and len(slow.read) == 1


def test_closed_it_leaves_the_turn(engine):
    items = engine.frames(LONG, "mine")
    next(items)
    items.close()
    assert runs_to_its_end(engine) and not engine.cancel("mine")


def test_forgotten_it_leaves_the_turn(engine):
    next(engine.steps(LONG))
    assert runs_to_its_end(engine)


def test_nobody_else_is_cancelled(engine):
    assert not engine.cancel("never was")
    mine, other = engine.steps(SHORT, "mine"), engine.steps(SHORT, "other")
    assert engine.cancel("other") and not engine.cancel("other")
    assert len(list(mine)) == 5 and list(other) == []
    assert not engine.cancel("mine")  # it has ended


def test_a_name_is_free_again_when_its_run_is_over(engine):
    for _ in range(2):
        assert len(list(engine.steps(SHORT, "mine"))) == 5
    begun = engine.steps(LONG, "mine")
    with pytest.raises(BadRequest):
        engine.steps(LONG, "mine")
    assert engine.cancel("mine") and list(begun) == []


def test_visitors_at_once_get_what_each_would_get_alone(engine):
    requests = [dataclasses.replace(SHORT, seed=seed) for seed in range(4)]
    alone = [[frame.sha256 for frame in engine.frames(request)] for request in requests]
    readers = [Reader(engine.frames(request)) for request in requests]
    assert all(reader.ended.wait(SOON) for reader in readers)
    assert [[frame.sha256 for frame in reader.read] for reader in readers] == alone


def test_what_it_can_is_filled_when_asked_for_and_what_it_cannot_is_said(engine):
    can = engine.abilities.can
    assert set(engine.abilities.cannot) <= set(PANELS)
    assert all(why.endswith(".") and len(why.split()) > 2 for why in engine.abilities.cannot.values())
    first, *states = engine.steps(SHORT, watch=BOTH)
    assert first.word_maps is first.conditional is first.unconditional is None
    for step in states:
        assert (step.word_maps is not None) == can("word_maps")
        assert (step.conditional is not None) == (step.unconditional is not None) == can("guidance")
    for step in engine.steps(SHORT):
        assert step.word_maps is step.conditional is step.unconditional is None
    for ask in (lambda: engine.numbers("a blue cat"), engine.atlas):
        if can("numbers"):
            assert np.isfinite(ask().vectors).all()
        else:
            with pytest.raises(BadRequest):
                ask()


def test_a_picture_is_drowned_and_named_where_it_can_be(engine):
    picture = next(iter(engine.frames(SHORT))).image
    levels, errors = engine.drown(picture, 7), engine.classify(picture, 7, ["a cat", "a fox", "a pizza"])
    assert [level.snr for level in levels] == sorted(level.snr for level in levels)
    for level in levels:
        assert level.state.shape == level.guess.shape == picture.shape and level.state.dtype == np.uint8
    assert errors.shape == (len(levels), 3) and errors.dtype == np.float32
    assert np.array_equal(errors, engine.classify(picture, 7, ["a cat", "a fox", "a pizza"]))


def test_words_are_unknown_only_where_it_says_which_it_knows(engine):
    known = engine.abilities.vocabulary
    assert (engine.unknown_words("a quetzalcoatl") == []) == (known is None)
    assert all(engine.unknown_words(word) == [] for word in known or ())


def test_guesses_are_pictures_of_the_runs_size(engine):
    first, *_, last = engine.frames(SHORT, watch=BOTH)
    assert set(engine.guesses(first.step, SHORT).values()) == {None}
    shown = engine.guesses(last.step, SHORT)
    assert list(shown) == ["conditional", "unconditional", "guided"]
    assert (shown["conditional"] is not None) == engine.abilities.can("guidance")
    assert all(picture is None or picture.shape == last.image.shape for picture in shown.values())


def crossing(engine):
    """One of each type that crosses."""
    *_, last = frames = list(engine.frames(SHORT, watch=BOTH))
    wanted = Finish(upscale=2, sharpen=1.0, contrast=0.5)
    yield from (SHORT, BOTH, last, last.step, engine.trace(SHORT, frames), engine.abilities, engine.preview(), wanted)
    yield engine.finish(last.image, wanted, SHORT)
    yield engine.drown(last.image, 7)
    if engine.abilities.can("numbers"):
        numbers = engine.numbers("a blue zebra")
        yield from (numbers, numbers.tokens[1], engine.atlas())


def same(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return type(one) is type(other) and all(same(getattr(one, n), getattr(other, n)) for n in names)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_what_crosses_can_be_pickled_and_written_as_json(engine):
    for thing in crossing(engine):
        assert same(pickle.loads(pickle.dumps(thing)), thing), type(thing)
        if hasattr(thing, "to_json") and not inspect.signature(thing.to_json).parameters:
            assert json.loads(json.dumps(thing.to_json(), allow_nan=False))


@pytest.mark.parametrize("kind", [BadRequest, BadModel, BrokenRun])
def test_an_error_says_the_same_on_the_other_side(kind):
    error = kind("One sentence.")
    if kind is BadRequest:
        error = error.about("seed")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == "One sentence."
    assert getattr(again, "field", None) == getattr(error, "field", None)
