"""The forward process: a picture drowned in noise, and what the model makes of it, level by level.

The noise is mixed in by the scheduler's own `add_noise`. Told nothing, the model guesses the picture behind it. Told a
name, it says how likely what is drowned is under that name, as a diffusion classifier does (Li et al. 2023, arXiv
2303.16203), but with a difference that matters: theirs compares with the noise that hides the clean picture, and
whoever knows that noise knows the picture. Here what is classified is the drowned picture x_t itself. It is drowned
further, to x = r x_t + s e with r^2 = abar' / abar and s^2 = 1 - r^2, and the model is judged by how well it finds e,
the noise that was added to what everybody sees. Of all the noise n in x it expects that e is (s / sigma') n, for both
are Gaussian. Knows pipelines of Stable Diffusion's kind; nothing of games or pages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageOps

from demo.engine import latents
from demo.engine.api import Floats, Level, Pixels
from demo.engine.families import own_size
from demo.engine.levels import ZERO, predicted_picture
from demo.engine.schedulers import kind_of, new_scheduler
from demo.run.trace import BadRequest

LEVELS = 12
FAINTEST, CLEAREST = -34.0, 10.0  # decibels of signal to noise, power to power, at both ends
KEPT = 0.5  # r^2: so much of what is drowned is left where it is drowned further
PAIRS = 2  # of a noise and its opposite, which cancels what one of them gets right by chance
LARGE = 200_000_000  # weights of a denoiser with which a CPU would take minutes


def why_not(pipe) -> str | None:
    """None where pictures can be drowned and named by `pipe`, else why not, in one sentence."""
    name = type(pipe).__name__
    if name != "StableDiffusionPipeline" or not hasattr(getattr(pipe, "vae", None), "encode"):
        return (
            f"Only models of Stable Diffusion's first kind are asked here what is in a picture, and a {name} is none."
        )
    if kind_of(pipe.scheduler) != "diffusion":
        return f"The noise levels of a {type(pipe.scheduler).__name__} are others than those that are shown here."
    if pipe.unet.device.type == "cpu" and sum(weights.numel() for weights in pipe.unet.parameters()) > LARGE:
        return "This model would think for minutes about a picture on this machine, so it is not asked."
    return None


@torch.inference_mode()
def drown(pipe, image: Pixels, seed: int) -> tuple[Level, ...]:
    """`image` in the seed's noise, the noisiest first, and the guess with the empty prompt at each."""
    told = []
    bath = Bath(pipe, image, seed)
    nothing = bath.read([""])
    for at in bath.ladder:
        state = bath.state(at)
        guess = bath.guess(state, at, nothing)
        shown = latents.decode(pipe, torch.cat([state, guess]), "a drowned picture")
        left = float(bath.scheduler.alphas_cumprod[at])
        told.append(Level(float(at), math.sqrt(left), math.sqrt(1 - left), *shown))
    return tuple(told)


@torch.inference_mode()
def classify(pipe, image: Pixels, seed: int, prompts: Sequence[str]) -> Floats:
    """(levels, prompts): the mean squared error with which e is found in each state of `drown`, under each prompt.

    Its negative is, but for a factor and a constant, a term of the evidence lower bound of the state's likelihood.
    """
    bath = Bath(pipe, image, seed)
    words = bath.read(prompts)
    return torch.stack([bath.errors(at, words) for at in bath.ladder]).cpu().numpy()


class Bath:
    """One picture, the noise of one seed, and the levels that a pipeline's scheduler has for both.

    Raises BadRequest where pictures cannot be drowned for this pipeline.
    """

    def __init__(self, pipe, image: Pixels, seed: int):
        if (reason := why_not(pipe)) is not None:
            raise BadRequest(reason)
        self._pipe, self._device = pipe, getattr(pipe, "_execution_device", pipe.device)
        self.scheduler = new_scheduler(pipe, "ddim")
        self.ladder = ladder(self.scheduler.alphas_cumprod)
        picture = ImageOps.fit(Image.fromarray(image), own_size(pipe), Image.Resampling.LANCZOS)
        pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
        self.picture = latents.encode(pipe, pixels)
        self._dice = torch.Generator("cpu").manual_seed(seed)
        self.noise = self._drawn()

    def read(self, prompts: Sequence[str]) -> torch.Tensor:
        """(n, tokens, width): the prompts as the denoiser gets them."""
        return self._pipe.encode_prompt(list(prompts), self._device, 1, False)[0]

    def state(self, at: int) -> torch.Tensor:
        """(1, C, h, w): the drowned picture at a timestep."""
        return self.scheduler.add_noise(self.picture, self.noise, torch.tensor([at]))

    def guess(self, states: torch.Tensor, at: int, words: torch.Tensor) -> torch.Tensor:
        """The pictures that the model guesses behind `states`, both (n, C, h, w) in float32."""
        unet = self._pipe.unet
        output = unet(states.to(unet.dtype), at, encoder_hidden_states=words.to(unet.dtype))[0]
        self.scheduler.timesteps = torch.tensor([at])
        return predicted_picture(self.scheduler, 0, output[:, : states.shape[1]], states)

    def errors(self, at: int, words: torch.Tensor) -> torch.Tensor:
        """(prompts,): how badly the noise is found in which the state at a timestep is drowned further."""
        left = self.scheduler.alphas_cumprod.double()
        to = further_on(left, at)
        alpha, sigma, kept = math.sqrt(left[to]), math.sqrt(1 - left[to]), float(left[to] / left[at])
        drawn = torch.cat([self._drawn() for _ in range(PAIRS)])
        noise = torch.cat([drawn, -drawn]).repeat_interleave(len(words), 0)
        deeper = math.sqrt(kept) * self.state(at) + math.sqrt(1 - kept) * noise
        guess = self.guess(deeper, to, words.repeat(2 * PAIRS, 1, 1))
        found = math.sqrt(1 - kept) / sigma * (deeper - alpha * guess) / sigma
        return (found - noise).square().mean((1, 2, 3)).view(-1, len(words)).mean(0)

    def _drawn(self) -> torch.Tensor:
        return torch.randn(self.picture.shape, generator=self._dice).to(self.picture)


def ladder(left: torch.Tensor) -> list[int]:
    """Timesteps of a schedule abar_0, abar_1, ..., the noisiest first, evenly spaced in decibels of signal to noise.

    From FAINTEST to CLEAREST, or as far as the schedule goes and any of them can be drowned further.
    """
    left = left.double()
    lowest = float(left[left > ZERO].min()) / KEPT
    decibels = 10 * torch.log10(left / (1 - left))
    ends = max(FAINTEST, 10 * math.log10(lowest / (1 - lowest))), min(CLEAREST, float(decibels.max()))
    return [int((decibels - wanted).abs().argmin()) for wanted in torch.linspace(*ends, LEVELS)]


def further_on(left: torch.Tensor, at: int) -> int:
    """The timestep at which of the state at `at` there is about KEPT left."""
    return at + 1 + int((left[at + 1 :] / left[at] - KEPT).abs().argmin())
