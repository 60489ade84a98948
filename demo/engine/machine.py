"""The machine that a model runs on: which part of it, in which dtype a graphics card computes, and whether it has room.

Knows folders of weights and torch's devices, nothing of runs. A CPU's dtype is tried and not looked up: precision.py.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path

import numpy as np
import psutil
import torch

from demo.engine.api import BadModel, BrokenRun

OFFLOADS = ("model", "sequential")
LENT = "lent"  # where a card comes later, for one run: opened as it wants it, and left on the CPU
BYTES = {torch.float32: 4, torch.float16: 2, torch.bfloat16: 2}
HEADROOM = 1.1  # times the weights, for what is computed with them
GIGABYTE = 1e9
MOST_HEADER = 100_000_000  # bytes, as the format itself has it
LOWER = "draw a smaller picture, close other programs, or choose a smaller model"
OFFLOAD = f"set DEMO_OFFLOAD to {' or '.join(OFFLOADS)}, which keeps on the card only what is in use"
CGROUP = Path("/sys/fs/cgroup")  # where a container on Linux says what it may have


def device() -> str:
    """The part of this machine that is quickest at it: "cuda", "mps" (Apple's), else "cpu"."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def loading_dtype(index: dict, where: str, wanted: str = "") -> torch.dtype:
    """In which dtype the pipeline of a model_index.json is opened on the device `where`.

    On a CPU float32 (what is tried there comes later). On a graphics card half precision: float16 for UNets that read
    with CLIP, bfloat16 for everything newer, whose numbers float16 has no room for (65504 is its largest): transformers
    with their joint attention, and T5 and the language models as readers.
    """
    if where == "cpu":
        return torch.float32
    if wanted:
        return getattr(torch, wanted)
    readers = [_class_of(part) for name, part in index.items() if name.startswith("text_encoder")]
    narrow = "unet" in index and all(reader.startswith("CLIP") for reader in readers if reader)
    return torch.float16 if narrow else torch.bfloat16


def place(pipe, where: str, offload: str = "") -> None:
    """Bring an opened pipeline to the device `where`, or let it go there part by part. Raises BadModel."""
    if where == "cpu" and offload != LENT:
        if offload:
            raise BadModel("DEMO_OFFLOAD is for graphics cards, and there is none here that could be used; unset it.")
        return
    vae = getattr(pipe, "vae", None)
    if getattr(getattr(vae, "config", None), "force_upcast", False):  # such autoencoders overflow in half precision
        vae.to(torch.float32)
    try:
        if offload == "model":
            pipe.enable_model_cpu_offload(device=where)
        elif offload == "sequential":
            pipe.enable_sequential_cpu_offload(device=where)
        elif offload != LENT:
            pipe.to(where)
    except (RuntimeError, ValueError) as error:
        if not out_of_memory(error):
            raise
        raise BadModel(
            f"The model does not fit into the memory of the graphics card: {OFFLOAD}, or {LOWER}."
        ) from error


def must_fit(folder: Path, dtype: torch.dtype, where: str, offload: str = "") -> None:
    """Raises BadModel before anything is loaded where a folder's or a file's weights are larger than what is free."""
    must_have_room(folder, sum(numbers(folder)), dtype, where, offload)


def must_have_room(model: Path | str, count: float, dtype: torch.dtype, where: str, offload: str = "") -> None:
    """Raises BadModel where `count` numbers of a model in `dtype` are larger than the memory that is free."""
    needed = HEADROOM * count * BYTES[dtype]
    if needed > (free := free_memory()):
        raise BadModel(_too_little(model, needed, free, "memory", LOWER.removeprefix("draw a smaller picture, ")))
    if where == "cuda" and not offload and needed > (free := torch.cuda.mem_get_info()[0]):
        raise BadModel(_too_little(model, needed, free, "memory on the graphics card", f"{OFFLOAD}, or {LOWER}"))


def numbers(folder: Path) -> Iterator[int]:
    """How many numbers the files of weights in a pipeline's folder hold, each as its own header says; or one file.

    A variant, "model.fp16.safetensors", counts where its part has no other files.
    """
    if folder.is_file():
        yield _numbers(folder)
        return
    for part in folder.iterdir():
        files = list(part.glob("*.safetensors"))
        for file in [one for one in files if "." not in one.stem] or files:
            yield _numbers(file)


def free_memory() -> int:
    """Bytes that a program may still take, within the limit of the container that it runs in."""
    free = psutil.virtual_memory().available
    try:
        limit, used = ((CGROUP / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return free
    return free if limit == "max" else min(free, max(0, int(limit) - int(used)))


def out_of_memory(error: BaseException) -> bool:
    """Whether this is how torch says that there is no memory left, on a card, on Apple's, or on a CPU."""
    text = str(error)
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        said in text for said in ("out of memory", "can't allocate memory", "not enough memory")
    )


@contextmanager
def memory_told(offload: str = "") -> Iterator[None]:
    """Whatever runs out of memory in here is a BrokenRun that says what to lower."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        more = "" if offload or device() == "cpu" else f"{OFFLOAD}, "
        raise BrokenRun(f"The machine ran out of memory in this run: {more}{LOWER}.") from error


class Carrier:
    """Brings a run's tensors to the CPU, and what is told of them one step later where that lets a card go on.

    On CUDA a copy into pinned memory runs beside the next step, which is begun before the last one is looked at. Else
    everything is done at once.
    """

    def __init__(self, where: str):
        self._late = where == "cuda"
        self._waiting: deque[Callable[[], None]] = deque()

    def off(self, tensor: torch.Tensor) -> Callable[[], np.ndarray]:
        """Begin to copy a tensor as it is now; what is returned gives it, float32, and waits for that if it must."""
        if not self._late or not tensor.is_cuda:
            landed = tensor.float().cpu().numpy().copy()
            return lambda: landed
        host = torch.empty(tensor.shape, dtype=torch.float32, pin_memory=True)
        host.copy_(tensor.float(), non_blocking=True)
        there = torch.cuda.Event()
        there.record()

        def land() -> np.ndarray:
            there.synchronize()
            return host.numpy().copy()

        return land

    def tell(self, work: Callable[[], None]) -> None:
        """Have `work` done now, or where copies take their time, at the next call."""
        self._waiting.append(work)
        while len(self._waiting) > self._late:
            self._waiting.popleft()()

    def finish(self) -> None:
        """Have done what still waits."""
        while self._waiting:
            self._waiting.popleft()()


def _numbers(file: Path) -> int:
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        header = opened.read(size) if size <= MOST_HEADER else b""
    try:
        told = json.loads(header)
        return sum(prod(one["shape"]) for name, one in told.items() if name != "__metadata__")
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0  # damaged: who opens it says so


def _class_of(part) -> str:
    return part[1] or "" if isinstance(part, list | tuple) and len(part) == 2 else ""


def _too_little(model: Path | str, needed: float, free: float, what: str, lower: str) -> str:
    return (
        f"The model {str(model)!r} needs about {needed / GIGABYTE:.1f} GB of {what}, and {free / GIGABYTE:.1f} GB are "
        f"free: {lower}."
    )
