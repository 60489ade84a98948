"""Files to take home: each kind arrives, says how far it is, can be dropped, and its trouble is one sentence."""

import errno
import time
import zipfile

import pytest
from fake_engine import FakeEngine
from PIL import Image

from demo.page.keeping import KINDS, WAITING, Keeping
from demo.page.prompts import Prompts
from demo.run import bundle, capsule, export, messages
from demo.run.store import Runs
from demo.run.trace import BadRequest, Request, Watch

CHOICES = {"step": None, "view": None, "speed": None, "hold": None, "size": 64, "loop": None}


@pytest.fixture
def kept(tmp_path):
    """(keeping, run): the files of a run that has ended."""
    engine, runs = FakeEngine(), Runs(tmp_path)
    return Keeping(engine, runs, Prompts(engine), lambda: {"model": "fake"}), ended(engine, runs)


def ended(engine: FakeEngine, runs: Runs):
    request = Request("a blue cat", seed=7, steps=4)
    run = runs.open(request)
    frames = list(engine.frames(request, watch=Watch(True, True)))
    runs.add(run, messages.begin(run.key, 0, request, "fake"))
    for before, frame in zip([None, *frames], frames, strict=False):
        runs.add(run, messages.frame(run.key, len(run.messages), frame, before), frame)
    runs.add(run, messages.done(run.key, len(run.messages), frames, stopped=False))
    runs.close(run)
    return run


def finished(keeping: Keeping, job: str) -> dict:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        told = keeping.kept(job)
        if "share" not in told:
            return told
        assert 0 <= told["share"] <= 1
        time.sleep(0.01)
    raise TimeoutError


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_arrives_in_the_runs_own_folder(kept, kind):
    keeping, run = kept
    told = finished(keeping, keeping.keep(run.key, kind, **CHOICES)["job"])
    path = run.folder / run.key / told["name"]
    assert told == {"file": str(path), "name": path.name, "bytes": path.stat().st_size}
    assert path.name.startswith("out-of-static-a-blue-cat-seed-7") and run.filed == told["bytes"]
    if kind in ("gif", "webp"):
        with Image.open(path) as file:
            assert file.n_frames == 5
    elif kind == "json":
        assert len(capsule.read(path.read_bytes())["messages"]) == 7
    elif kind == "html":
        inside = path.read_text(encoding="utf-8").partition(bundle.RUN)[2].partition("</script>")[0]
        recorded = capsule.read(inside)
        assert recorded["messages"][0]["prompt"] == "a blue cat" and recorded["answers"]["numbers"]["tokens"]
    elif kind == "zip":
        with zipfile.ZipFile(path) as file:
            assert len(capsule.read(file.read("run.json"))["messages"]) == 7 and len(file.namelist()) == 2 + 5 + 4


def test_the_choices_are_those_of_the_film(kept):
    keeping, run = kept
    asked = {**CHOICES, "view": "guess", "speed": 20, "hold": 0, "loop": "back-and-forth"}
    told = finished(keeping, keeping.keep(run.key, "gif", **asked)["job"])
    with Image.open(told["file"]) as file:
        assert (file.size, file.n_frames, file.info["duration"]) == ((64, 64), 6, 50)
    told = finished(keeping, keeping.keep(run.key, "png", **{**CHOICES, "step": 2})["job"])
    with Image.open(told["file"]) as file:
        assert file.size == (64, 64) and file.text["step"] == "2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "exe"},
        {"kind": None},
        {"kind": "png", "step": 5},
        {"kind": "gif", "speed": 51},
        {"kind": "gif", "view": "../.."},
        {"run": "x" * 24},
        {"run": None},
    ],
    ids=str,
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(kept, wrong):
    keeping, run = kept
    with pytest.raises(BadRequest, match=r"^[A-Z][^\n]*\.$"):
        keeping.keep(**{"run": run.key, "kind": "gif", **CHOICES, **wrong})
    for job in ("", None, 3, "x" * 24):
        with pytest.raises(BadRequest):
            keeping.kept(job)
        with pytest.raises(BadRequest):
            keeping.drop(job)


def held(monkeypatch):
    """Films take as long as they are let."""

    def film(frames, request, path, cut, tick):
        while True:
            tick(0.5)
            time.sleep(0.01)

    monkeypatch.setattr(export, "film", film)


def test_a_file_can_be_dropped_and_the_next_one_comes(kept, monkeypatch):
    keeping, run = kept
    held(monkeypatch)
    job = keeping.keep(run.key, "gif", **CHOICES)["job"]
    keeping.drop(job)
    assert "no longer" in finished(keeping, job)["error"]
    assert "file" in finished(keeping, keeping.keep(run.key, "strip", **CHOICES)["job"])
    first = keeping.keep(run.key, "gif", **CHOICES)["job"]
    assert "file" in finished(keeping, keeping.keep(run.key, "png", **CHOICES)["job"])  # a new one drops the other
    assert "error" in keeping.kept(first)


def test_what_nobody_asks_about_is_dropped(kept, monkeypatch):
    keeping, run = kept
    held(monkeypatch)
    monkeypatch.setattr("demo.page.keeping.LEASE", 0.05)
    keeping.keep(run.key, "gif", **CHOICES)
    monkeypatch.setattr("demo.page.keeping.LEASE", 60)
    assert "file" in finished(keeping, keeping.keep(run.key, "png", **CHOICES)["job"])


def test_only_so_many_wait(tmp_path, monkeypatch):
    engine, runs = FakeEngine(), Runs(tmp_path)
    keeping = Keeping(engine, runs, Prompts(engine), dict)
    held(monkeypatch)
    jobs = [keeping.keep(ended(engine, runs).key, "gif", **CHOICES)["job"] for _ in range(WAITING)]
    with pytest.raises(BadRequest, match="hands full"):
        keeping.keep(ended(engine, runs).key, "gif", **CHOICES)
    for job in jobs:
        keeping.drop(job)


def test_a_full_disk_costs_the_file_and_not_the_run(kept, monkeypatch):
    keeping, run = kept

    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(export.os, "replace", full)
    for kind in KINDS:
        told = finished(keeping, keeping.keep(run.key, kind, **CHOICES)["job"])
        assert "disk" in told["error"] and told["error"].endswith(".")
    assert list((run.folder / run.key).iterdir()) == [] and len(run.frames) == 5
    monkeypatch.undo()
    assert "file" in finished(keeping, keeping.keep(run.key, "gif", **CHOICES)["job"])


def test_whatever_breaks_is_a_sentence(kept, monkeypatch):
    keeping, run = kept
    monkeypatch.setattr(export, "film", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in finished(keeping, keeping.keep(run.key, "gif", **CHOICES)["job"])["error"]
