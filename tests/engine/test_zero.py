"""ZeroGPU with the real `spaces` package: a Space in a process of its own, which says what it saw as JSON."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from demo.engine.api import BrokenRun
from demo.engine.zero import told

HERE = Path(__file__).resolve().parent
BEGIN = """
import contextvars, dataclasses, json, os, sys, threading, time
from types import SimpleNamespace
from borrowed import on_zero
lender, spaces = on_zero(sys.argv[1])

from gradio.context import LocalContext
from gradio_client import Client
from random_model import WORDS, build_pipeline
from demo.engine.api import BrokenRun
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.zero import ZeroEngine
from demo.page.page import build, launch_options
from demo.run.trace import BadRequest, Request, Watch
from demo.settings import Settings

pipe = build_pipeline()
plain = DiffusersEngine(pipe, "random", frozenset(WORDS[4:]))
zero = ZeroEngine(DiffusersEngine(pipe, "random", frozenset(WORDS[4:])), spaces.GPU, device="cpu")
asked, said = Request("a blue cat", seed=7, steps=4), {}
denoiser = zero._there._pipe.unet

def drawn_by(page, settings, **client):
    page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **launch_options(settings))
    drawn = Client(page.local_url, verbose=False, **client).predict("a blue cat", 7, 2, 3, "ddim", api_name="/generate")
    page.close()
    return len(drawn[2]["states"])
"""
RUN = """
watch = Watch(word_maps=True, guesses=True)
here, there = list(plain.frames(asked, watch=watch)), list(zero.frames(asked, watch=watch))
lender.idle = True
said["run"] = {
    "here": [frame.sha256 for frame in here], "there": [frame.sha256 for frame in there],
    "maps": [[(frame.step.word_maps is None) for frame in frames] for frames in (here, there)],
    "again": [step.index for step in zero.steps(asked)],
    "own": os.getpid(), "workers": [int(query["pid"]) for query in lender.heard("allow")],
    "released": len(lender.heard("release")),
    "words": zero.unknown_words("a blue quetzal"), "tokens": len(zero.numbers("a blue cat").tokens),
}
"""
DURATION = """
lender.asked.clear()
said["cost"] = [plain.cost(4), zero.cost(4)]
for steps in (4, 100, 4):
    list(zero.steps(dataclasses.replace(asked, steps=steps, seed=8, guidance=1.0)))
try:
    zero.steps(dataclasses.replace(asked, scheduler="no such"))
except BadRequest:
    said["cost"].append(zero.cost(4))
    said["duration"] = [int(query["durationSeconds"]) for query in lender.heard("schedule")]
"""
CANCEL = """
lender.asked.clear()
lender.idle, seen, denoise = False, [], denoiser.forward
def slowly(*given, **more):
    open(sys.argv[1] + "/steps", "a").write("x")
    time.sleep(0.1)
    return denoise(*given, **more)
denoiser.forward = slowly
for step in zero.steps(dataclasses.replace(asked, steps=100), "mine"):
    seen.append(step.index)
    if step.index == 3:
        threading.Thread(target=zero.cancel, args=["mine"]).start()
while not lender.heard("release"):
    time.sleep(0.02)
said["cancel"] = {
    "seen": seen, "drawn": len(open(sys.argv[1] + "/steps").read()), "failed": lender.heard("release")[0]["fail"],
    "after": [step.index for step in zero.steps(asked)],
}
"""
TROUBLE = """
class Headers(dict):
    pass

def trouble(fails=None):
    denoiser.forward = fails or denoiser.forward
    try:
        return [step.index for step in zero.steps(asked)]
    except BrokenRun as error:
        return str(error)

def breaks(*given, **more):
    raise BrokenRun("It broke in the worker.")

def fails(*given, **more):
    raise ArithmeticError

def dies(*given, **more):
    os._exit(1)

