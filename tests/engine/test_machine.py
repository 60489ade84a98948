from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from demo.engine import diffusers_engine, machine
from demo.engine.api import BadModel, BrokenRun
from demo.engine.machine import Carrier
from demo.run.trace import Request
from demo.settings import DEFAULT_MODEL, OFFLOADS

WITH_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA graphics card")
CLIP, T5 = ["transformers", "CLIPTextModel"], ["transformers", "T5EncoderModel"]
FAMILIES = {
    "SD": ({"unet": ["diffusers", "UNet2DConditionModel"], "text_encoder": CLIP}, torch.float16),
    "SDXL": (
        {
            "unet": ["diffusers", "UNet2DConditionModel"],
            "text_encoder": CLIP,
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        },
        torch.float16,
    ),
    "IF": ({"unet": ["diffusers", "UNet2DConditionModel"], "text_encoder": T5}, torch.bfloat16),
    "SD3": (
        {"transformer": ["diffusers", "SD3Transformer2DModel"], "text_encoder": CLIP, "text_encoder_3": [None, None]},
        torch.bfloat16,
    ),
    "Z-Image": (
        {"transformer": ["diffusers", "ZImageTransformer2DModel"], "text_encoder": ["transformers", "Qwen3Model"]},
        torch.bfloat16,
    ),
    "DDPM": ({"unet": ["diffusers", "UNet2DModel"]}, torch.float16),
}


class FakePipe:
    """Keeps what was asked of it; `full` is the device that has no room."""

    def __init__(self, full: str = "", force_upcast: bool = False):
        self.asked, self.full = [], full
        self.vae = SimpleNamespace(config=SimpleNamespace(force_upcast=force_upcast), to=self.asked.append)

    def to(self, where):
        if where == self.full:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        self.asked.append(where)

    def enable_model_cpu_offload(self, device):
        self.asked.append(("model", device))

    def enable_sequential_cpu_offload(self, device):
        self.asked.append(("sequential", device))


@pytest.mark.parametrize(("cuda", "mps", "chosen"), [(1, 1, "cuda"), (1, 0, "cuda"), (0, 1, "mps"), (0, 0, "cpu")])
def test_a_graphics_card_comes_before_apples_before_the_cpu(monkeypatch, cuda, mps, chosen):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: bool(mps))
    assert machine.device() == chosen


@pytest.mark.parametrize(("index", "half"), FAMILIES.values(), ids=FAMILIES)
def test_a_card_computes_in_the_half_precision_that_a_family_has_room_in(index, half):
    index = {"_class_name": "Some", "scheduler": ["diffusers", "DDIMScheduler"]} | index
    assert machine.loading_dtype(index, "cpu") == torch.float32
    assert machine.loading_dtype(index, "cuda") == machine.loading_dtype(index, "mps") == half
    assert machine.loading_dtype(index, "cuda", "float32") == torch.float32


@pytest.mark.parametrize(
    ("offload", "asked"), [("", "cuda"), ("model", ("model", "cuda")), ("sequential", ("sequential", "cuda"))]
)
def test_a_model_goes_to_the_card_whole_or_part_by_part(offload, asked):
    pipe = FakePipe(force_upcast=True)
    machine.place(pipe, "cuda", offload)
    assert pipe.asked == [torch.float32, asked]


def test_what_stays_on_the_cpu_stays_as_it_is():
    pipe = FakePipe(force_upcast=True)
    machine.place(pipe, "cpu")
    assert pipe.asked == []
    with pytest.raises(BadModel, match="DEMO_OFFLOAD is for graphics cards"):
        machine.place(pipe, "cpu", "model")


def test_a_card_without_room_is_a_sentence_that_says_what_to_do():
    with pytest.raises(BadModel, match=r"does not fit .* set DEMO_OFFLOAD to model or sequential"):
        machine.place(FakePipe(full="cuda"), "cuda")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 8 bytes."),
        MemoryError(),
    ],
)
def test_a_run_without_room_says_what_to_lower(error):
    with pytest.raises(BrokenRun, match="ran out of memory in this run: draw a smaller picture"), machine.memory_told():
        raise error


