"""Runs at one table: what meets, what goes alone, and that nobody gets anything of the others."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.table import Table
from demo.run.trace import Request, Watch

ALL = Watch(word_maps=True, guesses=True, outputs=True)
ASKED = [
    Request("a red fox", seed=1, steps=6, guidance=3.0),
    Request("a blue cat", seed=2, steps=9, guidance=5.0, scheduler="euler"),
    Request("a green car", seed=3, steps=7, guidance=1.5, scheduler="unipc"),
    Request("a dog", seed=4, steps=5, guidance=7.0, scheduler="euler-ancestral"),
]


def together(table: Table, *asks):
    """What `table.ask` gives to each of those who ask at the same moment."""
    arrived = threading.Barrier(len(asks))

    def one(ask):
        with table.seat():
            arrived.wait(10)
            return table.ask(*ask)

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(one, asks))


def decibels(one, other) -> float:
    return -10 * np.log10(max(np.mean((one.astype(float) - other) ** 2), 1e-9) / 255**2)


@pytest.fixture
def patient(monkeypatch):
    monkeypatch.setattr("demo.engine.table.PATIENCE", 5.0)


@pytest.fixture
def unet(pipe):
    return pipe.unet


def given(rows: int, seed: int, time=500):
    random = torch.Generator().manual_seed(seed)
    states, words = (torch.randn(rows, *shape, generator=random) for shape in ((8, 8, 8), (16, 32)))
    return (states, torch.tensor(time)), {"encoder_hidden_states": words, "return_dict": False}


def test_passes_that_wait_at_once_are_one_call_and_each_gets_its_own_rows(unet, patient):
    asks = [given(2, 1), given(2, 2, 7.5), given(1, 3, 999)]
    with torch.inference_mode():
        alone = [unet(*args, **kwargs)[0] for args, kwargs in asks]
    calls = []
    watching = unet.register_forward_pre_hook(lambda _module, args: calls.append(len(args[0])))
    answers = together(Table(4), *((unet, *ask) for ask in asks))
    watching.remove()
    assert calls == [5] and [company for _, company in answers] == [3, 3, 3]
    for ((answer,), _), wanted in zip(answers, alone, strict=True):
        torch.testing.assert_close(answer, wanted, rtol=1e-4, atol=1e-5)


def test_no_more_meet_than_there_are_places(unet, patient):
    answers = together(Table(2), *((unet, *given(2, seed)) for seed in range(4)))
    assert [company for _, company in answers] == [2] * 4


def test_what_cannot_be_put_together_goes_alone(unet, monkeypatch):
    monkeypatch.setattr("demo.engine.table.PATIENCE", 0.2)
    (states, time), named = given(2, 1)
    longer = named | {"encoder_hidden_states": named["encoder_hidden_states"].repeat(1, 2, 1)}
    larger = torch.cat([states, states], -1)
    answers = together(
        Table(4), (unet, (states, time), named), (unet, (states, time), longer), (unet, (larger, time), named)
    )
    assert [company for _, company in answers] == [1, 1, 1] and answers[2][0][0].shape == larger.shape
    answers = together(Table(4), *[(lambda state: (state,), (states,), {})] * 2)  # nobody knows what its rows are to it
    assert [company for _, company in answers] == [1, 1]


def test_pictures_that_wait_at_once_are_made_in_one_call_and_before_passes(patient):
    table, calls, held = Table(3), [], threading.Event()

    def show(latents, whose):
        calls.append(len(latents))
        return [f"{whose} {value:g}" for value in latents[:, 0].tolist()]

    with table.seat(), table.seat(), table.seat(), ThreadPoolExecutor(4) as pool:
        pool.submit(table.alone, held.wait, 10)
        asking = pool.submit(table.ask, lambda state: calls.append("pass"), (torch.zeros(1),), {})
        shown = [pool.submit(table.show, show, torch.tensor([[n], [n + 0.5]]), "one's") for n in (1.0, 2.0)]
        while len(table._asked) < 3:
            pass
        held.set()
        told = {picture for one in shown for picture in one.result()}
        threading.Timer(0.1, table.alone, [int]).start()
        assert asking.result() == (None, 1)
    assert calls == [4, "pass"] and told == {"one's 1", "one's 1.5", "one's 2", "one's 2.5"}
    assert shown[0].result() == ["one's 1", "one's 1.5"]


def test_what_breaks_in_company_is_tried_alone(unet, patient):
    class Fragile(UNet2DConditionModel):
        def forward(self, sample, *args, **kwargs):
            if len(sample) > 2 or sample[0, 0, 0, 0].isnan():
                raise RuntimeError("too much")
            return super().forward(sample, *args, **kwargs)

    fragile = Fragile.from_config(unet.config).eval()
    (states, time), named = given(2, 2)
    broken = torch.full_like(states, torch.nan)

    def ask(table, state):
        try:
            return table.ask(fragile, (state, time), named)[1]
        except RuntimeError as error:
            return str(error)

    table, arrived = Table(4), threading.Barrier(2)

    def one(state):
        with table.seat():
            arrived.wait(10)
            return ask(table, state)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(one, [states, broken])) == [1, "too much"]


def test_all_is_done_in_one_thread_without_gradients_and_reading_comes_before_passes(unet, patient):
    table, order, held = Table(2), [], threading.Event()

    def work(name):
        order.append((name, threading.current_thread(), torch.is_inference_mode_enabled()))
        return name

    with table.seat(), table.seat(), ThreadPoolExecutor(3) as pool:
        first = pool.submit(table.alone, held.wait, 10)
        asking = pool.submit(table.ask, lambda state: work("pass"), (torch.zeros(1),), {})
        reading = pool.submit(table.alone, work, "reading")
        while not (table._asked and table._jobs):
            pass
        held.set()
        assert reading.result() == "reading" and first.result()
        with pytest.raises(ZeroDivisionError):
            table.alone(lambda: 1 / 0)
        threading.Timer(0.1, table.alone, [int]).start()
        assert asking.result() == ("pass", 1)
    assert [name for name, *_ in order] == ["reading", "pass"]
    assert len({thread for _, thread, _ in order}) == 1 and all(without for *_, without in order)


@pytest.mark.parametrize("name", ["pipe", "shipped"])
def test_in_company_every_run_is_its_own_up_to_rounding(request, name, patient):
    """Its states, its guesses, its words' maps: of other prompts, seeds, schedulers, steps and guidance."""
    found = request.getfixturevalue(name)
    engine = DiffusersEngine(getattr(found, "_pipe", found), "shared", places=4)
    alone = [list(engine.frames(asked, watch=ALL)) for asked in ASKED]
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(lambda asked: list(engine.frames(asked, watch=ALL)), ASKED))
    assert max(frame.step.company for run in shared for frame in run) == 4
    for one, other in zip(alone, shared, strict=True):
        assert [frame.step.company for frame in one] == [1] * len(one) and len(one) == len(other)
        for frame, twin in zip(one, other, strict=True):
            assert decibels(twin.image, frame.image) > 45 and twin.index == frame.index
            if frame.index:
                np.testing.assert_allclose(twin.step.word_maps, frame.step.word_maps, atol=2e-3)
                assert decibels(twin.denoised, frame.denoised) > 45


def test_a_run_alone_at_a_large_table_is_the_run_to_the_bit(pipe):
    runs = [list(DiffusersEngine(pipe, "one", places=n).frames(ASKED[0], watch=ALL)) for n in (1, 4)]
    assert [frame.sha256 for frame in runs[0]] == [frame.sha256 for frame in runs[1]]
    assert np.array_equal(runs[0][-1].step.latents, runs[1][-1].step.latents)


def test_company_is_told_of_a_state_that_had_it(pipe, patient):
    engine = DiffusersEngine(pipe, "shared", places=2)
    with ThreadPoolExecutor(2) as pool:
        shared = list(pool.map(lambda asked: list(engine.frames(asked)), ASKED[:2]))
    states = engine.trace(ASKED[0], shared[0]).to_json()["states"]
    assert "company" not in states[0] and {state["company"] for state in states[1:]} == {2}
