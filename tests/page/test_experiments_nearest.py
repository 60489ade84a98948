"""What the page asks of the lab: answers in JSON, trouble in a sentence, one at a time."""

import json
import threading

import numpy as np
import pytest
from fake_engine import FakeEngine
from following import form, told, until

from demo.lab.api import NO_LAB, Nearest, Neighbour
from demo.page.answers import Answers, answered
from demo.page.experiments import Experiments, cannot
from demo.page.live import Live
from demo.run.store import Runs
from demo.run.trace import BadRequest


class FakeLab:
    """Its nearest scene is the picture itself; `gate` holds it back."""

    def __init__(self):
        self.cannot, self.asked, self.gate = {}, 0, threading.Event()
        self.gate.set()

    def nearest(self, pixels):
        self.asked += 1
        assert self.gate.wait(10)
        one = Neighbour(1, 5, "a blue cat", pixels, 3.0, 0.1)
        other = Neighbour(2, 6, "a fox", 255 - pixels, 40.0, 1.1)
        measured = {"copy": {"pixels": 8.0}, "recall": {"of": 1}, "chance": {"of": 1}, "planted": {"of": 1}}
        return Nearest((one,), (other,), {"seen": 0.1, "unseen": 1.1}, 100, 10, **measured, seconds=0.5)

    def kept(self, number):
        return f"combination {number}"


@pytest.fixture
def live(tmp_path):
    return Live(FakeEngine(), Runs(tmp_path))


@pytest.fixture
def lab():
    return FakeLab()


@pytest.fixture
def experiments(live, lab):
    return Experiments(lab, Answers(live.engine, live.runs, live.prompts))


def run(live, **changed) -> str:
    return told(live, form(**changed))[0]["run"]


def test_the_answer_is_json_with_pictures_and_asked_once_a_run(live, lab, experiments):
    key = run(live)
    answer = experiments.nearest(key)
    assert answer["seen"][0]["image"].startswith("data:image/") and answer["copied"] is True
    assert answer["seen"][0] | {"image": 0} == {"seed": 1, "number": 5, "caption": "a blue cat", "pixels": 3.0} | {
        "latents": 0.1,
        "image": 0,
    }
    assert json.loads(json.dumps(answer)) == answer
    assert experiments.nearest(key) == answer and lab.asked == 1
    experiments.nearest(run(live, prompt="a fox"))
    assert lab.asked == 2


@pytest.mark.parametrize("key", [None, 7, "nobody", ["a"], {"run": 1}])
def test_a_run_that_is_gone_is_a_sentence(experiments, key):
    with pytest.raises(BadRequest, match="no longer kept"):
        experiments.nearest(key)


def test_a_run_that_has_not_ended_or_whose_frames_went_is_a_sentence(live, experiments):
    kept = live.runs.get(run(live))
    kept.frames = kept.frames[:-1]
    with pytest.raises(BadRequest, match="stopped before its last step"):
        experiments.nearest(kept.key)
    kept.frames = []
    with pytest.raises(BadRequest, match="no longer kept"):
        experiments.nearest(kept.key)


def test_without_a_lab_every_question_has_its_sentence(live):
    none = Experiments(None, Answers(live.engine, live.runs, live.prompts))
    for ask, given in ((none.nearest, run(live)), (none.held_out, 1)):
        assert answered(ask, given)["error"] == NO_LAB
    assert cannot(None) == {"lab": NO_LAB} and cannot(FakeLab()) == {}


def test_one_at_a_time(live, lab, experiments):
    key, other, found = run(live), run(live, prompt="a fox"), []
    lab.gate.clear()
    first = threading.Thread(target=lambda: found.append(experiments.nearest(key)))
    first.start()
    until(lambda: lab.asked == 1)
    busy = answered(experiments.nearest, other)
    assert busy["again"] is True and lab.asked == 1
    lab.gate.set()
    first.join()
    assert len(found) == 1 and "error" not in answered(experiments.nearest, other)


@pytest.mark.parametrize("number", [None, -1, 2.5, "x", 10**9, [1], True])
def test_a_number_that_is_none_is_a_sentence(experiments, number):
    answer = answered(experiments.held_out, number)
    assert answer["error"].startswith("The number") and experiments.held_out(3) == {"prompt": "combination 3"}


def test_a_flat_picture_is_no_copy_of_anything():
    one, far = Neighbour(1, 1, "", np.zeros((1, 1, 3)), 30.0, 1.0), Neighbour(2, 1, "", np.zeros((1, 1, 3)), 31.0, 1.0)
    assert not Nearest((one,), (far,), {}, 1, 1, {}, {}, {}, {}, 0).copied
