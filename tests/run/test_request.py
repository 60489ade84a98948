"""Branches as they are asked for; what else a Request is stands in test_trace.py."""

import json

import pytest

from demo.run.request import MOST_PARENTS, Request
from demo.run.values import BadRequest

RUN = Request("a blue cat", seed=7, steps=8, guidance=3.0, scheduler="unipc", negative_prompt="a hat", width=64)


def test_a_branch_is_what_it_leaves_but_for_what_is_said():
    branch = RUN.branch("3", " a red fox ", "5.5", "")
    assert (branch.prompt, branch.guidance, branch.negative_prompt) == ("a red fox", 5.5, "")
    assert (branch.seed, branch.steps, branch.scheduler, branch.width) == (7, 8, "unipc", 64)
    assert (branch.parent, branch.at, branch.fresh, branch.shared, branch.renewals) == (RUN, 3, None, 4, {})
    same = RUN.branch(0)
    assert (same.prompt, same.guidance, same.negative_prompt, same.shared) == ("a blue cat", 3.0, "a hat", 1)
    assert RUN.shared == 0 and RUN.renewals == {}


def test_fresh_noise_is_a_seed_and_makes_the_state_its_own():
    first = RUN.branch(3, fresh="5")
    assert (first.fresh, first.shared, first.renewals) == (5, 3, {3: 5})
    assert first.branch(5, fresh=6).renewals == {3: 5, 5: 6}
    assert first.branch(3, fresh=6).renewals == {3: 6} and first.branch(2, fresh=6).renewals == {2: 6}


def test_who_made_a_guess_is_known():
    branch = RUN.branch(5, "a red fox").branch(2, "a pizza")
    assert [branch.behind(index).prompt for index in (0, 2, 3, 8)] == ["a blue cat", "a blue cat", "a pizza", "a pizza"]
    late = RUN.branch(2, "a red fox").branch(5, "a pizza")
    assert [late.behind(index).prompt for index in (2, 3, 5, 6)] == ["a blue cat", "a red fox", "a red fox", "a pizza"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("branch_at", {"at": 8}),
        ("branch_at", {"at": -1}),
        ("branch_at", {"at": None}),
        ("branch_at", {"at": "late"}),
        ("then", {"prompt": "  "}),
        ("then", {"prompt": 5}),
        ("then_guidance", {"guidance": 0}),
        ("then_negative_prompt", {"negative_prompt": []}),
        ("fresh", {"fresh": -1}),
        ("fresh", {"fresh": "new"}),
        ("fresh", {"at": 0, "fresh": 1}),
    ],
)
def test_what_cannot_be_is_one_sentence_about_its_field(field, change):
    with pytest.raises(BadRequest) as refused:
        RUN.branch(**{"at": 3} | change)
    assert refused.value.field == field and str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_words_from_some_step_on_can_be_asked_for_at_once():
    asked = Request.checked("a blue cat", seed=7, steps=8, branch_at=3, then="a red fox", then_guidance=4, fresh=2)
    assert asked == Request.checked("a blue cat", seed=7, steps=8).branch(3, "a red fox", 4, fresh=2)
    with pytest.raises(BadRequest, match="at which step"):
        Request.checked("a blue cat", then="a red fox")
    with pytest.raises(BadRequest) as refused:
        Request.checked("a blue cat", steps=3, branch_at=3)
    assert refused.value.field == "branch_at"


def test_not_without_end():
    branch = RUN
    for _ in range(MOST_PARENTS):
        branch = branch.branch(1)
    with pytest.raises(BadRequest, match=str(MOST_PARENTS)):
        branch.branch(1)


def test_all_of_it_is_plain_json():
    told = json.loads(json.dumps(RUN.branch(3, "a red fox", fresh=5).to_json()))
    left = told["branch"].pop("parent")
    assert told["branch"] == {"at": 3, "fresh": 5} and told["prompt"] == "a red fox"
    assert left == RUN.to_json() and "branch" not in left and left["width"] == 64


@pytest.mark.parametrize("prompt", ["", "  \n", None])
def test_nobody_may_ask_where_that_is_meant(prompt):
    assert Request.checked(prompt, seed=1, unasked=True).prompt == ""


@pytest.mark.parametrize("unasked", [None, False, "True", 1])
def test_an_empty_prompt_is_refused_wherever_else(unasked):
    with pytest.raises(BadRequest, match="The prompt is empty"):
        Request.checked("  ", unasked=unasked)


@pytest.mark.parametrize("prompt", ["a cat", 5, "\ud800"])
def test_a_prompt_that_nobody_asks_is_refused(prompt):
    with pytest.raises(BadRequest) as caught:
        Request.checked(prompt, unasked=True)
    assert caught.value.field == "prompt"
