"""The tiny model's parts and training, without its weights: those are tested in test_shipped.py."""

import contextlib
import copy
import functools
import json
from concurrent.futures import ThreadPoolExecutor
from random import Random

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    UniPCMultistepScheduler,
)

from demo.engine.families import own_manners
from demo.tiny import autoencoder, collage, data, denoiser, fused, log, parts, scenes, train, words
from demo.tiny.captions import vocabulary
from demo.tiny.crew import Crew
from demo.tiny.folded import FoldedAutoencoder
from demo.tiny.log import averaged
from demo.tiny.machine import mixed
from demo.tiny.optimizers import Float32Muon, Optimizers, as_matrix, falling
from demo.tiny.pool import Pool
from demo.tiny.stage import STILL


def test_tokens_are_words_and_strangers_are_unknown():
    tokenizer = parts.tokenizer(vocabulary()["words"])
    ids = tokenizer("A red FOX, eating spaghetti").input_ids
    assert tokenizer.convert_ids_to_tokens(ids) == ["<start>", "a", "red", "fox", "<unk>", "<unk>", "<end>"]
    assert tokenizer("A cat, at night!").input_ids == tokenizer("a cat at night").input_ids
    assert tokenizer("the fox's “hat”").input_ids == tokenizer("the fox hat").input_ids
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


def test_log_snr_falls_in_a_line_in_diffusers_own_table():
    abar = parts.scheduler().alphas_cumprod.double()
    assert np.allclose(abar, parts.signal_shares(), rtol=1e-5, atol=0)
    log_snr = (abar / (1 - abar)).log()[:-1]
    assert log_snr[0].item() == pytest.approx(parts.LOG_SNR[0], abs=1e-3)
    assert log_snr[-1].item() == pytest.approx(parts.LOG_SNR[1], abs=1e-3)
    assert log_snr.diff().std() < 1e-3


SOLVERS = (
    DDIMScheduler,
    EulerDiscreteScheduler,
    EulerAncestralDiscreteScheduler,
    DPMSolverMultistepScheduler,
    UniPCMultistepScheduler,
)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_comes_home_at_any_number_of_steps(solver):
    """To what an oracle of v has in mind; DDIM leaves the first timestep's noise where steps do not divide."""
    torch.manual_seed(0)
    clean, left = torch.randn(1, 4, 8, 8), (1 - parts.signal_shares()[0]) ** 0.5
    abar = parts.scheduler().alphas_cumprod.clone()
    abar[-1] = 0 if solver is DDIMScheduler else 2**-24
    for steps in (1, 2, 3, 7, 20, 30, 43, 100):
        scheduler = solver.from_config(parts.scheduler().config)
        scheduler.set_timesteps(steps)
        state = torch.randn(1, 4, 8, 8) * scheduler.init_noise_sigma
        for timestep in scheduler.timesteps:
            seen, share = scheduler.scale_model_input(state, timestep), abar[int(timestep)]
            noise = (seen - share.sqrt() * clean) / (1 - share).sqrt()
            v = share.sqrt() * noise - (1 - share).sqrt() * clean
            state = scheduler.step(v, timestep, state, return_dict=False)[0]
        assert (state - clean).abs().max() < (6 * left if solver is DDIMScheduler else 2e-3), steps


