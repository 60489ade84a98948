"""A checkpoint in one file, as most people have theirs: which model it is, and the configuration that goes with it.

Such a file holds weights alone. What its parts are (JSON and tokenizers, in diffusers' layout) is read beside it, from
huggingface_hub's cache, or from the hub, in that order. Nothing but the shapes of the weights is looked at here.
"""

from __future__ import annotations

import re
from pathlib import Path

import diffusers
import torch
from diffusers import DiffusionPipeline
from diffusers.loaders.single_file_utils import CHECKPOINT_KEY_NAMES, fetch_diffusers_config
from safetensors import safe_open

from demo.engine.api import BadModel
from demo.engine.hub import layout_of
from demo.engine.refusals import INDEX, LORA, PICKLES, refuse_cut, refuse_index

# Names of files whose weights look like another model's, but step by a scheduler of their own -> whose layout it is.
LIKE = ((r"sd-?xl-turbo", "stabilityai/sdxl-turbo"), (r"sd-turbo", "stabilityai/sd-turbo"))


def refuse_file(file: Path) -> None:
    """Raises BadModel for a file that is no checkpoint of a model to watch."""
    if file.suffix.lower() in PICKLES:
        raise BadModel(
            f"The checkpoint {str(file)!r} is a pickle, which can run code; only .safetensors are read here."
        )
    refuse_cut(file.parent, [file.name])
    if any("lora_" in name or ".lora." in name for name in shapes(file)):
        raise BadModel(f"The file {str(file)!r} holds {LORA}.")
    configuration(file)


def configuration(file: Path) -> Path:
    """The folder that says what the parts of a checkpoint are: beside it, else the hub's. Raises BadModel."""
    beside = (file.parent, file.with_suffix(""))
    folder = next((one for one in beside if (one / INDEX).is_file()), None) or layout_of(_kind(file), str(file))
    refuse_index(str(file), DiffusionPipeline.load_config(folder, local_files_only=True))
    return folder


def opened(file: Path, layout: Path, index: dict, dtype: torch.dtype, parts: dict) -> DiffusionPipeline:
    """The pipeline of a checkpoint, whose `layout` has the model_index.json `index`; `parts` are taken as they are."""
    cls = getattr(diffusers, index["_class_name"])
    if not hasattr(cls, "from_single_file"):
        raise BadModel(f"The checkpoint {str(file)!r} is of a {cls.__name__}, which is read from a folder alone.")
    # A checkpoint has no safety checker in it.
    unchecked = {"safety_checker": None, "requires_safety_checker": False} if "safety_checker" in index else {}
    return cls.from_single_file(str(file), config=str(layout), local_files_only=True, dtype=dtype, **parts | unchecked)


def shapes(file: Path) -> dict[str, torch.Tensor]:
    """Name -> a tensor of that shape without numbers, for each tensor of a file of safetensors."""
    with safe_open(file, "pt") as tensors:
        names = list(tensors.keys())
        return {name: torch.empty(tensors.get_slice(name).get_shape(), device="meta") for name in names}


def _kind(file: Path) -> str:
    """The hub id of the model whose layout a checkpoint has, by its name and its tensors. Raises BadModel."""
    name = file.stem.lower().replace("_", "-")
    if (known := next((model for like, model in LIKE if re.search(like, name)), None)) is not None:
        return known
    tensors = shapes(file)
    kind = fetch_diffusers_config(tensors)["pretrained_model_name_or_path"]
    # What diffusers does not know it takes for a Stable Diffusion 1.
    if "stable-diffusion-v1-5" in kind and CHECKPOINT_KEY_NAMES["inpainting"] not in tensors:
        raise BadModel(f"The file {str(file)!r} holds no whole model that is known here.")
    return kind