lender.asked.clear()
visitor = contextvars.copy_context()
visitor.run(LocalContext.request.set, SimpleNamespace(headers=Headers({"x-ip-token": "a.e30.b"})))
lender.refusal = (429, {"left": 12, "wait": 4000}, {"X-Authenticated": "regular"})
told = [visitor.run(trouble), trouble()]
lender.refusal = (503, {}, {})
told.append(trouble())
lender.refusal = None
told += [trouble(way) for way in (breaks, fails, dies)]
denoiser.forward = denoise
said["trouble"] = {"told": told, "tokens": [query.get("token") for query in lender.heard("schedule")][:2]}
"""
PAGE = """
lender.asked.clear()
settings = Settings.from_env({"DEMO_EXPORTS": sys.argv[1], "DEMO_MODEL": sys.argv[1]})
steps = drawn_by(build(zero, settings), settings, headers={"x-ip-token": "a.e30.b"})
said["page"] = [steps, [query.get("token") for query in lender.heard("schedule")]]
"""
EMBEDDED = """
import app
lender.asked.clear()
settings, known = Settings.from_env({"DEMO_EXPORTS": sys.argv[1]}), len(spaces.zero.decorator.decorated_cache)
page = app.page(settings)
announced = len(spaces.zero.decorator.decorated_cache) > known
said["embedded"] = [announced, drawn_by(page, settings), [what for what, _ in lender.asked]]
"""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="ZeroGPU forks its workers, which Windows cannot")


@pytest.fixture(scope="module")
def said(tmp_path_factory) -> dict:
    """What a ZeroGPU Space saw; one process for all of it, for torch and Gradio take their time to come up."""
    folder = tmp_path_factory.mktemp("space")
    paths = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parent.parent)))
    env = os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    script = "".join((BEGIN, RUN, DURATION, CANCEL, TROUBLE, EMBEDDED, PAGE, "print(json.dumps(said))"))
    run = [sys.executable, "-c", textwrap.dedent(script), str(folder)]
    done = subprocess.run(run, env=env, capture_output=True, text=True, timeout=600, cwd=HERE.parent.parent)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_run_in_a_worker_is_the_run_of_this_process(said):
    """Every state, panels included; the process that draws is another one, and it is kept for the next run."""
    run = said["run"]
    assert run["here"] == run["there"] and run["maps"][0] == run["maps"][1] and run["again"] == [0, 1, 2, 3, 4]
    assert run["own"] not in run["workers"] and len(run["workers"]) == 1 and run["released"] == 2
    assert run["words"] == ["quetzal"] and run["tokens"] > 3


def test_what_is_asked_for_follows_the_steps_and_what_they_took(said):
    first, second, third = said["duration"]
    assert first == 21  # nothing was measured: 15 + 1.5 * 4 s
    assert 15 < third < first and third <= second < 165


def test_what_a_run_costs_is_known_before_it_starts(said):
    """Here nothing; there what will be asked for, which what was measured makes less."""
    here, before, after = said["cost"]
    assert here is None and 15 < after <= before <= 21


def test_cancelled_it_gives_the_gpu_back_within_a_step(said):
    """Of a hundred steps a few are drawn; the worker has stopped by itself, and is there for the next run."""
    cancel = said["cancel"]
    assert cancel["seen"][:4] == [0, 1, 2, 3] and len(cancel["seen"]) < 10 and cancel["drawn"] < 20
    assert cancel["after"] == [0, 1, 2, 3, 4] and cancel["failed"] == "false"


def test_quota_and_trouble_are_sentences_and_the_visitor_is_known(said):
    """The visitor's token is in Gradio's context of the request, which reaches the thread that draws."""
    quota, stranger, none, own, failed, died = said["trouble"]["told"]
    assert said["trouble"]["tokens"] == ["a.e30.b", None]
    assert (
        quota.startswith("Your GPU time for today is nearly spent: this run may take ") and "and 12 s are left" in quota
    )
    assert quota.endswith("ask for fewer steps, or try again in 1:06:40 (hours, minutes, seconds).")
    assert "sign in to Hugging Face" in stranger and "No GPU is to be had" in none and own == "It broke in the worker."
    assert "ArithmeticError" in failed and "out of the time" in died


def test_the_embedded_model_touches_nobodys_gpu_time(said):
    """app.py as a ZeroGPU Space starts it: one function is announced, a picture is drawn, no GPU is asked for."""
    assert said["embedded"] == [True, 3, ["startup-report"]]


def test_a_page_on_a_lent_gpu_charges_its_visitor(said):
    """The whole way over HTTP: the token of the request is the one that the GPU is asked for with."""
    assert said["page"] == [3, ["a.e30.b"]]


def test_other_errors_stay_what_they_are():
    error = ValueError("x")
    assert told(error) is error
    error.title = "Error"
    assert told(error) is error and not isinstance(told(error), BrokenRun)