def test_timesteps_reach_both_ends_and_dwell_in_the_middle():
    torch.manual_seed(0)
    drawn = denoiser.some_timesteps(20_000, 1000)
    assert drawn.min() == 0 and drawn.max() == 999
    assert 0.6 < ((drawn > 250) & (drawn < 800)).float().mean() < 0.8


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
    model = FoldedAutoencoder(channels=3 * 16**2)
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
    train.main(str(tmp_path / "training"), str(tmp_path / "model"), steps=2, count=8)
    batches = []
    monkeypatch.setattr(denoiser, "Crew", lambda *given: Counted(batches, *given))
    before = torch.load(tmp_path / "training" / "denoiser.pt", weights_only=True)
    first = [p.stat().st_size for p in sorted((tmp_path / "model").rglob("*.safetensors"))]
    assert first and max(first) < 10_000_000
    train.main(str(tmp_path / "training"), str(tmp_path / "model"), steps=3, count=8)
    saved = torch.load(tmp_path / "training" / "denoiser.pt", weights_only=True)
    assert saved["state"]["step"] == 3 and len(batches) == 2  # the third alone, of one drawing each and of all
    assert all(torch.equal(before["model"][name], value) for name, value in batches[1].items())
    assert saved["average"]["n_averaged"] == 3
    pipe = parts.load(tmp_path / "model")
    noise = torch.Generator().manual_seed(1)
    picture = pipe("a cat", generator=noise, num_inference_steps=2, output_type="np").images[0]
    assert picture.shape == (parts.SIZE, parts.SIZE, 3) and np.isfinite(picture).all()
    assert json.loads((tmp_path / "model" / "vocabulary.json").read_text())["words"]
    own = own_manners(pipe, tmp_path / "model")
    assert (own.guidance, own.steps) == (parts.GUIDANCE, parts.STEPS)


def test_training_goes_on_from_a_pipeline(tmp_path):
    train.main(str(tmp_path / "first"), str(tmp_path / "model"), steps=1, count=8)
    pipe = parts.load(tmp_path / "model")
    model = denoiser.going_on(pipe, pipe.tokenizer).eval()
    noisy, ids = torch.randn(1, parts.CHANNELS, 16, 16), pipe.tokenizer("a cat", return_tensors="pt").input_ids
    with torch.inference_mode():
        words = pipe.text_encoder(ids).last_hidden_state
        assert torch.allclose(model(noisy, torch.tensor([500]), ids), pipe.unet(noisy, 500, words).sample, atol=1e-4)
    train.main(str(tmp_path / "second"), str(tmp_path / "later"), steps=1, count=8, go_on_from=str(tmp_path / "model"))
    learned = {path.name for path in (tmp_path / "second").glob("*.pt")}
    assert learned == {"denoiser-still.pt", "denoiser.pt"}  # nothing else anew
    assert parts.load(tmp_path / "later").vae.config.channels == parts.CHANNELS


def test_a_pipeline_learns_new_words_and_keeps_the_old_ones(tmp_path):
    train.main(str(tmp_path / "first"), str(tmp_path / "model"), steps=1, count=8)
    pipe = parts.load(tmp_path / "model")
    more = parts.tokenizer(sorted([*vocabulary()["words"], "aardvark", "zither"]))
    model = denoiser.going_on(pipe, more).eval()
    with torch.inference_mode():
        before, after = (
            encoder(tokenizer("a red cat", return_tensors="pt").input_ids).last_hidden_state
            for encoder, tokenizer in ((pipe.text_encoder, pipe.tokenizer), (model.text_encoder, more))
        )
    assert torch.allclose(before, after, atol=1e-5) and len(more) == len(pipe.tokenizer) + 2


def test_a_denoiser_that_goes_on_knows_the_noise_by_its_amount_not_by_its_number():
    torch.manual_seed(0)
    unet, theirs = parts.unet().eval(), DDIMScheduler(rescale_betas_zero_snr=True).alphas_cumprod
    before = copy.deepcopy(unet.time_embedding)
    assert denoiser.retime(unet, theirs, steps=600) < 0.03
    ours = torch.tensor(parts.signal_shares())
    for at in (120, 400, 700):
        now = (ours - theirs[at]).abs().argmin()  # falls within a step of the same share
        one, other = (
            its(unet.time_proj(t.view(1))) for its, t in ((before, torch.tensor(at)), (unet.time_embedding, now))
        )
        assert torch.nn.functional.cosine_similarity(one, other).item() > 0.9
    one, other = (its(unet.time_proj(torch.tensor([999]))) for its in (before, unet.time_embedding))
    assert torch.nn.functional.cosine_similarity(one, other).item() > 0.9
    assert denoiser.retime(unet, ours) == 0.0


