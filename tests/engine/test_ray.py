"""Replicas of Ray Serve: the suite of every engine, bit for bit the states of this process, and what happens to a run
whose replica is lost. One Ray for the whole file, on two cores, with the random pipeline."""

import dataclasses
import functools
import json
import os
import re
import threading
import time
import urllib.request
from unittest import mock

import numpy as np
import pytest
import ray
import test_conformance
import torch
from ray.util import list_named_actors
from test_conformance import LONG, SHORT, SOON, Reader

import app
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.ray import serving
from demo.engine.ray.engine import RayEngine
from demo.engine.stream import Desk
from demo.run.trace import BadRequest, Watch
from demo.settings import Settings

pytestmark = pytest.mark.ray
ALL = Watch(word_maps=True, guesses=True, outputs=True)
globals().update({name: test for name, test in vars(test_conformance).items() if name.startswith("test_")})


@pytest.fixture(scope="module")
def settings(pipe, tmp_path_factory) -> Settings:
    """Two replicas of the random pipeline, one run each."""
    folder = tmp_path_factory.mktemp("replicated") / "random"
    pipe.save_pretrained(folder)
    (folder / "vocabulary.json").write_text(json.dumps({"words": ["a", "blue", "red", "cat", "fox", "pizza"]}))
    env = {"DEMO_ENGINE": "ray", "DEMO_MODEL": str(folder), "DEMO_REPLICAS": "2", "DEMO_PLACES": "1"}
    return Settings.from_env(os.environ | env)


@pytest.fixture(scope="module")
def both(settings) -> RayEngine:
    """The engine of both replicas, as app.py opens it."""
    told = {"RAY_metrics_report_interval_ms": "500"}
    with mock.patch.dict(os.environ, told), mock.patch.object(ray, "init", functools.partial(ray.init, num_cpus=2)):
        os.environ.pop("RAY_ADDRESS", None)
        yield app.engine(settings)
    ray.shutdown()


@pytest.fixture
def engine(both) -> RayEngine:
    """One run at a time, as the suite is written for."""
    one = RayEngine(both._handle)
    one.places, one._desk = 1, Desk()
    return one


@pytest.fixture
def here(settings) -> DiffusersEngine:
    """The same model in this process, on one core as each replica is."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield DiffusersEngine.load(settings.model, **settings.machine())
    torch.set_num_threads(threads)


def replicas() -> list[dict]:
    return [named for named in list_named_actors(all_namespaces=True) if named["name"].startswith("SERVE_REPLICA")]


def drawing():
    """The replica that has a run."""
    there = [ray.get_actor(**named) for named in replicas()]
    return next(one for one in there if ray.get(one.get_num_ongoing_requests.remote()))


def hashes(frames) -> list[str]:
    return [frame.sha256 for frame in frames]


def test_states_and_pictures_are_those_of_this_process_to_the_bit(both, here):
    for frame, other in zip(both.frames(SHORT, watch=ALL), here.frames(SHORT, watch=ALL), strict=True):
        assert test_conformance.same(
            dataclasses.replace(frame, seconds=0, step=dataclasses.replace(frame.step, seconds=0)),
            dataclasses.replace(other, seconds=0, step=dataclasses.replace(other.step, seconds=0)),
        )
        assert frame.image.flags.writeable == other.image.flags.writeable
    assert test_conformance.same(both.numbers("a blue cat"), here.numbers("a blue cat"))
    picture = next(here.frames(SHORT)).image
    assert np.array_equal(both.classify(picture, 7, ["a cat"]), here.classify(picture, 7, ["a cat"]))
    assert (both.model, both.abilities, both.places) == (here.model, here.abilities, 2)
    frames = list(here.frames(SHORT))
    assert both.trace(SHORT, frames).to_json() == here.trace(SHORT, frames).to_json()


def test_as_many_runs_are_under_way_as_all_replicas_have_places(both):
    runs = [both.frames(dataclasses.replace(LONG, seed=seed), str(seed)) for seed in range(3)]
    first, second = next(runs[0]), next(runs[1])
    third = Reader(runs[2])
    assert first.index == second.index == 0 and not third.ended.wait(0.3) and third.read == []
    assert [both.cancel(str(seed)) for seed in range(3)] == [True] * 3 and third.ended.wait(SOON)


def test_what_a_replica_raises_is_raised_here_as_itself(both):
    lenient = RayEngine(both._handle)
    lenient.abilities = dataclasses.replace(lenient.abilities, schedulers={"no such": "of any kind"})
    with pytest.raises(BadRequest) as refused:
        list(lenient.steps(dataclasses.replace(SHORT, scheduler="no such")))
    assert type(refused.value) is BadRequest and refused.value.field == "scheduler"
    assert str(refused.value).startswith("This model runs with the scheduler") and "Traceback" not in str(refused.value)
    with pytest.raises(ValueError, match="load is nothing that a replica answers"):
        lenient._asked("load", "another/model")


def test_replicas_that_are_replaced_lose_no_run(both, settings, caplog):
    """What a machine that is drained does to those on it: others are started, each goes when its runs end."""
    old, going = {named["name"] for named in replicas()}, threading.Event()

    def visit():
        while not going.is_set():
            told.append([step.index for step in both.steps(dataclasses.replace(LONG, steps=40))] == [*range(41)])

    told, visitors = [], [threading.Thread(target=visit, daemon=True) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    settings = dataclasses.replace(settings, cache=settings.cache / "another")
    ray.serve.run(serving.deployed(settings, 1), name=serving.NAME, route_prefix=None)
    going.set()
    for visitor in visitors:
        visitor.join(SOON)
    assert len(told) > 2 and all(told) and "lost" not in caplog.text
    until = time.monotonic() + SOON
    while old & {named["name"] for named in replicas()} and time.monotonic() < until:
        time.sleep(0.1)
    assert not old & {named["name"] for named in replicas()} and len(replicas()) == 2


def test_a_run_whose_replica_is_killed_goes_on_elsewhere_with_the_same_states(both, caplog):
    whole, seen = hashes(both.frames(LONG, watch=ALL)), []
    for frame in both.frames(LONG, "mine", ALL):
        seen.append(frame)
        if frame.index == 5:
            ray.kill(drawing())
    assert [frame.index for frame in seen] == [*range(LONG.steps + 1)] and hashes(seen) == whole
    seconds = [frame.seconds for frame in seen]
    assert seconds == sorted(seconds) and [frame.step.seconds for frame in seen] == seconds
    assert "what drew a run was lost after" in caplog.text
    assert not both.cancel("mine") and hashes(both.frames(LONG)) == whole


def test_its_numbers_are_on_rays_own_endpoint_and_every_one_on_the_board_is(both):
    list(both.frames(SHORT))
    board = (serving.ROOT / "demo" / "engine" / "ray" / "grafana.json").read_text("utf-8")
    drawn = set(re.findall(r"ray_static_\w+", board))
    address = f"http://127.0.0.1:{ray.nodes()[0]['MetricsExportPort']}/metrics"
    until, told = time.monotonic() + SOON, ""
    while time.monotonic() < until and not (
        'how="whole"' in told and drawn <= set(re.findall(r"ray_static_\w+", told))
    ):
        time.sleep(0.5)
        told = urllib.request.urlopen(address, timeout=SOON).read().decode()
    assert drawn and drawn <= set(re.findall(r"ray_static_\w+", told))
    assert 'how="whole"' in told and 'how="stopped"' in told and "blue" not in told
