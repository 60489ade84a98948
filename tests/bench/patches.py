"""What word maps cost on transformers: `python tests/bench/patches.py [--rounds 6]`.

PixArt-Sigma, SD3 and FLUX.1 at their own widths with random weights, on this machine's CPU: seconds depend on shapes,
not on what the weights say. They have fewer layers than the real ones, so the share that is told is more than theirs:
at most four layers are heard, however many there are. In every round one pass of the denoiser with its words heard and
taken, and one without, in an order that alternates; both must say the same.
"""

import argparse
import contextlib
import sys
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    FluxPipeline,
    FluxTransformer2DModel,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from watched import interval

from demo.engine.attention import MOST_PLACES
from demo.engine.patches import PatchListener

SIDE = 64  # latents, 512 pixels


def pixart():
    """14 layers of 28."""
    transformer = PixArtTransformer2DModel(
        sample_size=SIDE,
        num_layers=14,
        caption_channels=4096,
        cross_attention_dim=1152,
        use_additional_conditions=False,
    )
    asked = {
        "hidden_states": torch.randn(2, 4, SIDE, SIDE),
        "encoder_hidden_states": torch.randn(2, 300, 4096),
        "encoder_attention_mask": torch.ones(2, 300),
        "timestep": torch.tensor([500, 500]),
        "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
    }
    return PixArtSigmaPipeline, transformer, asked


def sd3():
    """12 layers of 24."""
    transformer = SD3Transformer2DModel(
        sample_size=128, num_layers=12, num_attention_heads=24, in_channels=16, caption_projection_dim=1536
    )
    asked = {
        "hidden_states": torch.randn(2, 16, SIDE, SIDE),
        "encoder_hidden_states": torch.randn(2, 77 + 256, 4096),
        "pooled_projections": torch.randn(2, 2048),
        "timestep": torch.tensor([500, 500]),
    }
    return StableDiffusion3Pipeline, transformer, asked


def flux():
    """5 double layers of 19, 2 single ones of 38."""
    transformer = FluxTransformer2DModel(num_layers=5, num_single_layers=2, guidance_embeds=True)
    patches = (SIDE // 2) ** 2
    asked = {
        "hidden_states": torch.randn(1, patches, 64),
        "encoder_hidden_states": torch.randn(1, 512, 4096),
        "pooled_projections": torch.randn(1, 768),
        "timestep": torch.tensor([0.5]),
        "guidance": torch.tensor([3.5]),
        "img_ids": torch.zeros(patches, 3),
        "txt_ids": torch.zeros(512, 3),
    }
    return FluxPipeline, transformer, asked


def one_pass(pipe, asked: dict, heard: bool) -> tuple[float, torch.Tensor]:
    """Seconds of one pass, its maps taken where they are heard, and what it said."""
    listener = PatchListener(pipe, MOST_PLACES)
    with listener.listening() if heard else contextlib.nullcontext():
        began = time.perf_counter()
        said = pipe.transformer(**asked, return_dict=False)[0]
        if heard and listener.take(SIDE, SIDE) is None:
            raise AssertionError("nothing was heard")
        return time.perf_counter() - began, said


@torch.no_grad()
def cost(made, rounds: int) -> tuple[float, float, float]:
    """Median and interval of heard / unheard; raises where hearing changed what was said."""
    torch.manual_seed(0)
    kind, transformer, asked = made()
    pipe = kind(transformer=transformer.eval(), scheduler=None, **dict.fromkeys(missing(kind)))
    one_pass(pipe, asked, True)
    ratios = []
    for turn in range(rounds):
        found = {heard: one_pass(pipe, asked, heard) for heard in ((True, False) if turn % 2 else (False, True))}
        if not torch.equal(found[True][1], found[False][1]):
            raise AssertionError(f"hearing changed what {kind.__name__} said")
        ratios.append(found[True][0] / found[False][0])
    return interval(np.array(ratios))


def missing(kind) -> set[str]:
    """The parts of a pipeline that this does without."""
    return set(kind._get_signature_types()) - {"transformer", "scheduler"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    rounds = parser.parse_args().rounds
    for made in (pixart, sd3, flux):
        print("{:<8} heard / unheard  {:.3f}   [{:.3f}, {:.3f}]".format(made.__name__, *cost(made, rounds)), flush=True)
