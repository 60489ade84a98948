"""The engine against the same pipeline called plainly, and against the people who stop, close and break it."""

import copy
import itertools
import threading
import time

import numpy as np
import pytest
import torch
from random_model import WORDS

from demo.engine.api import BadModel
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.schedulers import CLASSES
from demo.run.trace import OWN, SCHEDULERS, BadRequest, Request, normalised

SOON = 10.0  # seconds after which a test that hangs is called failed


def plain(pipe, request: Request) -> np.ndarray:
    """The picture that diffusers makes when nobody watches, uint8 (H, W, 3)."""
    run = copy.copy(pipe)
    if request.scheduler != OWN:
        run.scheduler = CLASSES[request.scheduler].from_config(pipe.scheduler.config)
    images = run(
        request.prompt,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        generator=torch.Generator().manual_seed(request.seed),
    ).images
    return np.asarray(images[0])


def noise(seed: int) -> np.ndarray:
    return torch.randn(1, 8, 8, 8, generator=torch.Generator().manual_seed(seed))[0].numpy()


class Calls:
    """Counts, and can hold up or break, what a module does."""

    def __init__(self, module, monkeypatch):
        self.count, self.going, self.error = 0, threading.Event(), None
        self.going.set()
        inner = module.forward

        def forward(*args, **kwargs):
            self.count += 1
            assert self.going.wait(SOON)
            if self.error is not None:
                raise self.error
            return inner(*args, **kwargs)

        monkeypatch.setattr(module, "forward", forward)


@pytest.fixture
def network(pipe, monkeypatch) -> Calls:
    return Calls(pipe.unet, monkeypatch)


@pytest.mark.parametrize("key", SCHEDULERS)
@pytest.mark.parametrize("steps", [1, 8, 30])
def test_watching_does_not_change_a_bit_of_the_picture(pipe, engine, key, steps):
    request = Request("a blue cat", seed=7, steps=steps, scheduler=key)
    frames = list(engine.frames(request))
    assert np.array_equal(frames[-1].image, plain(pipe, request))


def test_without_guidance_the_picture_is_also_the_plain_one(pipe, engine):
    request = Request("a red fox", seed=3, steps=4, guidance=1.0)
    assert np.array_equal(list(engine.frames(request))[-1].image, plain(pipe, request))


@pytest.mark.parametrize("key", SCHEDULERS)
@pytest.mark.parametrize("count", [1, 8, 30, 61, 100])
def test_n_steps_give_n_plus_one_states_from_pure_noise_to_the_result(engine, key, count):
    steps = list(engine.steps(Request("a blue cat", seed=7, steps=count, scheduler=key)))
    assert [(step.index, step.total) for step in steps] == [(index, count) for index in range(count + 1)]
    first, last = steps[0], steps[-1]
    assert np.array_equal(first.latents, noise(7))
    assert (first.timestep, first.denoised, first.alpha, first.sigma) == (None, None, 0.0, 1.0)
    assert last.sigma == 0.0
    off = np.sqrt(np.mean((last.denoised - last.latents) ** 2))
    assert off <= 1e-3 * last.latents.std()
    for step in steps[1:]:
        assert step.latents.shape == step.denoised.shape == (8, 8, 8)
        assert step.latents.dtype == step.denoised.dtype == np.float32
        assert np.isfinite(step.latents).all() and np.isfinite(step.denoised).all()
    assert [s.seconds for s in steps] == sorted(s.seconds for s in steps)
    timesteps = [step.timestep for step in steps[1:]]
    assert timesteps[0] == 999 and timesteps == sorted(timesteps, reverse=True)


@pytest.mark.parametrize("key", SCHEDULERS)
def test_the_same_seed_gives_the_same_bits_and_another_gives_others(engine, key):
    request = Request("a red fox", seed=11, steps=5, scheduler=key)
    hashes = [[frame.sha256 for frame in engine.frames(request)] for _ in range(2)]
    assert hashes[0] == hashes[1]
    other = [frame.sha256 for frame in engine.frames(Request("a red fox", seed=12, steps=5, scheduler=key))]
    assert not set(hashes[0]) & set(other)


