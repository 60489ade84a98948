"""A run in a real browser: everything arrives, in order, exactly; it can be stopped; visitors do not meet."""

import itertools

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image


@pytest.mark.parametrize("steps", [1, 8, 30])
def test_all_states_arrive_in_order(visitor, steps):
    frames = visitor.run("a blue cat", steps=steps, seed=7)
    assert [frame["index"] for frame in frames] == list(range(steps + 1))
    assert {frame["total"] for frame in frames} == {steps}
    assert visitor.heard("done")[-1]["count"] == steps + 1
    assert visitor.reached == steps and visitor.errors == []


def test_it_begins_with_noise_that_knows_nothing_of_the_prompt(visitor):
    (first, *_), (other, *_) = (visitor.run(prompt, steps=2, seed=7) for prompt in ("a blue cat", "a pizza"))
    assert first["noise_left"] > 0.99 and first["timestep"] is None
    assert first["sha256"] == other["sha256"]
    assert visitor.run("a pizza", steps=2, seed=8)[0]["sha256"] != first["sha256"]
    visitor.page.keyboard.press("Home")
    assert visitor.pixels("state").std() > 20


@pytest.mark.parametrize("scheduler", ["ddim", "unipc"])
def test_the_last_state_is_the_apis_picture_pixel_for_pixel(visitor, scheduler):
    frames = visitor.run("a blue cat", steps=8, seed=7, guidance=5, scheduler=scheduler)
    client = Client(visitor.address, verbose=False)
    picture, _, trace = client.predict("a blue cat", 7, 8, 5, scheduler, api_name="/generate")
    assert np.array_equal(visitor.pixels("state"), np.asarray(Image.open(picture).convert("RGB")))
    assert [frame["sha256"] for frame in frames] == [state["sha256"] for state in trace["states"]]


def test_the_gif_holds_every_step_and_is_large_enough_to_share(visitor, tmp_path):
    visitor.run("a blue cat", steps=8, seed=7)
    with visitor.page.expect_download() as download:
        visitor.page.click(".take")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    with Image.open(path) as gif:
        assert gif.n_frames == 9 and gif.width >= 384
    assert path.name == "out-of-static-a-blue-cat-seed-7.gif"


def test_stop_ends_within_a_step_and_leaves_what_was_drawn(visitor):
    visitor.ask("a blue cat", steps=100, seed=7)
    visitor.wait_for_step(5)
    at = visitor.page.evaluate("document.querySelector('.halt').click(), heard.at(-1).index")
    visitor.wait_for_end()
    frames = visitor.heard("frame")
    longest = max(after["seconds"] - before["seconds"] for before, after in itertools.pairwise(frames))
    late = frames[-1]["seconds"] - frames[at]["seconds"]
    assert late <= longest + 1.0  # the step it was in, and the way there and back on a busy machine
    assert visitor.heard("done")[-1]["stopped"]
    assert [frame["index"] for frame in frames] == list(range(len(frames)))
    assert visitor.reached == frames[-1]["index"]
    assert visitor.page.text_content("[data-phase=fix] span") == f"stopped at {visitor.step}"


def test_escape_stops(visitor):
    visitor.ask("a blue cat", steps=100)
    visitor.wait_for_step(1)
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()
    assert visitor.heard("done")[-1]["stopped"]


def test_after_a_stop_one_can_generate_again(visitor):
    visitor.ask("a blue cat", steps=100)
    visitor.wait_for_step(1)
    visitor.page.keyboard.press("Escape")
    visitor.wait_for_end()
    assert len(visitor.run("a pizza", steps=2)) == 3 and visitor.reached == 2


def test_a_lost_frame_is_fetched_again(visitor):
    visitor.page.evaluate("window.lose = 3")
    heard = [frame["index"] for frame in visitor.run("a blue cat", steps=8)]
    assert heard == [0, 1, 2, 4, 5, 6, 7, 8]
    assert visitor.reached == 8
    for step in range(7, -1, -1):
        visitor.page.keyboard.press("ArrowLeft")
        assert visitor.step == step


def test_two_visitors_each_get_their_own_run(open_page):
    first, second = open_page(), open_page()
    first.ask("a blue cat", steps=100, seed=7)
    first.wait_for_step(0)
    second.ask("a pizza", steps=3, seed=8)
    second.wait_for_end()  # side by side: nobody waits for the long one
    assert not second.heard("waiting") and not first.heard("drawn")
    for visitor, prompt, total in ((first, "a blue cat", 100), (second, "a pizza", 3)):
        visitor.wait_for_end()
        (begin,) = visitor.heard("begin")
        assert (begin["prompt"], begin["total"]) == (prompt, total)
        assert [frame["index"] for frame in visitor.heard("frame")] == list(range(total + 1))
        assert {message["run"] for message in visitor.heard("frame")} == {begin["run"]}


def test_a_visitor_who_leaves_frees_the_model(open_page):
    gone, stays = open_page(), open_page()
    gone.ask("a blue cat", steps=100)
    gone.wait_for_step(1)
    gone.page.close()
    assert len(stays.run("a pizza", steps=2)) == 3
