"""What training and evaluation run on: a GPU where there is one, else the CPU; products in bf16 where that is quick."""

import torch


def device() -> torch.device:
    """The GPU that PyTorch would choose, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def mixed() -> torch.autocast:
    """Autocast to bfloat16 on `device()`, or to nothing where it has no bf16 units. A thread's own setting."""
    return torch.autocast(device().type, torch.bfloat16, enabled=has_bf16())


def has_bf16() -> bool:
    """Whether `device()` has units for bf16."""
    if device().type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    has = torch.cpu.get_capabilities()
    return any(has.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))  # the last is ARM's
