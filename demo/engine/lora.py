"""A LoRA beside the model: small matrices that are added to its weights, `W + scale B A` (Hu et al. 2021, equation 3).

They are added once, when the model is opened, so a run costs nothing more, and whoever listens to a layer hears it as
it computes. Knows the files that people have; what their names mean in a pipeline is diffusers' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import DiffusionPipeline
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors import safe_open

from demo.engine.api import BadModel
from demo.engine.hub import lora_file
from demo.engine.refusals import PICKLES, refuse_cut

NAME = "pytorch_lora_weights.safetensors"  # as diffusers saves it
MATRIX = re.compile(r"[._]lora[._](?:A|B|up|down|linear_layer)\b")  # what follows a layer's name in a file


@dataclass(frozen=True)
class Lora:
    """A LoRA's file, how much of it is added, and what it is called on the page."""

    file: Path
    scale: float
    name: str

    def __str__(self) -> str:
        return f"the LoRA {self.name} at {self.scale:g}"


def find_lora(text: str) -> Lora:
    """The LoRA that DEMO_LORA names: a file, a folder or a hub id, "owner/name/file" too, and "@0.8" for its scale.

    Raises BadModel.
    """
    which, scale = text, 1.0
    if said := re.fullmatch(r"(.+)@(-?\d*\.?\d+)", text):
        which, scale = said[1], float(said[2])
    path = Path(which).expanduser()
    if path.suffix.lower() in PICKLES:
        raise BadModel(f"The LoRA {which!r} is a pickle, which can run code; only .safetensors are read here.")
    if path.is_dir():
        return Lora(_in_folder(path), scale, path.resolve().name)
    if path.is_file():
        refuse_cut(path.parent, [path.name])
        return Lora(path, scale, path.stem)
    if (path.parent.is_dir() and path.parent != Path()) or not re.fullmatch(r"[\w.-]+/[\w.-]+(/[\w./-]+)?", which):
        raise BadModel(f"There is no LoRA {which!r}; give a .safetensors file, a folder that holds one, or a hub id.")
    return Lora(lora_file(which), scale, which.removesuffix(".safetensors"))


def put_on(pipe: DiffusionPipeline, lora: Lora) -> None:
    """Add a LoRA to the weights of `pipe`, which is on no card yet. Raises BadModel where it does not fit."""
    name = type(pipe).__name__
    if not hasattr(pipe, "load_lora_weights"):
        raise BadModel(f"No LoRA can be added to a {name}: unset DEMO_LORA.")
    wanted = {MATRIX.split(key)[0] for key in _keys(lora.file) if MATRIX.search(key)}
    if not wanted:
        raise BadModel(f"The file {str(lora.file)!r} holds no LoRA.")
    try:
        folder = {"weight_name": lora.file.name, "use_safetensors": True, "local_files_only": True}
        pipe.load_lora_weights(str(lora.file.parent), adapter_name="lora", **folder)
    except Exception as error:  # diffusers and peft each have their own ways to fail
        raise BadModel(f"The LoRA {lora.name!r} does not fit this model, a {name}: it was made for another.") from error
    if (there := sum(_layers(part) for part in pipe.components.values())) < len(wanted):
        raise BadModel(
            f"The LoRA {lora.name!r} does not fit this model, a {name}: of its {len(wanted)} layers {there} are in it."
        )
    try:
        pipe.fuse_lora(lora_scale=lora.scale, safe_fusing=True)
    except ValueError as error:
        raise BadModel(f"The LoRA {lora.name!r} has numbers that are not finite: fetch it again.") from error
    pipe.unload_lora_weights()


def _in_folder(folder: Path) -> Path:
    files = sorted(folder.glob("*.safetensors"))
    file = next((one for one in files if one.name == NAME), files[0] if len(files) == 1 else None)
    if file is None and not files and any(one.suffix in PICKLES for one in folder.iterdir()):
        raise BadModel(f"The LoRA {str(folder)!r} is a pickle, which can run code; only .safetensors are read here.")
    if file is None:
        raise BadModel(f"The folder {str(folder)!r} holds {len(files)} .safetensors; name the one that is the LoRA.")
    refuse_cut(folder, [file.name])
    return file


def _keys(file: Path) -> list[str]:
    with safe_open(file, "np") as opened:
        return list(opened.keys())


def _layers(part: object) -> int:
    """The layers of a part to which something is added."""
    return sum(isinstance(one, BaseTunerLayer) for one in part.modules()) if isinstance(part, torch.nn.Module) else 0
