"""What the page is told: one JSON string per event, pictures that can be trusted, nothing lost on the way."""

import base64
import dataclasses
import io
import json

import numpy as np
import pytest
from fake_engine import FakeEngine
from PIL import Image

from demo.run import messages
from demo.run.trace import Request, Watch

REQUEST = Request("a blue cat", seed=7, steps=4)
KEY = "abcdefghijklmnopqrstuv-_"


def frames():
    return list(FakeEngine().frames(REQUEST))


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB"))


def psnr(a, b) -> float:
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


@pytest.mark.parametrize("index", [0, 4])
def test_the_first_and_the_last_state_are_exact(index):
    frame = frames()[index]
    assert np.array_equal(pixels(json.loads(messages.frame(KEY, 1, frame))["state"]), frame.image)


def test_states_between_keep_their_noise():
    frame = frames()[1]
    told = json.loads(messages.frame(KEY, 1, frame))
    assert told["state"].startswith("data:image/jpeg;")
    assert psnr(pixels(told["state"]), frame.image) > 30


def test_jpegs_keep_every_colour_sample():
    data = base64.b64decode(messages.picture(frames()[1].image).split(",")[1])
    assert {layer[1:3] for layer in Image.open(io.BytesIO(data)).layer} == {(1, 1)}


def test_a_frame_carries_its_numbers():
    frame = frames()[3]
    told = json.loads(messages.frame(KEY, 1, frame))
    assert (told["kind"], told["run"], told["index"], told["total"]) == ("frame", KEY, 3, 4)
    assert (told["timestep"], told["alpha"], told["sigma"]) == (frame.timestep, frame.alpha, frame.sigma)
    assert told["noise_left"] == frame.noise_left and told["sha256"] == frame.sha256 and told["gain"] == frame.gain
    assert (told["width"], told["height"]) == (64, 64)


def test_the_noise_has_no_guess_and_no_change():
    told = json.loads(messages.frame(KEY, 1, frames()[0]))
    assert told["guess"] is None and told["change"] is None and told["timestep"] is None


def test_a_frame_carries_its_insides():
    noise, *_, frame = FakeEngine().frames(REQUEST, watch=Watch(word_maps=True, guesses=True))
    told = json.loads(messages.frame(KEY, 1, frame, noise, tokens=5))
    assert (told["channels"]["c"], told["word_maps"]["t"], told["conditional"]["c"]) == (3, 5, 3)
    assert told["changed"] > 1 and told["sentence"] == "Step 4 of 4: no noise left. This is the picture."
    first = json.loads(messages.frame(KEY, 1, noise))
    assert (
        first["channels"]
        and first["word_maps"] is first["conditional"] is first["unconditional"] is first["changed"] is None
    )


def test_a_frame_without_its_step_says_so():
    frame = dataclasses.replace(frames()[2], step=None)
    told = json.loads(messages.frame(KEY, 1, frame))
    assert told["channels"] is told["word_maps"] is told["conditional"] is None


def test_what_was_typed_arrives_as_it_was():
    prompt = "<script>alert(1)</script> ${1} {{1}} \"' 🦊 שלום \u2028"
    message = messages.begin(KEY, 0, Request(prompt, 7), "tiny", ["alert"])
    assert "\n" not in message and json.loads(message)["prompt"] == prompt


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError):
        messages.waiting(KEY, 1, float("nan"))


def test_the_end_says_what_only_the_end_can_know():
    told = json.loads(messages.done(KEY, 9, frames(), stopped=False))
    assert told["point"] == 1 and told["count"] == 5 and told["gif"] is None
    assert {name: len(curve) for name, curve in told["curves"].items()} == dict.fromkeys(told["curves"], 5)
    assert told["sentences"][2].startswith("Step 2 of 4: 50 % noise left, by strength. The layout is decided")
    cut = json.loads(messages.done(KEY, 9, frames()[:3], stopped=True))
    assert cut["point"] is cut["curves"]["layout"] is cut["curves"]["detail"] is None
    assert not any("layout" in sentence for sentence in cut["sentences"])
    nothing = json.loads(messages.done(KEY, 1, [], stopped=True))
    assert nothing["count"] == 0 and nothing["curves"]["noise_left"] == nothing["sentences"] == []
