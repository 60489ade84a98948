"""What is no model for this page, said in one sentence before a single weight is read.

Looks at a folder's files, a hub's answer and a pipeline's class; loads nothing, and runs no code that a model brings.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import diffusers

from demo.engine.api import BadModel
from demo.engine.families import PIPELINES
from demo.tiny.folded import FoldedAutoencoder

# What a pipeline must be given besides a prompt -> what it is for.
NEEDS = {
    "mask_image": "paints into a picture that it is given (inpainting)",
    "class_labels": "draws the class of a number, and reads no prompt",
    "num_frames": "makes videos",
    "video_length": "makes videos",
    "frames": "makes videos",
    "video": "makes videos",
    "audio_length_in_s": "makes sounds",
    "audio_end_in_s": "makes sounds",
    "audio": "makes sounds",
    "control_image": "draws after a picture that it is given",
    "image": "starts from a picture that it is given",
    "images": "starts from pictures that it is given",
}
WATCHABLE = "what can be watched is a model that goes from noise to a picture"
CODE = (".py",)
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
WEIGHTS = (".safetensors", *PICKLES)
LIBRARIES = ("diffusers", "transformers")


def refuse_folder(folder: Path) -> None:
    """Raises BadModel for a folder that cannot be opened as a pipeline of diffusers, or is none to watch."""
    index = folder / "model_index.json"
    if not index.is_file():
        raise BadModel(f"The folder {str(folder)!r} {_instead(folder)}.")
    try:
        parts = json.loads(index.read_text(encoding="utf-8"))
        refuse_index(str(folder), parts)
    except (ValueError, AttributeError, TypeError, OSError) as error:
        if isinstance(error, BadModel):
            raise
        raise BadModel(f"{str(index)!r} is no index of a pipeline: it cannot be read as JSON of its parts.") from error
    _refuse_files(folder, parts)


def refuse_index(model: str, index: dict) -> None:
    """Raises BadModel where the pipeline that `index` (model_index.json) names is none to watch, or brings its code."""
    name = index.get("_class_name")
    parts = {part: one for part, one in index.items() if isinstance(one, list) and not part.startswith("_")}
    if not isinstance(name, str) or any(_is_foreign(one) for one in parts.values()):
        raise BadModel(f"The model {model!r} brings code of its own, and code from a model is not run here.")
    if name in PIPELINES:
        return
    cls = getattr(diffusers, name, None)
    if cls is None:
        raise BadModel(f"The model {model!r} is a {name}, which the installed diffusers {diffusers.__version__} lacks.")
    raise BadModel(f"The model {model!r} is a {name}: it {_purpose(name, cls)}; {WATCHABLE}.")


def refuse_parts(pipe) -> None:
    """Raises BadModel where the parts of an opened pipeline do not fit together as those of a picture from noise."""
    vae, denoiser = getattr(pipe, "vae", None), getattr(pipe, "unet", None)
    drawn = getattr(getattr(vae, "config", None), "latent_channels", None)
    taken = getattr(getattr(denoiser, "config", None), "in_channels", None)
    if drawn and taken and drawn != taken:
        raise BadModel(
            f"Its denoiser takes {taken} channels where its autoencoder has {drawn}, as those do that paint into, "
            f"enlarge or follow a picture; {WATCHABLE}."
        )
    if vae is None and taken != 3:
        raise BadModel(f"Its pictures have {taken} channels, and only red, green and blue can be shown.")
    if getattr(getattr(denoiser, "config", None), "num_class_embeds", None):
        raise BadModel(f"Its denoiser is told a class beside the noise; {WATCHABLE}.")


def _purpose(name: str, cls) -> str:
    words = name.lower()
    if "upscale" in words or "superresolution" in words:
        return "enlarges pictures, which is what DEMO_UPSCALER is for"
    if "video" in words or "latte" in words:
        return "makes videos"
    if "audio" in words or "music" in words:
        return "makes sounds"
    asked = inspect.signature(cls.__call__).parameters if issubclass(cls, diffusers.DiffusionPipeline) else {}
    return next((what for need, what in NEEDS.items() if need in asked), "was never tried here")


def _is_foreign(part: list) -> bool:
    """Whether a part's class is none of the libraries'; a pipeline's own modules are named like "stable_diffusion"."""
    library, cls = [*part, None, None][:2]
    if library is None or library in LIBRARIES or cls == FoldedAutoencoder.__name__:
        return False
    return not hasattr(diffusers.pipelines, str(library))


def _refuse_files(folder: Path, index: dict) -> None:
    for part in (one for one in index if (folder / one).is_dir()):
        files = [file for file in (folder / part).iterdir() if file.suffix in WEIGHTS]
        if files and not any(file.suffix == ".safetensors" for file in files):
            raise BadModel(
                f"The weights in {str(folder / part)!r} are pickles ({files[0].name}), which can run code; only "
                ".safetensors are read here."
            )


def _instead(folder: Path) -> str:
    """What a folder is that holds no pipeline."""
    names = {file.name for file in folder.iterdir()}
    if "adapter_config.json" in names or any("lora" in name.lower() for name in names if name.endswith(WEIGHTS)):
        return "holds a LoRA alone: give the model that it belongs to, and this folder as DEMO_LORA"
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        made = config.get("_class_name") or (config.get("architectures") or [None])[0]
    except (OSError, ValueError, AttributeError):
        made = None
    if made:
        kind = "a ControlNet" if "ControlNet" in made else f"one part, a {made}"
        return f"holds {kind} alone, not the pipeline around it (model_index.json)"
    if any(name.endswith(PICKLES) for name in names):
        return "holds pickles, which can run code, and no pipeline in diffusers' layout (model_index.json)"
    return "is no model in diffusers' layout: it has no model_index.json"