def test_a_pool_is_of_the_same_scenes_and_autoencoder_alone(tmp_path):
    vae = parts.autoencoder()
    pool = Pool(tmp_path, vae, seed=1, count=4)
    pool.fill(4)
    with torch.inference_mode():
        twin = vae.encode(data.to_model(torch.stack([data.picture(1, n)[1] for n in range(4)]))).latents
    numbers, latents = pool.take(np.random.default_rng(0), 4)
    assert sorted(numbers) == [0, 1, 2, 3]
    assert (latents - twin[numbers]).abs().max() < 0.05 * twin.std()  # fp16, made in bf16
    again = Pool(tmp_path, vae, seed=1, count=4)
    assert again.ready() == 4
    again.fill(6)  # the newest take the place of the oldest
    assert again.numbers.tolist() == [4, 5, 2, 3]
    assert Pool(tmp_path, vae, seed=1, count=4, freedom=STILL).ready() == 0
    vae.linear_in.bias.data += 1
    assert Pool(tmp_path, vae, seed=1, count=4).ready() == 0


def test_a_pool_says_when_nothing_more_is_made(tmp_path):
    pool = Pool(tmp_path, parts.autoencoder(), seed=1, count=4)
    pool.maker = type("Ended", (), {"exitcode": 1})()
    with pytest.raises(RuntimeError, match="ended with code 1"):
        pool.wait(4)


@pytest.mark.skipif(fused.library() is None, reason="no C compiler")
@pytest.mark.parametrize("act", [True, False])
def test_the_quicker_way_is_pytorchs_own_in_value_and_gradients(act):
    torch.manual_seed(0)
    norm = torch.nn.GroupNorm(16, 48)
    torch.nn.init.normal_(norm.weight)
    x = torch.randn(3, 48, 8, 8).bfloat16().to(memory_format=torch.channels_last).requires_grad_()
    scale, shift = (torch.randn(3, 48, requires_grad=True) for _ in range(2))
    twin = torch.nn.functional.group_norm(x.float(), 16, norm.weight, norm.bias, norm.eps)
    twin = twin * (1 + scale[..., None, None]) + shift[..., None, None]
    twin = torch.nn.functional.silu(twin) if act else twin
    made = fused.normalised(x, norm, act=act, scale=scale, shift=shift)
    grad, asked = torch.randn_like(twin), [x, scale, shift, norm.weight, norm.bias]
    wanted = [twin, *torch.autograd.grad(twin, asked, grad)]
    found = [made, *torch.autograd.grad(made, asked, grad.bfloat16())]
    for one, other in zip(wanted, found, strict=True):
        assert (one - other).abs().max() < 0.01 * one.abs().max()


@pytest.mark.skipif(fused.library() is None, reason="no C compiler")
def test_the_quicker_way_stays_finite_where_activations_are_huge():
    norm = torch.nn.GroupNorm(16, 48)
    torch.nn.init.constant_(norm.weight, 1000.0)
    x = torch.randn(2, 48, 8, 8).bfloat16().to(memory_format=torch.channels_last).requires_grad_()
    made = fused.normalised(x, norm, act=True)
    made.sum().backward()
    assert made.isfinite().all() and x.grad.isfinite().all() and norm.weight.grad.isfinite().all()


def test_a_block_that_is_quickened_says_the_same():
    torch.manual_seed(0)
    slow, quick = (denoiser.Model(20) for _ in range(2))
    quick.load_state_dict(slow.state_dict())
    fused.quicken(quick.unet)
    fused.slow_down(slow.unet)
    batch = torch.randn(2, parts.CHANNELS, 16, 16), torch.tensor([100, 900]), torch.randint(0, 20, (2, parts.LENGTH))
    with torch.inference_mode():
        assert torch.allclose(slow(*batch), quick(*batch), atol=1e-4)  # no autocast: the same way
        with mixed():
            first, second = (model(*batch).float() for model in (slow, quick))
    assert (first - second).abs().max() < 0.1 * first.abs().max()


