"""The senses of the trials, against the evaluation's own rule and against the checker's true answers."""

from random import Random

import pytest

from demo.lab.trials import TRIALS, trial_of
from demo.run.trace import BadRequest
from demo.tiny import asked, checker
from demo.tiny.captions import vocabulary
from demo.tiny.scenes import Scene, Thing

NAMED = {trial.name: trial for trial in TRIALS}
CAT, DOG = Thing("cat"), Thing("dog")


def said(*things: Thing, relation: str | None = None, count: int = 1) -> dict:
    return checker.truth(Scene(things, relation=relation, count=count))


def senses(trial: str, told: dict) -> list[bool]:
    return [sense.fits(told) for sense in NAMED[trial].senses]


@pytest.mark.parametrize("relation", [*checker.SIDES])
@pytest.mark.parametrize("pair", [(CAT, DOG), (DOG, CAT), (CAT, Thing("fox"))])
def test_above_is_judged_as_the_evaluation_judges_positions(pair, relation):
    told = said(*pair, relation=relation)
    scenes = [Scene((CAT, DOG), relation="above"), Scene((DOG, CAT), relation="above")]
    assert senses("above", told) == [asked.right("position", told, scene) for scene in scenes]


@pytest.mark.parametrize("seed", range(40))
def test_colours_are_judged_as_the_evaluation_judges_two_of_them_on_either_side(seed):
    rng = Random(seed)
    things = [Thing(rng.choice(["car", "house", "fox"]), rng.choice(["red", "blue"])) for _ in range(2)]
    if things[0].name == things[1].name:
        return
    told = said(*things, relation=rng.choice([*checker.SIDES]))
    for sense, colours in zip(NAMED["colours"].senses, (("red", "blue"), ("blue", "red")), strict=True):
        pair = Thing("car", colours[0]), Thing("house", colours[1])
        scenes = [Scene(order, relation="left of") for order in (pair, pair[::-1])]
        assert sense.fits(told) == any(asked.right("two colours", told, scene) for scene in scenes)


def test_without_is_judged_by_the_sunglasses_alone():
    shades = Thing("fox", wear="sunglasses")
    assert (
        senses("without", said(Thing("fox"))) == senses("without", said(Thing("cat", "blue", "crown"))) == [True, False]
    )
    assert senses("without", said(shades)) == senses("without", said(CAT, shades, relation="above")) == [False, True]
    assert senses("without", checker.said([])) == [False, False]


def test_the_prompts_are_of_the_models_words_and_differ_by_what_the_trial_says():
    known = set(vocabulary()["words"])
    for trial in TRIALS:
        words = [prompt.split() for prompt in trial.prompts]
        assert {word for told in words for word in told} - known == ({"without"} if trial.name == "without" else set())
        assert (sorted(words[0]) == sorted(words[1])) == (trial.name != "without")
        assert trial.category in asked.MAKERS and 1 <= len(trial.senses) <= 2


def test_a_prompt_of_no_trial_is_refused():
    assert trial_of("above", "a cat above a dog") is NAMED["above"]
    for name, prompt in (("above", "a cat"), ("nothing", "a cat above a dog"), (None, ""), (["above"], "a cat")):
        with pytest.raises(BadRequest, match="no prompt of that trial"):
            trial_of(name, prompt)
