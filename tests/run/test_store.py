"""The store of recent runs: bounded by bytes and by age, and nothing stays on disk that it no longer knows."""

import os
import threading
import time

import numpy as np
import pytest

from demo.run.store import Runs, weight
from demo.run.trace import BadRequest, Frame, Request, Step

REQUEST = Request("A Blue Cat!", seed=7)


def ended(runs: Runs, size: int):
    run = runs.open(REQUEST)
    runs.add(run, "x" * size)
    run.path(".gif").write_bytes(b"gif")
    runs.close(run)
    return run


def test_keys_cannot_be_guessed(tmp_path):
    runs = Runs(tmp_path)
    keys = {runs.open(REQUEST).key for _ in range(50)}
    assert len(keys) == 50 and min(map(len, keys)) >= 24


def test_the_browsers_key_is_kept_and_a_bad_or_used_one_is_refused(tmp_path):
    runs, key = Runs(tmp_path), "abcdefghijklmnopqrstuv-_"
    assert runs.open(REQUEST, key).key == key and runs.get(key).request is REQUEST
    with pytest.raises(BadRequest, match="this name already"):
        runs.open(REQUEST, key)
    for strange in ("", "short", key + "x", key[:-1] + "/", key[:-1] + "\n", "../" * 8, 7, b"x" * 24, ["x"], "é" * 24):
        with pytest.raises(BadRequest, match="key of its own"):
            runs.open(REQUEST, strange)
    assert len(runs._runs) == 1


def test_every_message_is_kept_under_its_number(tmp_path):
    runs = Runs(tmp_path)
    run = runs.open(REQUEST)
    for number in range(5):
        runs.add(run, f"m{number}", frame() if number % 2 else None)
    assert run.messages == [f"m{number}" for number in range(5)] and len(run.frames) == 2 and run.told == 10


