"""Hostile values of any type and length become a value or one sentence; and one normalisation for all that is read."""

import math
import random
import sys
import unicodedata
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from demo.run.finish import Finish
from demo.run.trace import MAX_SEED, Request
from demo.run.values import BadRequest, between, count, listed, normalised, shown, whole, without_word

HUGE = 10**400
HOSTILE = [
    None, True, False, 0, 1, -1, 2**63, 2**64, HUGE, -HUGE, 10**6000, 0.0, -0.0, 1.5, 1e308, float("inf"),
    float("-inf"), float("nan"), "", " ", "x", "7_0", " 7 ", "７", "٧", "7.0", "+7", "-7", "0x10", "1e400", "-1e400",
    "1e-400", "nan", "inf", "infinity", "9" * 400, "9" * 6000, "1." + "0" * 400, "0" * 400 + "7", "\x00", "7\x00",
    "\ud800", "7\u202e", "\u200b", "x" * 10**6, b"7", b"\xff", bytearray(b"7"), [], [7], [None], {}, {"a": 1}, (), (7,),
    {7}, object(), type, len, 7j, complex("nan"), Decimal(7), Decimal("7.5"), Decimal("NaN"), Decimal("sNaN"),
    Decimal("Infinity"), Decimal("1e999999"), Decimal("1e-999999"), Fraction(7), Fraction(15, 2), Fraction(HUGE, 3),
    Fraction(1, HUGE), Fraction(10**6000, 7), np.float32(7), np.float64("nan"), np.int64(7), np.uint8(7),
    np.bool_(True),
    np.array(7), np.array([7, 8]), np.float16("inf"), np.longdouble(7), memoryview(b"7"), range(7), iter(()),
    Ellipsis, NotImplemented, slice(1),
]  # fmt: skip
FIELDS = ("prompt", "seed", "steps", "guidance", "scheduler", "negative_prompt")


def value_or_sentence(ask):
    """What `ask` returns, or None where it refused in one short sentence; anything else it raises is a failure."""
    try:
        return ask()
    except BadRequest as refusal:
        text = str(refusal)
        assert text.endswith(".") and "\n" not in text and len(text) < 200 and text.isprintable(), text
        text.encode()
        return None


@pytest.mark.parametrize("field", FIELDS)
def test_every_value_of_every_field_is_a_request_or_a_sentence(field):
    for value in HOSTILE:
        asked = value_or_sentence(lambda value=value: Request.checked(**{"prompt": "a cat"} | {field: value}))
        if asked is not None:
            assert type(asked.prompt) is type(asked.negative_prompt) is str and asked.prompt
            assert type(asked.seed) is type(asked.steps) is int and type(asked.guidance) is float
            assert 0 <= asked.seed <= MAX_SEED and 1 <= asked.steps <= 100 and 1 <= asked.guidance <= 20


@pytest.mark.parametrize("field", FIELDS)
def test_a_refusal_names_its_field(field):
    with pytest.raises(BadRequest) as refused:
        Request.checked(**{"prompt": "a cat"} | {field: [HUGE]})
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["upscale", "sharpen", "contrast"])
def test_every_value_of_every_touch_is_a_finish_or_a_sentence(field):
    for value in HOSTILE:
        wanted = value_or_sentence(lambda value=value: Finish.checked(**{field: value}))
        if wanted is not None:
            assert type(wanted.upscale) is int and type(wanted.sharpen) is type(wanted.contrast) is float
            assert 1 <= wanted.upscale <= 4 and 0 <= wanted.sharpen <= 2 and 0 <= wanted.contrast <= 1
            assert math.copysign(1, wanted.sharpen) == math.copysign(1, wanted.contrast) == 1  # no -0


@pytest.mark.parametrize("low", [0, 1, -5])
def test_whole_and_between_judge_every_value(low):
    for value in HOSTILE:
        number = value_or_sentence(lambda value=value: whole("It", value, low, 10))
        assert number is None or (type(number) is int and low <= number <= 10)
        share = value_or_sentence(lambda value=value: between("It", value, low, 10))
        assert share is None or (type(share) is float and low <= share <= 10)


