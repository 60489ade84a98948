"""The tiny model's scenes, parts and training, without its weights: those are tested in test_shipped.py."""

import contextlib
import functools
import json
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from PIL import Image

from demo.engine.pipeline import own_guidance
from demo.tiny import autoencoder, data, denoiser, parts, scenes, train, words
from demo.tiny.crew import Crew
from demo.tiny.drawing import figure, recolour, sprite
from demo.tiny.folded import FoldedAutoencoder
from demo.tiny.log import averaged
from demo.tiny.optimizers import Optimizers, as_matrix, falling
from demo.tiny.places import PAINTERS
from demo.tiny.things import CHARACTERS, COLOURS, OBJECTS, PLACES, RIDES, SPRITES, WEARS


def some_scenes(count: int = 300, *, held: bool = False) -> list[scenes.Scene]:
    rng = Random(0)
    return [scenes.sample(rng, held=held) for _ in range(count)]


def test_every_thing_has_its_sprite_and_every_place_its_painter():
    assert all(sprite(name).size == (136, 136) for name in SPRITES)
    assert set(PAINTERS) == set(PLACES)


def test_a_scene_and_its_picture_are_decided_by_the_seed():
    first, again, other = (data.picture(3, number)[1] for number in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (3, parts.SIZE, parts.SIZE) and first.dtype == torch.uint8


def test_what_is_held_out_is_never_sampled_for_training_and_is_about_a_tenth():
    assert not any(scenes.held_out(t) for scene in some_scenes() for t in scene.things)
    assert all(any(scenes.held_out(t) for t in scene.things) for scene in some_scenes(50, held=True))
    rare = [scenes.Thing(n, c, w, r) for n in CHARACTERS for c in COLOURS for w in list(WEARS)[:5] for r in RIDES]
    assert 0.08 < np.mean([scenes.held_out(thing) for thing in rare]) < 0.12
    assert not any(scenes.held_out(scenes.Thing(n, c)) for n in OBJECTS for c in COLOURS)


def test_captions_use_no_word_that_the_vocabulary_lacks():
    words = set(scenes.vocabulary()["words"])
    rng = Random(1)
    used = {w for scene in some_scenes(3000) for w in scenes.caption(scene, rng).replace(",", "").split()}
    assert used <= words


def test_captions_name_what_is_in_the_scene():
    scene = scenes.Scene((scenes.Thing("fox", "red", "sunglasses", "skateboard"),), "night")
    told = [scenes.caption(scene, Random(seed)) for seed in range(40)]
    assert len(set(told)) > 15
    assert all("red" in text and "fox" in text and "skateboard" in text for text in told)
    assert all("sunglasses" in text or "shades" in text for text in told)
    assert sum("night" in text or "moon" in text for text in told) > 30


@pytest.mark.parametrize("thing", ["pig", "panda", "bear", "car"])
@pytest.mark.parametrize("name", COLOURS)
def test_a_recoloured_sprite_keeps_its_outline_and_is_nearest_to_its_colour(name, thing):
    before, after = np.asarray(sprite(thing)), np.asarray(recolour(sprite(thing), name))
    assert np.array_equal(before[..., 3], after[..., 3])
    middle = np.median(after[after[..., 3] > 250][:, :3], axis=0)
    assert min(COLOURS, key=lambda other: np.abs(middle - COLOURS[other]).sum()) == name


def test_a_hat_is_drawn_above_the_head():
    bare, dressed = (np.asarray(figure("fox", None, wear))[..., 3] > 0 for wear in (None, "top hat"))
    assert dressed.any(1).argmax() < bare.any(1).argmax()


def test_another_seed_moves_the_figures_and_keeps_them_in_the_picture():
    for scene in some_scenes(200):
        spots = [scenes._spots(Random(seed), scene) for seed in range(8)]
        assert len({tuple(one) for one in spots}) > 1 or scene.count == 4
        steps = [(spot.x * scenes.GRID, spot.y * scenes.GRID) for one in spots for spot in one]
        assert all((at - first) % 2 == 0 for step in steps for at, first in zip(step, steps[0], strict=True))
        flat = [spot for one in spots for spot in one]
        assert all(spot.scale / 2 < at < 1 - spot.scale / 2 for spot in flat for at in (spot.x, spot.y))


def test_a_figure_one_step_of_the_grid_aside_is_the_same_pixels():
    side = parts.SIZE // scenes.GRID
    assert side == parts.FOLD
    for scene in some_scenes(40):
        spots = scenes._spots(Random(0), scene)
        drawn = []
        for shift in (0, 1 / scenes.GRID):
            canvas = Image.new("RGB", (parts.SIZE, parts.SIZE), "white")
            scenes._draw_thing(canvas, scene.things[0], spots[0]._replace(x=0.5 + shift, y=0.5))
            drawn.append(np.asarray(canvas))
        assert np.array_equal(drawn[0][:, :-side], drawn[1][:, side:])


def test_tokens_are_words_and_strangers_are_unknown():
    tokenizer = parts.tokenizer(scenes.vocabulary()["words"])
    ids = tokenizer("A red FOX, eating spaghetti").input_ids
    assert tokenizer.convert_ids_to_tokens(ids) == ["<start>", "a", "red", "fox", "<unk>", "<unk>", "<end>"]
    assert tokenizer("A cat, at night!").input_ids == tokenizer("a cat at night").input_ids
    assert tokenizer("the fox's “hat”").input_ids == tokenizer("the fox hat").input_ids
    assert data.STRANGER not in scenes.vocabulary()["words"]
    padded = tokenizer("a cat", padding="max_length").input_ids
    assert len(padded) == parts.LENGTH and padded[-1] == tokenizer.pad_token_id


def test_the_last_timestep_is_pure_noise_and_v_is_diffusers_own():
    scheduler = parts.scheduler()
    assert scheduler.alphas_cumprod[-1] == 0
    assert isinstance(scheduler, DDIMScheduler)
    clean, noise = torch.randn(2, 4, 12, 8, 8)
    timestep = torch.tensor([0, 300, 700, 999])
    noisy, v = denoiser.v_target(clean, noise, scheduler.alphas_cumprod[timestep].view(-1, 1, 1, 1))
    assert torch.allclose(noisy, scheduler.add_noise(clean, noise, timestep), atol=1e-6)
    assert torch.allclose(v, scheduler.get_velocity(clean, noise, timestep), atol=1e-6)


def test_timesteps_reach_both_ends_and_dwell_in_the_middle():
    torch.manual_seed(0)
    drawn = denoiser.some_timesteps(20_000, 1000)
    assert drawn.min() == 0 and drawn.max() == 999
    assert 0.6 < ((drawn > 300) & (drawn < 850)).float().mean() < 0.8


def test_a_crew_of_two_finds_the_gradients_of_one():
    torch.manual_seed(0)
    model = denoiser.Model(20)
    noisy, target = torch.randn(2, 4, parts.CHANNELS, 16, 16)
    timestep, ids = torch.tensor([1, 200, 600, 999]), torch.randint(0, 20, (4, parts.LENGTH))
    batch = noisy, timestep, ids, torch.ones(4, 1, dtype=torch.bool), target
    found = []
    for workers in (1, 2):
        found.append((Crew(model, denoiser.miss, workers).backward(*batch), model.unet.conv_in.weight.grad.clone()))
    assert found[0][0] == pytest.approx(found[1][0], rel=0.02)  # bf16
    assert torch.nn.functional.cosine_similarity(*(grad.flatten() for _, grad in found), dim=0) > 0.99


def test_the_autoencoder_starts_as_the_principal_components_of_patches():
    pictures = data.to_model(torch.stack([data.picture(1, i)[1] for i in range(24)]))
    model = FoldedAutoencoder(channels=3 * parts.FOLD**2)
    model.start_from(pictures)
    with torch.inference_mode():
        back = model.decode(model.encode(pictures).latents).sample
    assert torch.allclose(back, pictures, atol=2e-2)  # all components kept: nothing is lost


@pytest.mark.parametrize(("fold", "side"), [(8, 128), (16, 256)])
def test_a_coarser_fold_keeps_the_latents_as_few_at_twice_the_size(fold, side):
    model = FoldedAutoencoder(24, fold=fold, block_out_channels=(0,) * fold.bit_length())
    with torch.inference_mode():
        latents = model.encode(torch.zeros(1, 3, side, side)).latents
        assert latents.shape == (1, 24, 16, 16) and model.decode(latents).sample.shape == (1, 3, side, side)
    with pytest.raises(ValueError, match="needs 6 block_out_channels"):
        FoldedAutoencoder(fold=32)


class Counted(Crew):
    """Keeps the weights that each batch met."""

    def __init__(self, batches: list, *given):
        super().__init__(*given)
        self.batches = batches

    def backward(self, *batch: torch.Tensor) -> float:
        self.batches.append({name: value.clone() for name, value in self.copies[0].state_dict().items()})
        return super().backward(*batch)


def test_training_runs_stops_and_goes_on(tmp_path, monkeypatch):
    train.main(str(tmp_path / "training"), str(tmp_path / "model"), steps=2, count=64)
    batches = []
    monkeypatch.setattr(denoiser, "Crew", lambda *given: Counted(batches, *given))
    before = torch.load(tmp_path / "training" / "denoiser.pt", weights_only=True)
    first = [p.stat().st_size for p in sorted((tmp_path / "model").rglob("*.safetensors"))]
    assert first and max(first) < 10_000_000
    train.main(str(tmp_path / "training"), str(tmp_path / "model"), steps=3, count=64)
    saved = torch.load(tmp_path / "training" / "denoiser.pt", weights_only=True)
    assert saved["state"]["step"] == 3 and len(batches) == 1  # the third alone
    assert all(torch.equal(before["model"][name], value) for name, value in batches[0].items())
    assert saved["average"]["n_averaged"] == 3
    pipe = parts.load(tmp_path / "model")
    noise = torch.Generator().manual_seed(1)
    picture = pipe("a cat", generator=noise, num_inference_steps=2, output_type="np").images[0]
    assert picture.shape == (parts.SIZE, parts.SIZE, 3) and np.isfinite(picture).all()
    assert json.loads((tmp_path / "model" / "vocabulary.json").read_text())["words"]
    assert own_guidance(pipe, tmp_path / "model") == parts.GUIDANCE


def test_training_goes_on_from_a_pipeline(tmp_path):
    train.main(str(tmp_path / "first"), str(tmp_path / "model"), steps=1, count=64)
    pipe = parts.load(tmp_path / "model")
    model = denoiser.going_on(pipe, len(pipe.tokenizer)).eval()
    noisy, ids = torch.randn(1, parts.CHANNELS, 16, 16), pipe.tokenizer("a cat", return_tensors="pt").input_ids
    with torch.inference_mode():
        words = pipe.text_encoder(ids).last_hidden_state
        assert torch.allclose(model(noisy, torch.tensor([500]), ids), pipe.unet(noisy, 500, words).sample, atol=1e-4)
    train.main(str(tmp_path / "second"), str(tmp_path / "later"), steps=1, count=64, go_on_from=str(tmp_path / "model"))
    assert {path.name for path in (tmp_path / "second").glob("*.pt")} == {
        "denoiser.pt"
    }  # nothing else was learned anew
    assert parts.load(tmp_path / "later").vae.config.channels == parts.CHANNELS


def test_latents_are_kept_for_the_same_scenes_and_autoencoder_alone(tmp_path):
    vae = FoldedAutoencoder(parts.CHANNELS, fold=parts.FOLD, block_out_channels=(0,) * parts.FOLD.bit_length())
    made = denoiser.cache_latents(tmp_path, vae, seed=1, count=4).copy()
    with torch.inference_mode():
        twin = vae.encode(data.to_model(torch.stack([data.picture(1, n)[1] for n in range(4)]))).latents.numpy()
    assert np.abs(made - twin).max() < 0.05 * twin.std()  # fp16, made in bf16
    (kept,) = tmp_path.glob("*.npy")
    written = kept.stat().st_mtime_ns
    assert np.array_equal(denoiser.cache_latents(tmp_path, vae, seed=1, count=4), made)
    assert kept.stat().st_mtime_ns == written
    denoiser.cache_latents(tmp_path, vae, seed=1, count=8)
    vae.linear_in.bias.data += 1
    moved = denoiser.cache_latents(tmp_path, vae, seed=1, count=4)
    assert len([*tmp_path.glob("*.npy")]) == 3 and np.abs(moved - made).mean() > 0.5


def test_a_batch_that_scenes_do_not_fill_is_refused(tmp_path):
    vae = FoldedAutoencoder(parts.CHANNELS, fold=parts.FOLD, block_out_channels=(0,) * parts.FOLD.bit_length())
    with pytest.raises(ValueError, match="5 scenes do not fill a batch of 48"):
        denoiser.train(tmp_path, vae, steps=1, count=5)


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_a_crew_of_any_size_leaves_the_loss_and_the_gradients_of_one(workers):
    torch.manual_seed(0)
    model, batch, wanted = torch.nn.Linear(3, 2), torch.randn(8, 3), torch.randn(8, 2)
    whole = _square(model, batch, wanted)
    (gradient,) = torch.autograd.grad(whole, model.weight)
    assert Crew(model, _square, workers).backward(batch, wanted) == pytest.approx(whole.item(), rel=1e-5)
    assert torch.allclose(model.weight.grad, gradient, atol=1e-6)


def _square(model: torch.nn.Module, given: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return (model(given) - wanted).square().mean()


class Silent(Crew):
    """Does the work and does not read the loss, which a device without memory could not tell."""

    def _work(self, model: torch.nn.Module, part: tuple[torch.Tensor, ...], whole: int) -> float:
        self.loss(model, *part).backward()
        return 0.0


def test_a_model_on_another_device_meets_its_batches_there(monkeypatch):
    """On "meta", which checks devices as a GPU does, computes nothing and is everywhere."""
    for module in (denoiser, autoencoder):
        monkeypatch.setattr(module, "mixed", contextlib.nullcontext)  # there is no autocast there
    noisy, target = torch.randn(2, 4, parts.CHANNELS, 16, 16)
    timestep, ids = torch.tensor([1, 200, 600, 999]), torch.randint(0, 20, (4, parts.LENGTH))
    levels = (0,) * parts.FOLD.bit_length()
    folded = FoldedAutoencoder(parts.CHANNELS, fold=parts.FOLD, block_out_channels=levels)
    drawing = functools.partial(autoencoder.miss, wanted=torch.ones(parts.CHANNELS, device="meta"))
    for model, loss, batch in (
        (denoiser.Model(20), denoiser.miss, (noisy, timestep, ids, torch.ones(4, 1, dtype=torch.bool), target)),
        (folded, drawing, (torch.rand(2, 3, parts.SIZE, parts.SIZE),)),
    ):
        model.to("meta")
        Silent(model, loss, 1).backward(*batch)
        assert next(model.parameters()).grad is not None  # the work was done
    with pytest.raises(RuntimeError, match="device"):
        denoiser.miss(denoiser.Model(20).to("meta"), *(noisy, timestep, ids, torch.ones(4, 1), target))


def test_an_average_is_plain_at_first_and_then_runs():
    model = torch.nn.Linear(1, 1, bias=False)
    average, told = averaged(model), []
    for value in range(6000):
        model.weight.data.fill_(float(value >= 5000))
        average.update_parameters(model)
        told.append(average.module.weight.item())
    assert told[4999] == 0 and told[5499] == pytest.approx(1 - 0.998**500, abs=1e-3)


def test_the_learning_rate_warms_up_stays_and_falls():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=9.0)
    told = []
    for step, done in ((0, 0.0), (149, 0.1), (5000, 0.69), (5000, 0.85), (5000, 1.0)):
        falling(optimizer, 2.0, step, done)
        told.append(optimizer.param_groups[0]["lr"])
    assert told == pytest.approx([2 / 150, 2, 2, 1, 0.06])


def test_wording_forgets_and_stays_silent_as_often_as_said():
    scene = scenes.Scene((scenes.Thing("cat"),))
    told = [data.wording(scene, Random(seed)) for seed in range(2000)]
    assert 0.07 < np.mean([text == "" for text in told]) < 0.13
    assert 0.06 < np.mean([data.STRANGER in text.split() for text in told]) < 0.13


@pytest.mark.parametrize("size", [64, 256])
def test_scenes_are_drawn_at_any_size(size):
    assert scenes.render(some_scenes(1)[0], Random(0), size).size == (size, size)


def test_the_score_of_a_perfect_copy_is_endless(monkeypatch):
    class Copy:
        def encode(self, x):
            return type("Out", (), {"latents": x})

        def decode(self, z):
            return type("Out", (), {"sample": z + 0.02})

    assert autoencoder.psnr(Copy(), count=2) > 39  # 10 log10(4 / 0.02^2) = 40, less what clamping hides


def test_reading_is_asked_for_everything_that_a_caption_says():
    scene = scenes.Scene((scenes.Thing("fox", "red", "crown", "car"), scenes.Thing("pizza")), "snow", 1, "above")
    said = [choices[at] for choices, at in zip(words.QUESTIONS.values(), words.answers(scene), strict=True)]
    assert said == ["fox", "red", "crown", "car", 1, "above", "pizza", None, "snow"]
    assert all(len(words.answers(scene)) == len(words.QUESTIONS) for scene in some_scenes())


def test_the_text_encoder_learns_to_read():
    tokenizer = parts.tokenizer(scenes.vocabulary()["words"])
    torch.manual_seed(0)
    reader, pool = parts.text_encoder(len(tokenizer)), torch.nn.Module()
    pool.forward = lambda read: read.mean(1)
    before = words.train(reader, pool, tokenizer, steps=1, batch=16)
    assert words.train(reader, pool, tokenizer, steps=12, batch=16) > before + 0.1


def a_convolution_and_a_norm() -> tuple[torch.nn.Module, torch.nn.Module]:
    torch.manual_seed(0)
    body = torch.nn.ModuleDict({"conv": torch.nn.Conv2d(8, 16, 3), "norm": torch.nn.GroupNorm(4, 16)})
    return torch.nn.Linear(4, 4), body.to(memory_format=torch.channels_last)


def test_a_convolution_is_one_matrix_in_the_same_memory():
    _, body = a_convolution_and_a_norm()
    flat = as_matrix(body["conv"].weight)
    assert flat.shape == (16, 72) and flat.data_ptr() == body["conv"].weight.data_ptr()
    flat.data[3, 0] = 7.0
    assert body["conv"].weight[3, 0, 0, 0] == 7.0


def test_muon_moves_a_convolution_evenly_in_all_directions_and_adamw_the_rest():
    words_side, body = a_convolution_and_a_norm()
    optimizers = Optimizers(body, 0.01, {words_side: 0.003})
    before = {name: p.detach().clone() for name, p in body.named_parameters()}
    for p in (*words_side.parameters(), *body.parameters()):
        p.grad = torch.randn_like(p) * torch.linspace(0.01, 1, len(p)).view(-1, *[1] * (p.ndim - 1))
    optimizers.step(0.0, 1000, ThreadPoolExecutor(2))
    moved = {name: p.detach() - before[name] for name, p in body.named_parameters()}
    turned = torch.linalg.svdvals(as_matrix(moved["conv.weight"]))
    assert turned.max() / turned.min() < 2.5  # the gradient's own: about a hundred
    assert moved["norm.weight"].abs().allclose(torch.full((16,), 0.01), atol=1e-3)  # AdamW's first step


def test_optimizers_go_on_where_they_were_saved():
    after = []
    for stop in (False, True):
        words_side, body = a_convolution_and_a_norm()
        optimizers = Optimizers(body, 0.01, {words_side: 0.003})
        for count in range(4):
            if stop and count == 2:
                saved, optimizers = optimizers.state_dict(), Optimizers(body, 0.01, {words_side: 0.003})
                optimizers.load_state_dict(saved)
            for p in (*words_side.parameters(), *body.parameters()):
                p.grad = p.detach().clone()
            optimizers.step(0.5, count, ThreadPoolExecutor(1))
        after.append(body["conv"].weight.detach().clone())
    assert torch.equal(*after)


def test_convolutions_of_another_layout_are_refused():
    _, body = a_convolution_and_a_norm()
    with pytest.raises(ValueError, match="channels_last"):
        Optimizers(body.to(memory_format=torch.contiguous_format), 0.01)


def test_the_pooled_prompt_can_be_withheld_in_training_alone():
    torch.manual_seed(0)
    model = denoiser.Model(20).eval()
    batch = torch.randn(2, parts.CHANNELS, 16, 16), torch.tensor([500, 500]), torch.randint(0, 20, (2, parts.LENGTH))
    with torch.inference_mode():
        whole = model(*batch)
        kept, withheld = model(*batch, torch.tensor([[1.0], [0.0]]))
        again = model(*batch)
    assert torch.allclose(kept, whole[0], atol=1e-5) and not torch.allclose(withheld, whole[1], atol=1e-2)
    assert torch.equal(again, whole)