def test_frames_are_the_steps_as_pictures(pipe, engine):
    request = Request("a blue cat", seed=7, steps=4)
    frames, steps = list(engine.frames(request)), list(engine.steps(request))
    assert [(f.index, f.total, f.timestep, f.alpha, f.sigma) for f in frames] == [
        (s.index, s.total, s.timestep, s.alpha, s.sigma) for s in steps
    ]
    for frame, step in zip(frames, steps, strict=True):
        with torch.inference_mode():
            pixels = pipe.vae.decode(torch.from_numpy(step.latents)[None]).sample
        expected = np.asarray(pipe.image_processor.postprocess(pixels, output_type="pil")[0])
        assert frame.image.dtype == np.uint8 and frame.image.shape == (32, 32, 3)
        assert np.abs(frame.image.astype(int) - expected).max() <= 1  # decoded two at a time
    assert frames[0].denoised is None and frames[0].change is None
    for before, after in itertools.pairwise(frames):
        signed = 128 + after.gain * (after.image.astype(float) - before.image)
        assert np.array_equal(after.change, signed.clip(0, 255).astype(np.uint8))
    assert frames[-1].denoised.shape == (32, 32, 3)


def test_the_noise_is_there_before_the_network_runs(engine, network):
    network.going.clear()
    frames = engine.frames(Request("a blue cat", seed=7, steps=3))
    assert next(frames).index == 0  # while the network cannot have answered
    network.going.set()
    assert len(list(frames)) == 3


@pytest.mark.parametrize("after", [0, 3])
def test_stop_ends_the_run_within_one_step(engine, network, after):
    seen = []
    for frame in engine.frames(Request("a blue cat", seed=7, steps=50), "mine"):
        seen.append(frame.index)
        if frame.index == after:
            assert engine.cancel("mine")
            counted = network.count
    assert seen == list(range(after + 1))
    assert len(list(engine.steps(Request("a cat", seed=1, steps=2)))) == 3  # waits for the end of the stopped run
    assert network.count - 2 <= counted + 1


def test_closing_returns_at_once_and_ends_the_run(engine, network):
    frames = engine.frames(Request("a blue cat", seed=7, steps=50))
    next(frames)
    network.going.clear()
    began = time.perf_counter()
    frames.close()
    assert time.perf_counter() - began < 0.5
    network.going.set()
    assert len(list(engine.steps(Request("a cat", seed=1, steps=2)))) == 3
    assert network.count < 10


def test_a_run_waits_its_turn_and_can_be_stopped_while_it_waits(engine, network):
    network.going.clear()
    first = engine.steps(Request("a blue cat", seed=7, steps=3))
    next(first)
    ended = threading.Event()
    got = []

    def second():
        got.extend(engine.steps(Request("a red fox", seed=8, steps=3), "second"))
        ended.set()

    threading.Thread(target=second, daemon=True).start()
    assert not ended.wait(0.2) and got == []
    assert engine.cancel("second")
    assert ended.wait(SOON) and got == []
    network.going.set()
    assert len(list(first)) == 3


def test_two_at_once_get_what_each_would_get_alone(engine):
    requests = [Request("a blue cat", seed=7, steps=6), Request("a red fox", seed=8, steps=6, scheduler="euler")]
    alone = [[frame.sha256 for frame in engine.frames(request)] for request in requests]
    together = [[], []]

    def visit(number):
        together[number].extend(frame.sha256 for frame in engine.frames(requests[number]))

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(2)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join(SOON)
    assert together == alone


def test_what_the_pipeline_raises_reaches_the_caller_as_itself_and_frees_the_engine(engine, network):
    network.error = ZeroDivisionError("in the network")
    steps = engine.steps(Request("a blue cat", seed=7, steps=3))
    assert next(steps).index == 0
    with pytest.raises(ZeroDivisionError) as raised:
        next(steps)
    assert raised.value is network.error
    network.error = None
    assert len(list(engine.steps(Request("a blue cat", seed=7, steps=3)))) == 4


def test_no_gradients_inside_and_the_callers_mode_untouched(engine, pipe, monkeypatch):
    modes = []
    inner = pipe.unet.forward
    monkeypatch.setattr(pipe.unet, "forward", lambda *a, **k: modes.append(torch.is_grad_enabled()) or inner(*a, **k))
    for _ in engine.steps(Request("a blue cat", seed=7, steps=2)):
        assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert modes == [False, False]


def test_a_run_leaves_the_shared_pipeline_as_it_was(engine, pipe):
    scheduler, before = pipe.scheduler, dict(pipe.__dict__)
    list(engine.steps(Request("a blue cat", seed=7, steps=2, scheduler="unipc")))
    assert pipe.scheduler is scheduler and pipe.__dict__ == before
    assert "step" not in vars(scheduler)