def test_a_span_of_any_kind_is_taken_out_or_refused():
    for prompt in ("a red fox", 5, None, b"a red fox"):
        for start in HOSTILE:
            for end in (9, start, None):
                rest = value_or_sentence(lambda p=prompt, s=start, e=end: without_word(p, s, e))
                assert rest is None or isinstance(rest, str)


@pytest.mark.parametrize(
    "value", [7, 7.0, "7", " 7 ", "+7", "7.0", "70e-1", "７", Decimal(7), Fraction(7), np.uint8(7)]
)
def test_sevens_of_all_kinds_are_seven(value):
    assert whole("It", value, 0, 10) == 7 and between("It", value, 0, 10) == 7.0


@pytest.mark.parametrize("value", ["7_0", "0x7", "seven", "7,0", "7 0", "--7", "٧", b"7", True, [7], "", "7" * 65])
def test_what_only_looks_like_a_number_is_none(value):
    with pytest.raises(BadRequest):
        whole("It", value, 0, 10**80)


@pytest.mark.parametrize("blank", [None, "", "  ", "\n"])
def test_no_seed_is_a_drawn_one(blank):
    assert 0 <= Request.checked("a cat", blank).seed <= MAX_SEED


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a red fox", "a red fox"),
        ("  a\tred \r\n fox\u00a0\u3000", "a red fox"),
        ("ａ ｒｅｄ ｆｏｘ", "a red fox"),
        ("a r\x00e\u202ed\u200b f\u200dox\ufeff", "a red fox"),
        ("e\u0301te\u200b\u0301", "été"),
        ('A Red FOX, "quoted" <b>', 'A Red FOX, "quoted" <b>'),
        ("नीली बिल्ली 🦊", "नीली बिल्ली 🦊"),
        ("\u200b\u200c\u200d\u2060\ufeff", ""),
        ("🧑\u200d🚀 and می\u200cخواهم", "🧑\u200d🚀 and می\u200cخواهم"),  # joiners that join something
        ("🦊\u200d\u200d \u200da", "🦊 a"),
        ("\u00a0\u2028\u3000", ""),
        ("\u3164\u115f\u2800 \ufe0f", ""),
        ("\u202e\x00\x1b", ""),
    ],
)
def test_a_prompt_is_read_in_one_form(typed, read):
    assert normalised(typed) == read
    assert (
        value_or_sentence(lambda: Request.checked(typed)) is None if not read else Request.checked(typed).prompt == read
    )


@pytest.mark.parametrize("half", ["\ud83e", "a \udca8 b", "\udc00\ud800"])
def test_half_a_character_is_refused(half):
    with pytest.raises(BadRequest, match="half a character"):
        normalised(half)
    with pytest.raises(BadRequest, match="The prompt holds half a character"):
        Request.checked(half)


def test_normalising_twice_changes_nothing_and_leaves_nothing_that_cannot_be_seen():
    rng = random.Random(0)
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]
    texts = ["".join(rng.choices(letters[:4000] if i % 2 else letters, k=6)) for i in range(3000)]
    for text in [*letters[:70000], *texts]:
        once = normalised(text)
        assert normalised(once) == once
        assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in once)


def test_length_is_counted_in_code_points_of_the_normal_form():
    assert len(Request.checked("🦊" * 500).prompt) == 500
    assert len(Request.checked("e\u0301" * 500).prompt) == 500  # 1,000 as typed
    assert len(Request.checked("a" + "\u200b" * 5000).prompt) == 1
    for typed, told in (("🦊" * 501, 501), ("\ufdfa" * 30, 540), ("x" * 10**6, 10**6)):
        with pytest.raises(BadRequest, match=f"has {told} characters; at most 500"):
            Request.checked(typed)


def test_values_are_shown_shortly():
    assert [shown(value) for value in (None, 7, "x", b"x", [1])] == ["None", "7", "'x'", "b'x'", "a list"]
    assert max(len(shown(value)) for value in HOSTILE) <= 40


def test_numbers_meet_their_nouns():
    assert [count(n, "step") for n in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]
    assert count(1, "guess", "guesses") == "1 guess" and count(2, "guess", "guesses") == "2 guesses"
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
