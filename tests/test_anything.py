"""Whatever comes from outside becomes what was meant, or one sentence: every public input, by hypothesis."""

import base64
import json

import pytest
from fake_engine import FakeEngine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from demo.page.answers import Answers, answered, without_span
from demo.page.asked import BRANCH, FIELDS, checked
from demo.page.live import Live
from demo.run.films import Cut
from demo.run.finish import Finish
from demo.run.request import MAX_GUIDANCE, MAX_SEED, MAX_SIDE, MAX_STEPS, MIN_GUIDANCE, MIN_SIDE, Request
from demo.run.store import Runs
from demo.run.upload import SMALLEST, picture_of
from demo.run.values import MAX_PROMPT, BadRequest, normalised
from demo.settings import Settings

NUMBERS = st.one_of(st.integers(), st.floats(allow_subnormal=False), st.decimals(), st.fractions(), st.booleans())
PLAIN = st.one_of(
    st.none(),
    NUMBERS,
    st.text(),
    NUMBERS.map(str),
    st.sampled_from(["ddim", "own", "unipc", "", " 7 ", "1e9", "state"]),
)
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4))
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_subnormal=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
)
OFTEN = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def fields(*names: str, values=ANYTHING):
    """A form in which any of these fields may be missing."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, values))


def or_a_sentence(make, *given, **named):
    """What `make` returns; None where it refuses, in one line that a visitor can read."""
    try:
        return make(*given, **named)
    except BadRequest as error:
        said = str(error)
        assert said.endswith((".", "?")) and said[0].isupper() and said.isprintable() and len(said) < 300
        return None


def flat(request: Request) -> dict:
    """What is to be asked for, to get the same request again."""
    return {name: getattr(request, name) for name in FIELDS}


@OFTEN
@given(fields(*FIELDS, "unasked", "branch_at", *BRANCH), st.booleans())
def test_a_request_is_within_its_bounds_and_asks_for_itself(asked, says_something):
    prompt = asked.pop("prompt", None)
    request = or_a_sentence(Request.checked, "a cat" if says_something else prompt, **asked)
    if request is None:
        return
    assert 0 <= request.seed <= MAX_SEED and 1 <= request.steps <= MAX_STEPS
    assert MIN_GUIDANCE <= request.guidance <= MAX_GUIDANCE
    assert all(side is None or MIN_SIDE <= side <= MAX_SIDE for side in (request.width, request.height))
    assert len(request.prompt) <= MAX_PROMPT and normalised(request.prompt) == request.prompt
    if request.parent is None:
        assert Request.checked(**flat(request), unasked=not request.prompt) == request
    assert json.loads(json.dumps(request.to_json(), allow_nan=False)) == request.to_json()


@OFTEN
@given(st.one_of(JSON, fields(*FIELDS, "unasked", "branch_at", "parent", *BRANCH, values=JSON)))
def test_a_form_of_any_kind_is_read_or_refused(runs, asked):
    or_a_sentence(checked, asked, FakeEngine().abilities, runs)


@OFTEN
@given(fields("view", "speed", "hold", "size", "loop"), fields("upscale", "sharpen", "contrast"))
def test_a_film_and_final_touches_are_cut_or_refused(cut, touches):
    or_a_sentence(Cut.checked, **cut)
    or_a_sentence(Finish.checked, **touches)


@OFTEN
@given(st.one_of(ANYTHING, st.text(max_size=40)), ANYTHING, ANYTHING)
def test_a_word_is_taken_out_of_anything_or_it_is_said_why_not(prompt, start, end):
    or_a_sentence(without_span, prompt, start, end)


@OFTEN
@given(st.text(max_size=60), st.data())
def test_a_word_that_is_taken_out_leaves_the_letters_of_the_others(prompt, data):
    start = data.draw(st.integers(0, len(prompt)))
    end = data.draw(st.integers(start, len(prompt)))
    left = without_span(prompt, start, end)["prompt"]
    kept = [letter for letter in prompt[:start] + prompt[end:] if not letter.isspace() and letter not in ",;:.!?"]
    assert [letter for letter in left if not letter.isspace() and letter not in ",;:.!?"] == kept


@OFTEN
@given(
    st.one_of(
        ANYTHING,
        st.text().map("data:image/png;base64,".__add__),
        st.tuples(st.sampled_from(["png", "jpeg", "webp", "gif", "x"]), st.binary(max_size=300)).map(
            lambda kind: f"data:image/{kind[0]};base64,{base64.b64encode(kind[1]).decode()}"
        ),
    )
)
def test_a_picture_of_any_kind_is_read_or_refused(uri):
    pixels = or_a_sentence(picture_of, uri)
    assert pixels is None or (pixels.ndim == 3 and pixels.shape[2] == 3 and min(pixels.shape[:2]) >= SMALLEST)


def begun_like(kind: bytes):
    return st.binary(max_size=200).map(lambda rest: kind + rest)


@OFTEN
@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF", b"GIF89a", b"RIFF"]).flatmap(
        begun_like
    )
)
def test_what_begins_like_a_picture_and_is_none_is_refused(data):
    or_a_sentence(picture_of, "data:image/png;base64," + base64.b64encode(data).decode())


@OFTEN
@given(st.dictionaries(st.sampled_from([f"DEMO_{name.upper()}" for name in Settings.__dataclass_fields__]), st.text()))
def test_settings_are_read_or_refused_in_a_sentence(env):
    try:
        Settings.from_env(env)
    except ValueError as error:
        assert str(error).startswith("DEMO_") and str(error).endswith(".") and "\n" not in str(error)


@OFTEN
@given(
    st.sampled_from(["numbers", "token", "guesses", "exact", "overlap", "cost", "touch"]),
    st.lists(ANYTHING, min_size=4, max_size=4),
)
def test_whatever_a_panel_asks_has_an_answer(runs, name, values):
    engine = FakeEngine()
    answers = Answers(engine, runs, Live(engine, runs).prompts)
    ask = getattr(answers, name)
    told = answered(ask, *values[: ask.__code__.co_argcount - 1])
    json.dumps(told, allow_nan=False)
    assert "Traceback" not in str(told) and not str(told.get("error", "")).startswith("Something broke")


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))