def test_the_settings_offer_what_there_is():
    assert OFFLOADS == machine.OFFLOADS


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shapes"), machine.memory_told():
        raise RuntimeError("shapes do not fit")


def test_a_run_without_room_on_a_card_may_be_offloaded(monkeypatch):
    monkeypatch.setattr(machine, "device", lambda: "mps")
    with pytest.raises(BrokenRun, match="run: set DEMO_OFFLOAD to"), machine.memory_told():
        raise MemoryError
    with pytest.raises(BrokenRun, match="run: draw a smaller"), machine.memory_told("model"):
        raise MemoryError


def test_the_size_of_a_model_is_read_from_its_files_headers(tmp_path, shipped):
    parts = [part for part in shipped._pipe.components.values() if isinstance(part, torch.nn.Module)]
    held = sum(tensor.numel() for part in parts for tensor in part.state_dict().values())
    assert sum(machine.numbers(DEFAULT_MODEL)) == pytest.approx(held, rel=0.01)
    (tmp_path / "unet").mkdir()
    save_file({"a": torch.zeros(3, 5), "b": torch.zeros(7)}, tmp_path / "unet" / "model.safetensors")
    save_file({"a": torch.zeros(3, 5)}, tmp_path / "unet" / "model.fp16.safetensors")
    assert sum(machine.numbers(tmp_path)) == 22
    (tmp_path / "unet" / "torn.safetensors").write_bytes(b"\x20" + bytes(20))
    assert sum(machine.numbers(tmp_path)) == 22


def test_a_model_that_is_too_large_is_refused_before_it_is_loaded(tmp_path, monkeypatch):
    (tmp_path / "unet").mkdir()
    save_file({"a": torch.zeros(1000, 100)}, tmp_path / "unet" / "model.safetensors")
    monkeypatch.setattr(machine, "free_memory", lambda: 430_000)
    with pytest.raises(BadModel, match=r"needs about 0\.0 GB of memory, and 0\.0 GB are free: close other programs"):
        machine.must_fit(tmp_path, torch.float32, "cpu")
    machine.must_fit(tmp_path, torch.bfloat16, "cpu")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (100_000, 10**9))
    with pytest.raises(BadModel, match="memory on the graphics card"):
        machine.must_fit(tmp_path, torch.float16, "cuda")
    machine.must_fit(tmp_path, torch.float16, "cuda", "model")


def test_a_container_has_what_its_limit_leaves(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    everything = machine.free_memory()
    assert everything > 0
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert machine.free_memory() == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.free_memory() > 10**6


def test_on_a_cpu_a_state_is_carried_at_once_and_as_it_was():
    carrier, told = Carrier("cpu"), []
    tensor = torch.arange(6.0).reshape(2, 3)
    land = carrier.off(tensor)
    tensor += 1
    carrier.tell(lambda: told.append(land()))
    assert len(told) == 1 and np.array_equal(told[0], [[0, 1, 2], [3, 4, 5]])
    carrier.finish()
    assert len(told) == 1


def test_where_copies_take_their_time_each_state_is_told_a_step_later():
    carrier, told = Carrier("cuda"), []
    for step in range(3):
        carrier.tell(lambda step=step: told.append(step))
        assert told == list(range(step))
    carrier.finish()
    assert told == [0, 1, 2]


def test_a_run_that_is_told_late_is_told_whole(engine, monkeypatch):
    request = Request("a blue cat", 7, 3, 2.0)
    at_once = list(engine.frames(request))
    monkeypatch.setattr(diffusers_engine, "Carrier", lambda where: Carrier("cuda"))
    late = list(engine.frames(request))
    assert [frame.sha256 for frame in late] == [frame.sha256 for frame in at_once]
    assert np.array_equal(late[-1].step.denoised, at_once[-1].step.denoised)


@WITH_A_GPU
def test_a_card_gives_what_it_held_when_it_was_asked():
    carrier = Carrier("cuda")
    tensor = torch.arange(6.0, device="cuda").half()
    land = carrier.off(tensor)
    tensor += 1
    assert np.array_equal(land(), np.arange(6.0, dtype=np.float32))
