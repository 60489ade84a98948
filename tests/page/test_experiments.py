"""What the experiments ask about a run: from a lab that answers, and where there is none."""

import urllib.error
import urllib.request

import pytest
from fake_engine import FakeEngine
from following import form, told

from demo.engine.api import Abilities
from demo.lab.api import LAB as NONE
from demo.lab.api import NO_LAB, Lab
from demo.page.answers import UNFINISHED, Answers
from demo.page.experiments import Experiments
from demo.page.facts import facts
from demo.page.live import Live
from demo.run.store import Runs
from demo.run.trace import BadRequest
from demo.settings import LAB, Settings


class FakeLab:
    """Sees whether a picture is bright, and keeps what it was asked."""

    def __init__(self, **cannot: str):
        self.cannot, self.asked = cannot, []

    def told(self) -> dict:
        return {"trials": []}

    def judge(self, pixels, prompt, trial) -> dict:
        self.asked.append((pixels, prompt, trial))
        return {"saw": "bright" if pixels.mean() > 127 else "dark", "fits": [True]}

    def nearest(self, pixels):
        raise BadRequest("It looks for nothing.")

    def kept(self, number: int) -> str:
        return "a combination"


@pytest.fixture
def live(tmp_path):
    return Live(FakeEngine(), Runs(tmp_path))


def experiments(live, lab) -> Experiments:
    return Experiments(lab, Answers(live.engine, live.runs, live.prompts))


def test_the_finished_picture_is_judged_with_its_own_prompt(live):
    lab, key = FakeLab(), told(live, form(prompt="a blue cat", steps=3))[0]["run"]
    assert isinstance(lab, Lab) and experiments(live, lab).judge(key, "above") == {"saw": "bright", "fits": [True]}
    ((pixels, prompt, trial),) = lab.asked
    assert (pixels == live.runs.get(key).frames[-1].image).all() and (prompt, trial) == ("a blue cat", "above")


def test_a_run_that_was_stopped_or_is_unknown_is_not_judged(live):
    key = told(live, form(prompt="a blue cat", steps=3))[0]["run"]
    del live.runs.get(key).frames[-1]
    for asked, sentence in ((key, UNFINISHED), ("nobody", "no longer kept"), (None, "no longer kept"), ([key], "kept")):
        with pytest.raises(BadRequest, match=sentence[:30]):
            experiments(live, FakeLab()).judge(asked, "above")


def test_where_nothing_is_known_of_the_model_that_is_said(live, tmp_path):
    settings = Settings(exports=tmp_path)
    with pytest.raises(BadRequest, match="a record of all that it ever saw"):
        experiments(live, None).judge("any", "above")
    assert facts(live.engine, settings)["cannot"] == live.engine.abilities.cannot | {NONE: NO_LAB}
    assert facts(live.engine, settings)["lab"] is None


def test_what_a_lab_cannot_answer_stands_beside_what_the_engine_cannot_show(live, tmp_path):
    lab = FakeLab(judge="It has none.")
    with pytest.raises(BadRequest, match="It has none"):
        experiments(live, lab).judge("any", "above")
    told = facts(live.engine, Settings(exports=tmp_path), lab)
    assert told["cannot"] == {"upscaler": "It has none.", "judge": "It has none."} and told["lab"] == {"trials": []}
    assert NONE not in Abilities().cannot


def test_what_nobody_asked_for_is_drawn(live):
    key = told(live, form(prompt="", unasked=True, steps=2))[0]["run"]
    assert live.runs.get(key).request.prompt == "" and len(live.runs.get(key).frames) == 3


@pytest.mark.parametrize("said", [{"unasked": False}, {"unasked": "yes"}, {"unasked": None}, {}, {"unasked": 1}])
def test_an_empty_prompt_is_refused_unless_it_is_asked_for(live, said):
    (refused,) = told(live, form(prompt="", **said))
    assert refused["kind"] == "trouble" and "empty" in refused["sentence"] and refused["field"] == "prompt"


def test_nobody_asks_for_a_cat(live):
    (refused,) = told(live, form(prompt="a cat", unasked=True))
    assert "Nobody asks, and yet there is a prompt" in refused["sentence"] and refused["field"] == "prompt"


def test_what_was_made_of_the_training_is_served_and_nothing_beside_it(address):
    with urllib.request.urlopen(f"{address}out-of-static/lab/mean.webp") as answer:
        assert answer.headers["Content-Type"] == "image/webp" and answer.read() == (LAB / "mean.webp").read_bytes()
    for path in ("", "none.webp", "..%2Ftiny%2FREADME.md", "%2e%2e/tiny/README.md"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}out-of-static/lab/{path}")
