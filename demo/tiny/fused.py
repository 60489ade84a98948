"""A quicker way through the denoiser on a CPU, for training alone; the numbers are the same.

Normalisation, the prompt's scale and shift, and the activation are a dozen passes over memory in PyTorch and most of a
training step where products are quick. Here they are two, in C (fused.c), compiled when first wanted.
"""

import ctypes
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import MethodType

import torch
from diffusers.models.attention_processor import AttnProcessor2_0
from diffusers.models.resnet import ResnetBlock2D
from torch import nn

FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-shared", "-fPIC")
WIDE = ("-mprefer-vector-width=512",) if platform.machine() == "x86_64" else ()  # others have no such option


@cache
def library() -> ctypes.CDLL | None:
    """fused.c, compiled for this machine; None where there is no compiler, and on Windows, which builds otherwise."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if not compiler or sys.platform == "win32":
        return None
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "fused.so"
        subprocess.run(
            [compiler, *FLAGS, *WIDE, str(Path(__file__).with_suffix(".c")), "-o", str(made), "-lm"], check=True
        )
        return ctypes.CDLL(str(made))


def _at(tensor: torch.Tensor) -> ctypes.c_void_p:
    return ctypes.c_void_p(tensor.data_ptr())


class _Normalised(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, v, groups: int, eps: float, act: bool):
        x = x.contiguous(memory_format=torch.channels_last)
        w, v = w.float().contiguous(), v.float().contiguous()
        y = torch.empty_like(x)
        mean, rstd = (torch.empty(len(x), groups) for _ in range(2))
        size = len(x), x.shape[2] * x.shape[3], x.shape[1], groups
        library().gn_forward(*map(_at, (x, w, v, y, mean, rstd)), *size, ctypes.c_float(eps), int(act))
        ctx.save_for_backward(x, w, v, mean, rstd)
        ctx.size, ctx.act = size, int(act)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, w, v, mean, rstd = ctx.saved_tensors
        dy = dy.to(x.dtype).contiguous(memory_format=torch.channels_last)
        dx, dw, dv = torch.empty_like(x), torch.empty_like(w), torch.empty_like(v)
        library().gn_backward(*map(_at, (dy, x, w, v, mean, rstd, dx, dw, dv)), *ctx.size, ctx.act)
        return dx, dw, dv, None, None, None


def normalised(
    x: torch.Tensor,
    norm: nn.GroupNorm,
    *,
    act: bool,
    scale: torch.Tensor | None = None,
    shift: torch.Tensor | None = None,
) -> torch.Tensor:
    """silu(norm(x) * (1 + scale) + shift), or without silu, of bfloat16 (B, C, H, W) and scale, shift (B, C)."""
    w, v = norm.weight.float(), norm.bias.float()
    if scale is None:
        w, v = (part.expand(len(x), -1) for part in (w, v))
    else:
        w, v = w * (1 + scale.float()), v * (1 + scale.float()) + shift.float()
    return _Normalised.apply(x, w, v, norm.num_groups, norm.eps, act)


def _block(self: ResnetBlock2D, x: torch.Tensor, temb: torch.Tensor) -> torch.Tensor:
    """What ResnetBlock2D.forward does with scale_shift, silu, no dropout and no resampling."""
    if not torch.is_autocast_enabled("cpu"):
        return ResnetBlock2D.forward(self, x, temb)
    told = self.time_emb_proj(nn.functional.silu(temb))
    scale, shift = told.chunk(2, dim=1)
    x = x.to(torch.bfloat16)
    y = self.conv1(normalised(x, self.norm1, act=True))
    y = self.conv2(normalised(y, self.norm2, act=True, scale=scale, shift=shift))
    return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + y


def _norm(self: nn.GroupNorm, x: torch.Tensor) -> torch.Tensor:
    if not torch.is_autocast_enabled("cpu") or x.ndim != 4:
        return nn.GroupNorm.forward(self, x)
    return normalised(x.to(torch.bfloat16), self, act=False)


class Attention:
    """diffusers' AttnProcessor for what this denoiser asks of it, its softmax in bfloat16 where products are."""

    def __call__(
        self,
        attn: torch.nn.Module,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: None = None,
    ) -> torch.Tensor:
        told = hidden_states if encoder_hidden_states is None else encoder_hidden_states
        given = attn.to_q(hidden_states), attn.to_k(told), attn.to_v(told)
        query, key, value = (attn.head_to_batch_dim(part) for part in given)
        scores = torch.baddbmm(query.new_empty(1), query * attn.scale, key.transpose(1, 2), beta=0)
        with torch.autocast("cpu", enabled=False):
            shares = scores.softmax(-1)
            seen = torch.bmm(shares, value)
        return attn.to_out[1](attn.to_out[0](attn.batch_to_head_dim(seen)))


def quicken(unet: nn.Module) -> None:
    """Let blocks, norms and attention take the quicker way, in place; `slow_down` undoes it. Nothing with no compiler.

    Without autocast to bfloat16 on a CPU they go diffusers' own way still.
    """
    if library() is None:
        return
    unet.set_attn_processor(Attention())
    for module in unet.modules():
        if isinstance(module, ResnetBlock2D):
            module.forward = MethodType(_block, module)
        elif isinstance(module, nn.GroupNorm):
            module.forward = MethodType(_norm, module)


def slow_down(unet: nn.Module) -> None:
    """Back to diffusers' own way."""
    unet.set_attn_processor(AttnProcessor2_0())
    for module in unet.modules():
        if isinstance(module, (ResnetBlock2D, nn.GroupNorm)):
            module.__dict__.pop("forward", None)
