"""The timeline under the hand: scrubbing and playing happen in the browser alone."""

import time

import pytest

STEPS = 12


@pytest.fixture
def watched(visitor):
    """A visitor whose run of STEPS steps has ended, looking at the last."""
    visitor.run("a blue cat", steps=STEPS, seed=7)
    visitor.page.wait_for_timeout(500)
    visitor.requests.clear()
    return visitor


def drag(visitor, start: float, end: float) -> list[int]:
    """Drag over the film from one share of its width to another; the steps that were shown on the way."""
    box = visitor.page.locator(".scrub").bounding_box()
    inset = box["height"] / 2
    spots = [inset + (box["width"] - 2 * inset) * (start + (end - start) * at / 20) for at in range(21)]
    shown = []
    for number, spot in enumerate(spots):
        visitor.page.mouse.move(box["x"] + spot, box["y"] + box["height"] / 2)
        if number == 0:
            visitor.page.mouse.down()
        shown.append(visitor.step)
    visitor.page.mouse.up()
    return shown


def test_scrubbing_makes_no_request(watched):
    shown = drag(watched, 1, 0)
    assert shown == sorted(shown, reverse=True) and shown[0] == STEPS and shown[-1] == 0
    assert len(set(shown)) == STEPS + 1
    drag(watched, 0, 1)
    assert watched.step == STEPS and watched.requests == []


def test_keys_move_through_the_run(watched):
    for key, step in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", STEPS)):
        watched.page.keyboard.press(key)
        assert watched.step == step
    watched.page.keyboard.press("ArrowRight")
    assert watched.step == STEPS and watched.requests == []


def test_keys_leave_the_prompt_alone(watched):
    watched.page.focus("#oos-prompt")
    watched.page.keyboard.press("Home")
    watched.page.keyboard.type("? ")
    assert watched.step == STEPS and watched.page.input_value("#oos-prompt") == "? a blue cat"
    assert watched.page.locator("dialog[open]").count() == 0


def test_space_plays_six_states_a_second_and_pauses(watched):
    watched.page.keyboard.press("Home")
    watched.page.keyboard.press("Space")
    began = time.monotonic()
    watched.page.wait_for_function("document.querySelector('[data-number=step]').textContent.startsWith('6 ')")
    assert time.monotonic() - began > 0.6  # six steps in less would be too fast to watch
    watched.page.keyboard.press("Space")
    step = watched.step
    watched.page.wait_for_timeout(500)
    assert watched.step == step and watched.requests == []


def test_playing_ends_with_the_picture_and_the_loop_goes_on(watched):
    watched.page.select_option(".speed select", "24")
    watched.page.click(".play")
    watched.page.wait_for_selector(".play:not(.playing)", timeout=10_000)
    assert watched.step == STEPS
    watched.page.click(".loop")
    watched.page.click(".play")
    watched.page.wait_for_timeout(1000)
    assert watched.page.get_attribute(".play", "aria-label") == "Pause"
    watched.page.wait_for_function("document.querySelector('[data-number=step]').textContent.startsWith('3 ')")


def test_nothing_plays_by_itself(watched):
    watched.page.keyboard.press("Home")
    watched.page.wait_for_timeout(1200)
    assert watched.step == 0


def test_the_question_mark_lists_the_keys(watched):
    watched.page.keyboard.press("?")
    assert watched.page.locator("dialog[open] kbd").count() >= 6
    watched.page.keyboard.press("Escape")
    assert watched.page.locator("dialog[open]").count() == 0


def test_readouts_belong_to_the_step_on_show(watched):
    frames = watched.heard("frame")
    for key, frame in (("Home", frames[0]), ("ArrowRight", frames[1]), ("End", frames[-1])):
        watched.page.keyboard.press(key)
        told = {
            name: watched.page.text_content(f"[data-number={name}]") for name in ("step", "timestep", "noise", "ms")
        }
        assert told["step"] == f"{frame['index']} / {STEPS}"
        assert told["timestep"] == ("–" if frame["timestep"] is None else str(round(frame["timestep"])))
        assert told["noise"] == ("< 1 %" if 0 < frame["noise_left"] < 0.01 else f"{round(100 * frame['noise_left'])} %")
        assert told["ms"] == "–" if frame["index"] == 0 else told["ms"].endswith(" ms")


def test_every_frame_says_what_it_is(watched):
    watched.page.keyboard.press("Home")
    watched.page.keyboard.press("ArrowRight")
    label = watched.page.get_attribute("[data-view=state] canvas", "aria-label")
    assert label.startswith(f"The state at step 1 of {STEPS}") and label.endswith("a blue cat")
    assert watched.page.text_content("[aria-live=polite]").startswith(f"Step 1 of {STEPS}: ")


def test_looking_back_during_a_run_is_not_interrupted(visitor):
    visitor.ask("a blue cat", steps=60)
    visitor.wait_for_step(4)
    visitor.page.keyboard.press("Home")
    visitor.page.wait_for_selector(".follow:not([hidden])")
    visitor.wait_for_step(8)
    assert visitor.step == 0
    visitor.page.click(".follow")
    assert visitor.step >= 8
    visitor.wait_for_end()
    assert visitor.step == 60
