"""In which numbers a denoiser computes on a CPU: float32, or bfloat16 where that is quicker and shows the same picture.

bfloat16 has float32's range and eight of its bits. Processors that multiply it directly are up to twice as quick with
it, others a hundred times slower, and no list says which is which: so it is tried, on the model's own layers and then
on a picture, and the outcome is remembered for this machine and these weights. The denoiser alone changes; the state,
the scheduler, the text encoder and the decoder stay in float32.
"""

from __future__ import annotations

import copy
import inspect
import math
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from diffusers.utils import BaseOutput
from torch import nn

from demo.engine.api import BadModel
from demo.engine.door import DENOISERS
from demo.engine.remembered import fingerprint, remembered

FASTER = 1.3  # times as quick as float32, at least
ALIKE = 40.0  # decibels between both pictures, at least (peak signal-to-noise ratio)
SAME = 99.0  # decibels said of pictures that are equal
ON_A_CPU = ("float32", "bfloat16")
STEPS = 4
PIXELS = 256  # the longest side of the picture that is tried
ROWS = 256  # places of a layer that are tried; enough to keep its multiplications busy
TRIES = 3
PROMPT = "a red house beside a blue lake"


def denoiser(pipe) -> nn.Module | None:
    """The unet or transformer of a pipeline; None where it has neither."""
    return next((part for name in DENOISERS if (part := getattr(pipe, name, None)) is not None), None)


def dtype_of(pipe) -> str:
    """The dtype that a pipeline's denoiser computes in, by its name in torch: "float32"."""
    return str((denoiser(pipe) or pipe).dtype).removeprefix("torch.")


def settle(pipe, folder: Path | None, wanted: str = "") -> None:
    """Bring the denoiser of a pipeline in float32, on a CPU, to `wanted`, or to what suits this machine.

    The trial takes a few steps, once for a machine and a model if there is a `folder` to remember it in. Raises
    BadModel where `wanted` is neither float32 nor bfloat16.
    """
    if wanted not in ("", *ON_A_CPU):
        raise BadModel(f"On a CPU a model computes in {' or '.join(ON_A_CPU)}, not in {wanted}: set DEMO_DTYPE to one.")
    if not wanted and _can_be_tried(pipe):
        name = f"precision-{fingerprint(denoiser(pipe), *machine())}"
        found = remembered(folder, name, lambda: trial(pipe))
        wanted = "bfloat16" if suits(found["faster"], found["decibels"]) else "float32"
    network = denoiser(pipe)
    if wanted == "bfloat16" and network is not None:
        narrow(network)


def suits(faster: float, decibels: float | None) -> bool:
    """Whether bfloat16 is worth it: so many times as quick, and its picture as near as that (None: not looked at)."""
    return faster >= FASTER and decibels is not None and decibels >= ALIKE


def machine() -> tuple:
    """What the speed of a dtype depends on besides the model."""
    processor = (platform.node(), platform.machine(), torch.backends.cpu.get_cpu_capability())
    return (*processor, torch.get_num_threads(), torch.__version__)


def trial(pipe) -> dict:
    """{"faster", "decibels"}: how many times as quick bfloat16 is, and how near its picture comes to float32's.

    decibels is None where the layers alone say that bfloat16 is not quick enough, so that no picture is waited for.
    """
    network = denoiser(pipe)
    with heaviest(network) as layers:
        picture, seconds = _drawn(pipe, network)
    faster = _layers_faster(layers)
    if faster < FASTER:
        return {"faster": faster, "decibels": None}
    with narrowed(network):
        other, quicker = _drawn(pipe, network)
    return {"faster": seconds / quicker, "decibels": decibels(picture, other)}