@pytest.mark.skipif(fused.library() is None, reason="no C compiler")
def test_what_is_slowed_down_again_is_diffusers_own():
    unet = parts.unet()
    before = [*map(type, unet.attn_processors.values())]
    fused.quicken(unet)
    assert {*map(type, unet.attn_processors.values())} == {fused.Attention}
    fused.slow_down(unet)
    assert [*map(type, unet.attn_processors.values())] == before
    assert not any("forward" in vars(module) for module in unet.modules())


def test_a_batch_that_scenes_do_not_fill_is_refused(tmp_path):
    vae = parts.autoencoder()
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
    folded = parts.autoencoder()
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
    for done, rate in ((0.29, 2), (0.65, 1), (1.0, 0.06)):
        falling(optimizer, 2.0, 5000, done, fall=0.7)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(rate)


def test_the_score_of_a_perfect_copy_is_endless():
    class Copy:
        def encode(self, x):
            return type("Out", (), {"latents": x})

        def decode(self, z):
            return type("Out", (), {"sample": z + 0.02})

    assert autoencoder.psnr(Copy(), count=2) > 39  # 10 log10(4 / 0.02^2) = 40, less what clamping hides


def test_moved_latents_of_whole_steps_are_the_moved_pictures_own():
    pictures = data.to_model(torch.stack([collage.Collages(1, 64)[i] for i in range(2)]))
    shift = torch.eye(2, 3).repeat(2, 1, 1)
    shift[:, 0, 2] = 8 * 2 / 64  # eight pixels, one latent
    moved = autoencoder.moved(pictures, shift)
    assert torch.allclose(moved[..., :-8], pictures[..., 8:], atol=1e-4)
    latents = torch.nn.functional.avg_pool2d(pictures, 8)
    assert torch.allclose(autoencoder.moved(latents, shift)[..., :-1], latents[..., 1:], atol=1e-4)
    torch.manual_seed(0)
    maps = autoencoder.motions(4000, 64)
    still = (maps == torch.eye(2, 3)).all(-1).all(-1).float().mean()
    assert still == pytest.approx(1 - autoencoder.MOVED, abs=0.03)


def test_reading_is_asked_for_everything_that_a_caption_says():
    pair = scenes.Thing("fox", "red", "crown", "car"), scenes.Thing("pizza", size="big")
    scene = scenes.Scene(pair, "snow", "night", 1, "above")
    said = [choices[at] for choices, at in zip(words.QUESTIONS, words.answers(scene), strict=True)]
    assert said == ["fox", "red", "crown", "car", None, "pizza", None, None, None, "big", 1, "above", "snow", "night"]
    rng = Random(0)
    assert all(len(words.answers(scenes.told(scenes.sample(rng), rng))) == len(words.QUESTIONS) for _ in range(300))


def test_the_text_encoder_learns_to_read():
    tokenizer = parts.tokenizer(vocabulary()["words"])
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


@pytest.mark.parametrize("shape", [(24, 60), (60, 24), (32, 32)])
def test_muon_in_float32_is_pytorchs_up_to_bf16(shape):
    torch.manual_seed(0)
    start, slopes = torch.randn(shape), [torch.randn(shape) for _ in range(4)]
    ended = []
    for kind in (torch.optim.Muon, Float32Muon):
        weight = torch.nn.Parameter(start.clone())
        moving = kind([weight], lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
        for slope in slopes:
            weight.grad = slope.clone()
            moving.step()
        ended.append(weight.detach() - start)
    theirs, ours = ended
    assert (ours - theirs).norm() < 0.02 * theirs.norm() and ours.dtype == torch.float32


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


def test_a_night_in_which_training_was_stopped_is_not_counted(monkeypatch):
    now, state = [100.0], {"seconds": 5.0}
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])
    tick = log.keep_time(state)
    for passed, counts, told in ((2.0, True, 7.0), (30000.0, True, 7.0 + log.PAUSE), (9.0, False, 7.0 + log.PAUSE)):
        now[0] += passed
        tick(counts)
        assert state["seconds"] == told
