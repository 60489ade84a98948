"""Who moves which weights: Muon turns a network's matrices and convolutions, AdamW everything else.

Muon (Jordan et al. 2024) gives every direction of a weight matrix the same step. On two cores it reached in three
minutes a loss of 0.481 where AdamW reached 0.523.
"""

from collections.abc import Iterator

import torch
from torch import nn

from .machine import has_bf16

WARMUP = 150  # steps
FALL = 0.3  # of the training
PLAIN = ("conv_in", "conv_out", "linear_in", "linear_out", "add_embedding", "norm")  # ends and norms are not Muon's


def as_matrix(weight: torch.Tensor) -> torch.Tensor:
    """(out, in) as it is; (out, in, k, k) in channels_last as (out, k * k * in). Shares its memory with `weight`."""
    return weight if weight.ndim == 2 else weight.permute(0, 2, 3, 1).flatten(1)


class Float32Muon(torch.optim.Muon):
    """PyTorch's Muon, which turns in bf16, in float32: without bf16 units it is twenty times as quick, and exacter.

    Knows `match_rms_adamw` and Nesterov's momentum alone.
    """

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                kept = self.state[weight].setdefault("momentum_buffer", torch.zeros_like(weight.grad))
                kept.lerp_(weight.grad, 1 - group["momentum"])
                turned = _turned(weight.grad.lerp(kept, group["momentum"]), group)
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(turned, alpha=-0.2 * group["lr"] * max(weight.shape) ** 0.5)


def _turned(slope: torch.Tensor, group: dict) -> torch.Tensor:
    """A matrix with all its singular values made about 1, by Newton and Schulz's iteration (Jordan et al. 2024)."""
    a, b, c = group["ns_coefficients"]
    wide = slope if len(slope) <= slope.shape[1] else slope.T
    wide = wide / wide.norm().clamp(min=group["eps"])
    for _ in range(group["ns_steps"]):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide if len(slope) <= slope.shape[1] else wide.T


class Optimizers:
    """All optimizers of a network behind one `step`; `beside` are networks that AdamW moves alone, and their rates.

    Muon's rate is `turn` times the `rate` of AdamW; both fall over the last share `fall` of the training.
    """

    def __init__(
        self,
        network: nn.Module,
        rate: float,
        beside: dict[nn.Module, float] | None = None,
        turn: float = 1.0,
        shares: int = 2,
        fall: float = FALL,
    ):
        self.fall = fall
        turned = {n: p for n, p in network.named_parameters() if p.ndim in (2, 4) and not any(k in n for k in PLAIN)}
        others = [p for n, p in network.named_parameters() if n not in turned]
        self.matrices = [(p, nn.Parameter(as_matrix(p.data))) for p in turned.values()]
        if any(whole.data_ptr() != flat.data_ptr() for whole, flat in self.matrices):
            raise ValueError("convolutions have to be in channels_last memory format")
        adamw = {"weight_decay": 0.01, "betas": (0.9, 0.99)}
        muon = {"weight_decay": 0.01, "adjust_lr_fn": "match_rms_adamw"}
        self.rated = [(torch.optim.AdamW(others, lr=rate, **adamw), rate)]
        for other, its in (beside or {}).items():
            self.rated += [(torch.optim.AdamW(other.parameters(), lr=its, **adamw), its)]
        faster = turn * rate
        kind = torch.optim.Muon if has_bf16() else Float32Muon
        self.rated += [(kind(part, lr=faster, **muon), faster) for part in self._shared_out(shares)]

    def _shared_out(self, shares: int) -> Iterator[list[nn.Parameter]]:
        """The matrices in `shares` parts of about equal work."""
        heavy_first = sorted((flat for _, flat in self.matrices), key=lambda m: -m.numel() * min(m.shape))
        yield from (part for start in range(shares) if (part := heavy_first[start::shares]))

    def step(self, done: float, count: int, pool) -> None:
        """Move the weights along their gradients; `done` [0, 1] of the training, `count` steps before this one."""
        for whole, flat in self.matrices:
            flat.grad = None if whole.grad is None else as_matrix(whole.grad.contiguous(memory_format=_layout(whole)))
        for optimizer, rate in self.rated:
            falling(optimizer, rate, count, done, self.fall)
        for stepping in [pool.submit(optimizer.step) for optimizer, _ in self.rated]:
            stepping.result()

    def state_dict(self) -> dict:
        return {"optimizers": [optimizer.state_dict() for optimizer, _ in self.rated]}

    def load_state_dict(self, saved: dict) -> None:
        for (optimizer, _), state in zip(self.rated, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)


def _layout(weight: torch.Tensor) -> torch.memory_format:
    return torch.channels_last if weight.ndim == 4 else torch.contiguous_format


def falling(optimizer: torch.optim.Optimizer, rate: float, step: int, done: float, fall: float = FALL) -> None:
    """Warm up over 150 steps, stay, and fall in a line to 3 % over the last share `fall` of the training.

    A training that is given more time afterwards goes on as if it had had it from the start, which a cosine does not.
    """
    now = rate * min(1, (step + 1) / WARMUP) * max(0.03, min(1, (1 - done) / fall))
    for group in optimizer.param_groups:
        group["lr"] = now
