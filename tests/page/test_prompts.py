"""A prompt's numbers as the page gets them: the reader's own, as plain JSON, and nothing that is not text."""

import json

import numpy as np
import pytest
from fake_engine import SEATS, WIDTH, FakeEngine

from demo.page import prompts as module
from demo.page.prompts import Prompts
from demo.run.trace import BadRequest


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.fixture
def prompts(engine):
    return Prompts(engine)


def test_tokens_are_the_readers_own_in_their_order(prompts, engine):
    prompt = "a blue 🦊 cat"
    told = json.loads(json.dumps(prompts.numbers(prompt), allow_nan=False))
    read = engine.numbers(prompt)
    assert [(t["text"], t["id"], t["kind"], t["known"]) for t in told["tokens"]] == [
        (t.text, t.id, t.kind, t.known) for t in read.tokens
    ]
    assert [t["typed"] for t in told["tokens"][1:5]] == ["a", "blue", "🦊", "cat"]
    assert [t["length"] for t in told["tokens"]] == pytest.approx(read.lengths.tolist(), abs=1e-3)
    assert (told["width"], told["atlas"], told["note"]) == (WIDTH, "words", None)


def test_what_was_cut_has_neither_length_nor_place(prompts):
    tokens = prompts.numbers("cat " * SEATS)["tokens"]
    cut = [token for token in tokens if token["kind"] == "cut"]
    assert len(cut) == 2 and len(tokens) == SEATS + 2
    assert {token["length"] for token in cut} == {token["place"] and 1 for token in cut} == {None}


def test_a_token_has_all_its_numbers_and_the_atlas_neighbours(prompts, engine):
    told = prompts.token("a blue cat", 2)
    vector = engine.numbers("a blue cat").vectors[2]
    assert np.allclose(told["vector"], vector, atol=1e-4)
    assert told["word"] == "blue"
    assert told["neighbours"] == [[word, round(c, 4)] for word, c in engine.atlas().neighbours("blue", 8)]
    assert told["place"] == prompts.numbers("a blue cat")["tokens"][2]["place"]


@pytest.mark.parametrize("index", [0, 3, 4, SEATS - 1])
def test_a_sign_or_a_stranger_has_numbers_but_no_neighbours(prompts, index):
    told = prompts.token("a blue dinosaur", index)
    assert len(told["vector"]) == WIDTH and told["neighbours"] == [] and told["place"] is told["word"] is None


@pytest.mark.parametrize("index", [-1, SEATS, "x", None, 1.5, True, [1]])
def test_a_token_that_is_none_is_refused(prompts, index):
    with pytest.raises(BadRequest, match=r"^The token must be"):
        prompts.token("a blue cat", index)


def test_the_map_has_a_place_for_each_word(prompts, engine):
    told = prompts.atlas()
    assert told["words"] == list(engine.abilities.vocabulary) and len(told["map"]) == len(told["words"])
    assert 0 < sum(told["explained"]) <= 1


@pytest.mark.parametrize("prompt", [None, 5, ["a"], "x" * 501])
def test_what_is_no_prompt_is_refused(prompts, prompt):
    for ask in (prompts.numbers, lambda text: prompts.token(text, 0)):
        with pytest.raises(BadRequest):
            ask(prompt)


def test_half_a_character_is_no_trouble(prompts):
    assert prompts.numbers("a \ud83e cat")["tokens"][2]["kind"] == "unknown"


def test_a_model_that_cannot_says_why():
    engine = FakeEngine(numbers="It reads in another way.")
    prompts = Prompts(engine)
    assert prompts.tokens("a cat") is None
    for ask in (prompts.atlas, lambda: prompts.numbers("a cat"), lambda: prompts.token("a cat", 0)):
        with pytest.raises(BadRequest, match=r"^It reads in another way\.$"):
            ask()


def test_a_prompt_is_read_once_and_not_kept_for_ever(prompts, engine, monkeypatch):
    asked, read = [], engine.numbers
    monkeypatch.setattr(engine, "numbers", lambda prompt: asked.append(prompt) or read(prompt))
    prompts.numbers("a cat"), prompts.token("a cat", 1), prompts.tokens("a cat")
    assert asked == ["a cat"]
    monkeypatch.setattr(module, "KEPT_BYTES", 20_000)
    small = Prompts(engine)
    for number in range(9):
        small.numbers(f"cat {number}")
    assert small._kept.currsize <= 20_000 and small.known("cat 8") and not small.known("cat 0")


def test_a_prompt_that_is_too_large_to_keep_is_read_all_the_same(engine, monkeypatch):
    monkeypatch.setattr(module, "KEPT_BYTES", 10)
    assert Prompts(engine).numbers("a cat")["tokens"]
