"""What watching a large model costs: `python tests/bench/previews.py [--size 256] [--steps 3] [--rounds 2]`.

Stable Diffusion 1.5's own architecture with random weights, on this machine's CPU: seconds depend on shapes, not on
what the weights say. In every round the plain pipeline and each kind of watching run one after the other in one
process, in an order that alternates; all must end in the same picture. Told is the cost over the plain run, in seconds
of the processor (which other programs hardly lengthen) and of the clock.
"""

import argparse
import copy
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from random_model import build_tokenizer

from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.stream import aside
from demo.run.trace import Request

KINDS = ("linear", "tiny", "exact")


def stable_diffusion() -> StableDiffusionPipeline:
    """The parts of stable-diffusion-v1-5 with its configurations, and random weights; its vocabulary is a short one."""
    torch.manual_seed(0)
    text = CLIPTextConfig(vocab_size=64, hidden_size=768, intermediate_size=3072, num_hidden_layers=12)
    text.num_attention_heads, text.max_position_embeddings = 12, 16
    sides = (128, 256, 512, 512)
    pipe = StableDiffusionPipeline(
        vae=AutoencoderKL(
            block_out_channels=sides,
            layers_per_block=2,
            sample_size=512,
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
        ).eval(),
        text_encoder=CLIPTextModel(text).eval(),
        tokenizer=build_tokenizer(),
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768).eval(),
        scheduler=DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def plain(pipe, request: Request) -> np.ndarray:
    """The picture of the pipeline without the engine."""
    pipe = copy.copy(pipe)
    pipe.scheduler = copy.deepcopy(pipe.scheduler)
    images = pipe(
        request.prompt,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        width=request.width,
        height=request.height,
        generator=torch.Generator().manual_seed(request.seed),
    ).images
    return np.asarray(images[0])


def timed(work, *given) -> tuple[float, float, object]:
    """Seconds of the processor, of the clock, and what `work` gives."""
    processor, clock = time.process_time(), time.perf_counter()
    picture = work(*given)
    return time.process_time() - processor, time.perf_counter() - clock, picture


def main(size=256, steps=3, rounds=2) -> dict:
    """Runs the rounds, prints what they say and returns it; raises if watching changed a picture."""
    pipe = stable_diffusion()
    with tempfile.TemporaryDirectory() as folder:
        AutoencoderTiny().save_pretrained(folder)
        engines = {"linear": "linear", "tiny": folder, "exact": "exact"}
        engines = {kind: DiffusersEngine(pipe, "random", preview=name) for kind, name in engines.items()}
    fit = timed(engines["linear"].preview)
    works = {"plain": lambda request: aside(plain, pipe, request)}
    works |= {kind: lambda request, kind=kind: list(engines[kind].frames(request))[-1].image for kind in KINDS}
    works["plain"](Request("a blue cat", 0, 1, 7.5, width=size, height=size))  # the first is always slower
    found = {name: [] for name in works}
    for number in range(rounds):
        request = Request("a blue cat", number, steps, 7.5, width=size, height=size)
        order = list(works) if number % 2 else list(reversed(works))
        pictures = {}
        for name in order:
            *seconds, pictures[name] = timed(works[name], request)
            found[name].append(seconds)
        if not all(np.array_equal(picture, pictures["plain"]) for picture in pictures.values()):
            raise AssertionError(f"watching changed the picture of {request}")
    weights = sum(one.numel() for one in pipe.unet.parameters()) / 1e6
    print(
        f"unet of {weights:.0f} M, {size} x {size}, {steps} steps, {rounds} rounds, {torch.get_num_threads()} threads"
    )
    print(f"fitting the linear map, once: {fit[0]:.1f} s of the processor")
    alone = np.array(found["plain"])
    for name in works:
        costs = 100 * (np.median(np.array(found[name]) / alone, axis=0) - 1)
        seconds = np.median(np.array(found[name]), axis=0)
        print(
            f"{name:7} {seconds[0]:7.1f} s of the processor {costs[0]:+7.1f} %   {seconds[1]:7.1f} s {costs[1]:+7.1f} %"
        )
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    main(**vars(parser.parse_args()))