def decibels(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 pictures; SAME where they are equal."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return SAME if error == 0 else min(SAME, 10 * math.log10(255**2 / error))


@dataclass
class Layers:
    """Of each kind of layer the one with the most multiplications, with some of what it was given."""

    found: dict[type, tuple[float, nn.Module, torch.Tensor]] = field(default_factory=dict)

    def hear(self, module: nn.Module, given: tuple, output: torch.Tensor) -> None:
        """A hook of `module`."""
        work = output.numel() * module.weight[0].numel()
        if work > self.found.get(type(module), (0.0,))[0]:
            side = math.isqrt(ROWS)
            some = given[0][:1, :, :side, :side] if isinstance(module, nn.Conv2d) else given[0].flatten(0, -2)[:ROWS]
            self.found[type(module)] = work, module, some.detach().clone()


@contextmanager
def heaviest(network: nn.Module) -> Iterator[Layers]:
    """The heaviest layers of what `network` does meanwhile."""
    layers = Layers()
    kinds = (nn.Linear, nn.Conv2d)
    hooks = [one.register_forward_hook(layers.hear) for one in network.modules() if type(one) in kinds]
    try:
        yield layers
    finally:
        for hook in hooks:
            hook.remove()


def narrow(network: nn.Module) -> list:
    """Make `network` compute in bfloat16, while it is given and gives float32; the hooks that see to it."""
    nn.Module.to(network, torch.bfloat16)  # not diffusers' own, which warns of layers that we have asked about
    return [
        network.register_forward_pre_hook(_given, with_kwargs=True),
        network.register_forward_hook(lambda _module, _given, output: cast(output, torch.float32)),
    ]


@contextmanager
def narrowed(network: nn.Module) -> Iterator[None]:
    """`narrow`, undone at the end, to the bit."""
    kept = [(tensor, tensor.data) for tensor in (*network.parameters(), *network.buffers())]
    hooks = narrow(network)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for tensor, data in kept:
            tensor.data = data


def cast(value, dtype: torch.dtype):
    """`value` with every floating tensor in it of two and more axes as `dtype`; time steps have fewer, and stay."""
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.is_floating_point() and value.ndim > 1 else value
    if isinstance(value, BaseOutput):
        return type(value)(**{name: cast(one, dtype) for name, one in value.items()})
    if isinstance(value, dict):  # positions stay too: beyond 256 bfloat16 has no room for whole numbers
        return {name: one if name.endswith("ids") else cast(one, dtype) for name, one in value.items()}
    return type(value)(cast(one, dtype) for one in value) if isinstance(value, list | tuple) else value


def _given(_module, given: tuple, named: dict) -> tuple[tuple, dict]:
    return cast(given, torch.bfloat16), cast(named, torch.bfloat16)


@torch.inference_mode()
def _drawn(pipe, network: nn.Module) -> tuple[np.ndarray, float]:
    """A picture of STEPS steps, and the seconds of the quickest call of the denoiser on its way."""
    began, calls = [], []
    hooks = [
        network.register_forward_pre_hook(lambda *_: began.append(time.perf_counter())),
        network.register_forward_hook(lambda *_: calls.append(time.perf_counter() - began.pop())),
    ]
    pipe = copy.copy(pipe)
    pipe.scheduler = copy.deepcopy(pipe.scheduler)
    try:
        seeded = torch.Generator().manual_seed(0)
        images = pipe(prompt=PROMPT, num_inference_steps=STEPS, generator=seeded, **_size(pipe)).images
    finally:
        for hook in hooks:
            hook.remove()
    return np.asarray(images[0]), min(calls)


def _can_be_tried(pipe) -> bool:
    """Whether there is a denoiser that may be narrowed as a whole, in a pipeline that draws what it is told."""
    network = denoiser(pipe)
    if network is None or getattr(network, "_keep_in_fp32_modules", None):
        return False
    return "prompt" in inspect.signature(pipe.__call__).parameters


def _size(pipe) -> dict[str, int]:
    """Width and height for the trial where the pipeline's own are larger than PIXELS; nothing where they suit it."""
    own = getattr(getattr(denoiser(pipe), "config", None), "sample_size", None)
    takes = {"width", "height"} <= set(inspect.signature(pipe.__call__).parameters)
    if not takes or (isinstance(own, int) and own * getattr(pipe, "vae_scale_factor", 8) <= PIXELS):
        return {}
    return {"width": PIXELS, "height": PIXELS}


@torch.inference_mode()
def _layers_faster(layers: Layers) -> float:
    """How many times as quick the layers are in bfloat16, all together."""
    seconds = {torch.float32: 0.0, torch.bfloat16: 0.0}
    for _work, layer, given in layers.found.values():
        weights = {
            dtype: [one if one is None else one.to(dtype) for one in (layer.weight, layer.bias)] for dtype in seconds
        }
        for dtype in seconds:
            seconds[dtype] += min(_once(layer, given.to(dtype), *weights[dtype]) for _ in range(TRIES))
    return seconds[torch.float32] / max(seconds[torch.bfloat16], 1e-9)


def _once(layer: nn.Module, given: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> float:
    began = time.perf_counter()
    if isinstance(layer, nn.Conv2d):
        nn.functional.conv2d(given, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)
    else:
        nn.functional.linear(given, weight, bias)
    return time.perf_counter() - began
