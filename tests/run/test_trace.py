import dataclasses
import hashlib
import json

import numpy as np
import pytest

from demo.run.trace import (
    MAX_SEED,
    SCHEDULERS,
    BadRequest,
    Frame,
    Request,
    Step,
    Trace,
    Watch,
    difference,
    noise_left,
    without_word,
)


def frame(index=0, value=0, **fields) -> Frame:
    defaults = {"total": 2, "timestep": None, "alpha": 0.6, "sigma": 0.8, "seconds": 0.123456}
    return Frame(index=index, image=np.full((2, 3, 3), value, np.uint8), **defaults | fields)


def test_values_as_a_page_sends_them_become_a_request():
    asked = Request.checked("  a blue cat ", seed=7.0, steps="8", guidance="2.5", scheduler="Euler ancestral")
    assert asked == Request("a blue cat", seed=7, steps=8, guidance=2.5, scheduler="euler-ancestral")
    assert (type(asked.seed), type(asked.steps), type(asked.guidance)) == (int, int, float)


def test_a_request_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Request.checked("a cat").seed = 3


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_seed_draws_one_in_range_and_not_always_the_same(nothing):
    seeds = {Request.checked("a cat", seed=nothing).seed for _ in range(8)}
    assert len(seeds) > 1
    assert all(0 <= seed <= MAX_SEED for seed in seeds)


def test_every_scheduler_is_found_by_key_and_by_label():
    for key, label in SCHEDULERS.items():
        assert Request.checked("a cat", scheduler=key.upper()).scheduler == key
        assert Request.checked("a cat", scheduler=label).scheduler == key