def test_a_scheduler_that_the_model_cannot_run_is_refused_before_any_work(engine, network):
    engine.abilities.schedulers.clear()
    engine.abilities.schedulers["euler"] = "Euler"
    with pytest.raises(BadRequest, match="scheduler euler, not ddim"):
        engine.steps(Request("a blue cat", seed=7, scheduler="ddim"))
    assert network.count == 0


def test_size_is_the_requests(engine):
    steps = list(engine.steps(Request("a blue cat", seed=7, steps=1, width=48, height=32)))
    assert steps[-1].latents.shape == (8, 8, 12)


def test_unknown_words_are_told_as_typed_and_once(engine):
    assert engine.unknown_words("A blue CAT, wearing a hat!") == []
    assert engine.unknown_words("a Zebra's cat's zebra 🦊 Zebra's 狐狸 - fox.") == ["Zebra's", "zebra", "🦊", "狐狸"]
    assert DiffusersEngine(engine._pipe, "no list").unknown_words("a zebra") == []


@pytest.mark.parametrize("name", ["engine", "shipped"])
@pytest.mark.parametrize("word", ["नमस्ते", "สวัสดี", "e\u0301te\u0301", "ä\u0331o", "👩‍🚀", "it's", "l’été", "x2"])
def test_no_word_is_torn_apart(request, name, word):
    """Marks and vowel signs belong to the letter before them, whatever \\w may say."""
    engine = request.getfixturevalue(name)
    assert engine.unknown_words(f"a {word}, red {word}") == [normalised(word)]


def test_what_the_tokenizer_reads_is_known(shipped):
    assert shipped.unknown_words("ａ ｒｅｄ ｆｏｘ, A Red FOX's hat!") == []
    assert shipped.unknown_words("a fox " * 40 + "quetzalcoatl") == ["quetzalcoatl"]  # though it is cut


def test_a_prompt_that_is_too_long_puts_no_librarys_note_among_our_lines(pipe, capfd):
    copied = copy.copy(pipe)
    vars(copied)["tokenizer"] = copy.deepcopy(pipe.tokenizer)  # each tokenizer warns but once
    copied.tokenizer.deprecation_warnings.clear()
    long = DiffusersEngine(copied, "random", frozenset(WORDS[4:]))
    assert len(list(long.steps(Request("a red fox on " * 9, seed=1, steps=1)))) == 2
    long.unknown_words("a red fox on " * 9)
    long.numbers("a red fox on " * 9)
    assert capfd.readouterr().err == ""


def test_the_trace_repeats_the_run(engine):
    request = Request("a blue zebra", seed=7, steps=3, scheduler="unipc")
    told = engine.trace(request, list(engine.frames(request))).to_json()
    assert (told["model"], told["dtype"], told["unknown_words"]) == ("random", "float32", ["zebra"])
    again = Request(**{key: told[key] for key in ("prompt", "seed", "steps", "guidance", "scheduler")})
    hashes = [frame.sha256 for frame in engine.frames(again)]
    assert [state["sha256"] for state in told["states"]] == hashes


def test_an_engine_is_loaded_from_a_folder_under_its_name(pipe, tmp_path):
    pipe.save_pretrained(tmp_path / "small")
    (tmp_path / "small" / "vocabulary.json").write_text('{"words": ["cat"]}')
    engine = DiffusersEngine.load(str(tmp_path / "small"))
    assert (engine.model, engine.abilities.vocabulary) == ("small", ("cat",))
    assert len(list(engine.frames(Request("a cat", seed=1, steps=2)))) == 3


@pytest.mark.parametrize("key", SCHEDULERS)
def test_the_model_that_ships_is_watched_without_changing_its_picture(shipped, key):
    request = Request("a blue cat", seed=7, steps=4, scheduler=key)
    frames = list(shipped.frames(request))
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[-1].image.shape == (256, 256, 3) and frames[-1].sigma == 0
    assert np.array_equal(frames[-1].image, plain(shipped._pipe, request))
    assert frames[0].image.std() > 20  # static, not a grey wall


def test_the_model_that_ships_knows_its_words(shipped):
    assert shipped.model == "tiny"
    assert shipped.unknown_words("a red fox wearing sunglasses on a skateboard") == []
    assert shipped.unknown_words("a blue quetzalcoatl") == ["quetzalcoatl"]


def test_a_missing_model_is_said():
    with pytest.raises(BadModel, match="no model folder"):
        DiffusersEngine.load("assets/nothing-here")
