"""The weights that travel with the page: one real run, its insides against twins, and what the model card promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from demo.engine.pipeline import open_pipeline
from demo.run.trace import Request, Watch
from demo.settings import DEFAULT_MODEL
from demo.tiny import evaluate, parts

PROMPT = "a red fox wearing sunglasses on a skateboard"
REQUEST = Request(PROMPT, seed=7, steps=8)  # divides 1,000, so that DDIM ends without noise


@pytest.fixture(scope="module")
def steps(shipped):
    return list(shipped.steps(REQUEST, watch=Watch(word_maps=True, guesses=True)))


def test_loading_it_prints_nothing(capfd):
    open_pipeline(DEFAULT_MODEL)
    assert capfd.readouterr() == ("", "")


def test_it_brings_its_guidance(shipped):
    assert shipped.abilities.guidance == parts.GUIDANCE


def test_it_starts_from_pure_noise(steps):
    noise = torch.randn(steps[0].latents.shape, generator=torch.Generator().manual_seed(7)).numpy()
    assert steps[0].alpha == 0 and steps[0].sigma == 1
    np.testing.assert_array_equal(steps[0].latents, noise)


def test_the_last_guess_is_the_result(steps):
    assert np.abs(steps[-1].denoised - steps[-1].latents).max() < 1e-3 * steps[-1].latents.std()


def test_every_place_shares_all_its_attention_among_the_tokens(steps):
    for step in steps[1:]:
        assert step.word_maps.shape == (parts.LENGTH, 16, 16)
        np.testing.assert_allclose(step.word_maps.astype(np.float64).sum(0), 1, atol=1e-3)


def test_the_guess_is_mixed_from_its_sides(steps):
    for step in steps[1:]:
        mixed = step.unconditional + REQUEST.guidance * (step.conditional - step.unconditional)
        np.testing.assert_allclose(mixed, step.denoised, atol=1e-4 * np.abs(mixed).max())


def test_numbers_are_the_tokenizers_and_the_encoders_own(shipped):
    pipe = parts.load(DEFAULT_MODEL)
    read = shipped.numbers(PROMPT)
    given = pipe.tokenizer(PROMPT, padding="max_length", truncation=True, return_tensors="pt")
    assert [token.id for token in read.tokens] == given.input_ids[0].tolist()
    with torch.inference_mode():
        np.testing.assert_allclose(read.vectors, pipe.text_encoder(given.input_ids)[0][0].numpy(), atol=1e-4)


def test_it_is_the_stock_pipeline(shipped):
    pipe = parts.load(DEFAULT_MODEL)
    assert type(pipe) is StableDiffusionPipeline
    assert pipe.tokenizer.model_max_length == parts.LENGTH
    words = json.loads((Path(DEFAULT_MODEL) / "vocabulary.json").read_text())["words"]
    assert len(pipe.tokenizer) == len(words) + len(parts.SPECIAL)


def test_a_fresh_process_without_a_network_draws_the_same_bits(shipped, tmp_path):
    code = (
        "import sys; from demo.settings import DEFAULT_MODEL as model; "
        "from demo.engine.diffusers_engine import DiffusersEngine; from demo.run.trace import Request; "
        "engine = DiffusersEngine.load(str(model)); "
        "*_, last = engine.frames(Request(sys.argv[1], seed=7, steps=8)); print(last.sha256)"
    )
    env = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    run = [sys.executable, "-c", code, PROMPT]
    *_, last = shipped.frames(REQUEST)
    done = subprocess.run(run, env=env, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=300)
    assert done.stdout.strip() == last.sha256, done.stderr


def test_the_card_tells_what_the_evaluation_said():
    card = (Path(DEFAULT_MODEL) / "README.md").read_text("utf-8")
    report = json.loads((Path(DEFAULT_MODEL) / "evaluation.json").read_text())
    assert evaluate.table(report["categories"]) in card
    assert report["guidance"] == parts.GUIDANCE and f"guidance {parts.GUIDANCE:g}, by our own checker" in card