@pytest.mark.parametrize(
    "prompt",
    ["狐狸", "ثعلب", "🦊 on 🛹", "\"quoted\" 'prompt'", "<script>alert(1)</script>", "${x} {{y}} \\n", "a" * 500],
)
def test_any_text_is_a_prompt(prompt):
    assert Request.checked(prompt).prompt == prompt


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("prompt", "", "prompt is empty"),
        ("prompt", " \n\t ", "prompt is empty"),
        ("prompt", "a" * 501, "501 characters; at most 500"),
        ("prompt", None, "must be text, not None"),
        ("prompt", 12, "must be text, not 12"),
        ("prompt", ["a cat"], "must be text, not a list"),
        ("prompt", "half \ud83e", "lone surrogate"),
        ("steps", 0, "Steps must be a whole number from 1 to 100, not 0"),
        ("steps", 101, "not 101"),
        ("steps", 7.5, "not 7.5"),
        ("steps", "many", "not 'many'"),
        ("steps", True, "not True"),
        ("steps", float("nan"), "not nan"),
        ("steps", float("inf"), "not inf"),
        ("guidance", 0.5, "Guidance must be a number from 1 to 20, not 0.5"),
        ("guidance", 20.1, "not 20.1"),
        ("guidance", float("nan"), "not nan"),
        ("guidance", "strong", "not 'strong'"),
        ("seed", -1, "seed must be a whole number from 0 to 4294967295, not -1"),
        ("seed", 2**32, "not 4294967296"),
        ("seed", 1.5, "not 1.5"),
        ("seed", "lucky", "not 'lucky'"),
        ("seed", "9" * 6000, "..."),
        ("seed", "7_0", "not '7_0'"),
        ("guidance", "1e400", "not '1e400'"),
        ("negative_prompt", 5, "must be text, not 5"),
        ("negative_prompt", "a" * 501, "501 characters; at most 500"),
        ("prompt", "\u200b\u200d\ufeff", "prompt is empty"),
        ("scheduler", "lms", "must be one of own, ddim, euler, euler-ancestral, dpm++2m, unipc, not 'lms'"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_sentence(field, value, said):
    with pytest.raises(BadRequest) as refused:
        Request.checked(**{"prompt": "a cat"} | {field: value})
    text = str(refused.value)
    assert said in text
    assert text.endswith(".") and "\n" not in text and len(text) < 160


def test_noise_left_is_the_noises_share_of_the_strength():
    assert noise_left(0.0, 1.0) == 1.0
    assert noise_left(1.0, 0.0) == 0.0
    assert frame(alpha=0.6, sigma=0.8).noise_left == pytest.approx(0.8 / 1.4)
    assert noise_left(0.25, 0.75) == 0.75  # flow matching: the time itself


def test_a_frames_hash_is_that_of_its_rgb_bytes():
    assert frame(value=3).sha256 == hashlib.sha256(bytes([3]) * 18).hexdigest()
    turned = Frame(0, 1, None, 0.0, 1.0, 0.0, np.arange(18, dtype=np.uint8).reshape(3, 2, 3).transpose(1, 0, 2))
    assert turned.sha256 == hashlib.sha256(turned.image.copy(order="C").tobytes()).hexdigest()


def test_a_trace_survives_json_and_holds_what_repeats_the_run():
    frames = (frame(0), frame(1, 9, timestep=999.0))
    told = json.loads(json.dumps(Trace(Request("a cat", 7), "tiny", "float32", frames, ("cat",)).to_json()))
    asked = {key: told[key] for key in ("prompt", "seed", "steps", "guidance", "scheduler")}
    assert Request(**asked) == Request("a cat", 7)
    assert told["model"] == "tiny" and told["unknown_words"] == ["cat"]
    assert [state["index"] for state in told["states"]] == [0, 1]
    assert told["states"][1].items() >= {"timestep": 999.0, "sigma": 0.8, "sha256": frames[1].sha256}.items()
    assert told["states"][1]["seconds"] == pytest.approx(0.123456, abs=1e-4)


def test_a_trace_says_what_its_states_were_decoded_with():
    quick = dataclasses.replace(frame(0), decoder="linear")
    assert Trace(Request("a cat", 7), "tiny", "float32", (quick,)).to_json()["decoder"] == "linear"
    assert Trace(Request("a cat", 7), "tiny", "float32", ()).to_json()["decoder"] == "exact"


def test_a_model_without_a_word_list_says_nothing_of_unknown_words():
    assert "unknown_words" not in Trace(Request("a cat", 7), "tiny", "float32", ()).to_json()


def test_nothing_is_recorded_unless_it_is_asked_for():
    assert Watch() == Watch(word_maps=False, guesses=False)
    step = Step(0, 2, None, 0.0, 1.0, np.zeros((4, 2, 2), np.float32), None, 0.0)
    assert step.word_maps is step.conditional is step.unconditional is None
    assert frame().step is None and frame(step=step).sha256 == frame().sha256


@pytest.mark.parametrize(
    ("prompt", "rest"),
    [
        ("a [red] fox", "a fox"),
        ("[a] red fox", "red fox"),
        ("a red [fox]", "a red"),
        ("a  [red]   fox  at   night", "a fox  at   night"),
        ("a fox, [red], at night", "a fox, at night"),
        ("[red], a fox", "a fox"),
        ("a fox, [red]", "a fox"),
        ("a fox [asleep]!", "a fox!"),
        ("a fox. [Asleep].", "a fox."),
        ("a fox,[red],old", "a fox,old"),
        ("sun[glass]es", "sunes"),
        ("a [wearing a hat] fox", "a fox"),
        ("eine [schöne] 狐狸 🦊", "eine 狐狸 🦊"),
        ("[fox]", ""),
    ],
)
def test_a_word_is_taken_out_and_the_gap_closed(prompt, rest):
    start, end = prompt.index("["), prompt.index("]") - 1
    assert without_word(prompt.replace("[", "").replace("]", ""), start, end) == rest


@pytest.mark.parametrize("at", range(8))
def test_taking_out_nothing_returns_the_prompt_to_the_letter(at):
    assert without_word("a , fox!", at, at) == "a , fox!"


@pytest.mark.parametrize("span", [(-1, 2), (3, 2), (0, 6)])
def test_a_span_outside_the_prompt_is_an_error(span):
    with pytest.raises(ValueError, match="a prompt of 5"):
        without_word("a fox", *span)


def test_a_difference_says_how_it_is_drawn():
    random = np.random.default_rng(0)
    before, after = random.integers(0, 256, (2, 20, 20, 3), np.uint8)
    for one, other in ((before, after), (before, before), (before, before // 2 + 64)):
        drawn, gain = difference(other, one)
        expected = 128 + gain * (other.astype(float) - one)
        assert np.array_equal(drawn, expected.clip(0, 255).astype(np.uint8))
        assert np.mean((expected < 0) | (expected > 255)) <= 0.01 or gain == 1


def test_no_change_is_mid_grey():
    same = np.full((4, 4, 3), 77, np.uint8)
    picture, gain = difference(same, same)
    assert (picture == 128).all() and gain == 16


def test_change_is_signed_and_its_gain_is_told():
    before = np.full((10, 10, 3), 100, np.uint8)
    after = before.copy()
    after[:5], after[5:] = 110, 95
    picture, gain = difference(after, before)
    assert gain == 8  # 16 * 10 would clip
    assert (picture[:5] == 128 + 80).all() and (picture[5:] == 128 - 40).all()


def test_the_largest_change_is_clipped_and_does_not_wrap():
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert difference(white, black)[1] == 1
    assert (difference(white, black)[0] == 255).all()
    assert (difference(black, white)[0] == 0).all()