def test_threads_that_add_at_once_lose_nothing(tmp_path):
    runs = Runs(tmp_path)
    run = runs.open(REQUEST)
    workers = [threading.Thread(target=lambda: [runs.add(run, "xx") for _ in range(500)]) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(run.messages) == 2000 and run.told == 4000


def test_a_file_that_goes_while_it_is_counted_is_no_trouble(tmp_path, monkeypatch):
    runs = Runs(tmp_path)
    run = runs.open(REQUEST)
    run.path(".gif").write_bytes(b"gif")
    entries = list(os.scandir(tmp_path / run.key))
    (entries[0].path and os.unlink(entries[0].path))
    monkeypatch.setattr("demo.run.store._entries", lambda folder: entries)
    runs.weigh(run)
    assert run.filed == 0


def test_files_are_named_after_what_was_asked(tmp_path):
    run = Runs(tmp_path).open(REQUEST)
    assert run.path(".gif").name == "out-of-static-a-blue-cat-seed-7.gif"
    assert Runs(tmp_path).open(Request("🦊/../../etc", 1)).path(".gif").name == "out-of-static-etc-seed-1.gif"
    assert Runs(tmp_path).open(Request("🦊", 1)).path(".gif").name == "out-of-static-seed-1.gif"


def test_the_oldest_go_when_the_store_is_full(tmp_path):
    runs = Runs(tmp_path, max_bytes=1000)
    first, second, third = (ended(runs, 450) for _ in range(3))
    assert runs.get(first.key) is None and not (tmp_path / first.key).exists()
    assert runs.get(second.key) is second and runs.get(third.key) is third
    assert (tmp_path / third.key).exists()


def frame(side: int = 8) -> Frame:
    step = Step(0, 1, None, 0.0, 1.0, np.zeros((4, 2, 2), np.float32), None, 0.0)
    return Frame(0, 1, None, 0.0, 1.0, 0.0, np.zeros((side, side, 3), np.uint8), step=step)


def test_a_frame_weighs_what_its_arrays_weigh():
    assert weight(frame()) == 8 * 8 * 3 + 4 * 2 * 2 * 4


def test_frames_go_before_runs_do(tmp_path):
    runs = Runs(tmp_path, max_bytes=1000)
    for _ in range(3):
        run = runs.open(REQUEST)
        runs.add(run, "x" * 100, frame())
        runs.close(run)
    first, *_ = runs._runs.values()
    later = runs.open(REQUEST)
    runs.add(later, "x" * 100, frame())
    runs.close(later)
    assert first.frames == [] and first.messages and runs.get(first.key) is first
    assert later.frames and sum(run.size for run in runs._runs.values()) <= 1000


def test_a_run_too_heavy_for_the_store_keeps_its_files(tmp_path):
    runs = Runs(tmp_path, max_bytes=1000)
    run = runs.open(REQUEST)
    runs.add(run, "x" * 100, frame(64))
    run.path(".gif").write_bytes(b"gif")
    runs.close(run)
    assert run.frames == [] and runs.get(run.key) is run and (tmp_path / run.key).exists()


def test_files_written_later_are_counted_and_leave_with_their_run(tmp_path):
    runs = Runs(tmp_path, max_bytes=1000)
    run, other = ended(runs, 100), ended(runs, 100)
    run.path("-finished.png").write_bytes(b"x" * 50)
    runs.weigh(run)
    assert run.size == 100 + len("gif") + 50
    other.path("-finished.gif").write_bytes(b"x" * 900)
    runs.weigh(other)
    assert runs.get(run.key) is None
    run.path("-finished.gif").write_bytes(b"late")
    runs.weigh(run)
    assert not (tmp_path / run.key).exists()


def test_a_run_under_way_is_never_dropped(tmp_path):
    runs = Runs(tmp_path, max_bytes=10)
    live = runs.open(REQUEST)
    runs.add(live, "x" * 100)
    ended(runs, 100)
    assert runs.get(live.key) is live


def test_the_old_go_in_time(tmp_path):
    runs = Runs(tmp_path, keep_seconds=0.05)
    run = ended(runs, 5)
    time.sleep(0.1)
    runs.open(REQUEST)
    assert runs.get(run.key) is None and not (tmp_path / run.key).exists()


def test_what_an_earlier_process_left_is_swept(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir(), new.mkdir()
    os.utime(old, (0, 0))
    Runs(tmp_path)
    assert not old.exists() and new.exists()


def test_what_lies_about_is_swept_while_the_app_runs_once_it_is_old_enough(tmp_path):
    orphan = tmp_path / "orphan"
    orphan.mkdir()
    runs = Runs(tmp_path, keep_seconds=0.05)
    assert orphan.exists()  # young at the start
    mine = runs.open(REQUEST)
    mine.path(".gif").write_bytes(b"gif")
    for folder in (orphan, tmp_path / mine.key):
        os.utime(folder, (0, 0))
    time.sleep(0.1)
    runs.open(REQUEST)
    assert not orphan.exists() and (tmp_path / mine.key).exists()


def test_strange_keys_are_simply_unknown(tmp_path):
    runs = Runs(tmp_path)
    assert [runs.get(key) for key in (None, 5, "", [], {}, "../..")] == [None] * 6


def test_the_files_of_one_run_are_bounded_and_the_last_one_stays(tmp_path, monkeypatch):
    monkeypatch.setattr("demo.run.store.FILED", 100)
    runs = Runs(tmp_path)
    run = runs.open(REQUEST)
    for at, suffix in enumerate((".gif", "-guess.gif", ".zip")):
        path = run.path(suffix)
        path.write_bytes(b"x" * 60)
        os.utime(path, (at, at))
        runs.weigh(run)
    assert [path.name for path in (tmp_path / run.key).iterdir()] == [run.path(".zip").name] and run.filed == 60
    run.path("-large.mp4").write_bytes(b"x" * 500)
    runs.weigh(run)
    assert [path.name for path in (tmp_path / run.key).iterdir()] == [run.path("-large.mp4").name]
