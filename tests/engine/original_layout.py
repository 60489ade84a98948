"""Stable Diffusion's weights under the names that CompVis gave them, as most checkpoints in one file have them.

The other way round from what diffusers' `from_single_file` reads; after its own conversion script.
"""

import re

import torch
from safetensors.torch import save_file

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
UNET = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def save(pipe, file) -> None:
    """Write the UNet, the autoencoder and the text encoder of a Stable Diffusion 1 pipeline to one file."""
    layers = pipe.unet.config.layers_per_block
    levels = len(pipe.vae.config.block_out_channels)
    tensors = {f"model.diffusion_model.{unet(name, layers)}": one for name, one in pipe.unet.state_dict().items()}
    for name, one in pipe.vae.state_dict().items():
        new = vae(name, levels)
        flat = "attn_1" in new and one.ndim == 2  # there a layer is a convolution of one pixel
        tensors[f"first_stage_model.{new}"] = one[..., None, None] if flat else one
    for name, one in pipe.text_encoder.state_dict().items():
        tensors[f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}"] = one
    save_file({name: torch.clone(one).contiguous() for name, one in tensors.items()}, file)


def unet(name: str, layers: int) -> str:
    """diffusers' name -> the original's; `layers` in each block."""
    if (top := name.rsplit(".", 1))[0] in UNET:
        return f"{UNET[top[0]]}.{top[1]}"
    block, at, kind, index, rest = re.fullmatch(r"(down|up|mid)_blocks?\.(?:(\d+)\.)?(\w+)\.(\d+)\.(.+)", name).groups()
    at, index = int(at or 0), int(index)
    if kind == "resnets":
        part, number = rest.rsplit(".", 1)
        rest = f"{RESNET[part]}.{number}"
    inner = 1 if kind == "attentions" else 0
    if block == "mid":
        return f"middle_block.{1 if inner else 2 * index}.{rest}"
    if kind == "downsamplers":
        return f"input_blocks.{(layers + 1) * (at + 1)}.0.op.{rest.removeprefix('conv.')}"
    if kind == "upsamplers":
        return f"output_blocks.{(layers + 1) * at + layers}.1.{rest}"  # behind a block without attention
    row = (layers + 1) * at + index
    return f"input_blocks.{row + 1}.{inner}.{rest}" if block == "down" else f"output_blocks.{row}.{inner}.{rest}"


def vae(name: str, levels: int) -> str:
    """The same of the autoencoder, of `levels` sizes."""
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.(\d)", lambda f: f"up.{levels - 1 - int(f[1])}.block.{f[2]}", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda f: f"up.{levels - 1 - int(f[1])}.upsample", name)
    if "mid_block.attentions.0." in name:
        name = name.replace("mid_block.attentions.0.", "mid.attn_1.")
        for new, old in ATTENTION.items():
            name = name.replace(f".attn_1.{new}.", f".attn_1.{old}.")
    return name
