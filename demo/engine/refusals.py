"""What is no model for this page, said in one sentence before a single weight is read.

Looks at a folder's files, a hub's answer and a pipeline's class; loads nothing, and runs no code that a model brings.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import diffusers
from safetensors import safe_open

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
INDEX = "model_index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
WEIGHTS = (".safetensors", *PICKLES)
LIBRARIES = ("diffusers", "transformers")
LORA = "a LoRA alone: give the model that it belongs to, and this as DEMO_LORA"


def refuse_folder(folder: Path) -> None:
    """Raises BadModel for a folder that cannot be opened as a pipeline of diffusers, or is none to watch."""
    names = [file.relative_to(folder).as_posix() for file in (*folder.glob("*"), *folder.glob("*/*")) if file.is_file()]
    refuse_names(f"The folder {str(folder)!r}", names, _made(folder / "config.json"))
    index = folder / INDEX
    try:
        parts = json.loads(index.read_text(encoding="utf-8"))
        refuse_index(str(folder), parts)
    except BadModel:
        raise
    except (ValueError, AttributeError, TypeError, OSError) as error:
        raise BadModel(f"{str(index)!r} is no index of a pipeline: it cannot be read as JSON of its parts.") from error
    refuse_cut(folder, [name for name in names if name.endswith(".safetensors")])


def refuse_names(which: str, names: list[str], made: str | None = None) -> None:
    """Raises BadModel where files of these `names` are no pipeline that may be opened; `which` says whose they are.

    `made` is the class that a config.json beside them names.
    """
    if INDEX not in names:
        raise BadModel(f"{which} {_instead(names, made)}.")
    for part in sorted({name.split("/")[0] for name in names if "/" in name}):
        weights = [name for name in names if name.startswith(f"{part}/") and name.endswith(WEIGHTS)]
        if weights and not any(name.endswith(".safetensors") for name in weights):
            raise BadModel(
                f"{which} has its weights as pickles ({weights[0]}), which can run code; only .safetensors are read "
                "here."
            )


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


def refuse_cut(folder: Path, names: list[str]) -> None:
    """Raises BadModel for a file of safetensors that is shorter than it says at its beginning: not fetched whole."""
    for name in names:
        try:
            with safe_open(folder / name, "np"):
                pass
        except Exception as error:  # the format's own error type is not a Python class that could be named
            raise BadModel(f"The weights {str(folder / name)!r} are cut short or damaged: fetch them again.") from error


def _made(config: Path) -> str | None:
    """The class that a config.json names, of diffusers or of transformers."""
    try:
        told = json.loads(config.read_text(encoding="utf-8"))
        return told.get("_class_name") or (told.get("architectures") or [None])[0]
    except (OSError, ValueError, AttributeError):
        return None


def _instead(names: list[str], made: str | None) -> str:
    """What files are that are no pipeline."""
    weights = [name.lower() for name in names if name.endswith(WEIGHTS)]
    if "adapter_config.json" in names or any("lora" in name for name in weights):
        return f"holds {LORA}"
    if made:
        kind = "a ControlNet" if "ControlNet" in made else f"one part, a {made}"
        return f"holds {kind} alone, not the pipeline around it ({INDEX})"
    if any(name.endswith(PICKLES) for name in weights):
        return f"holds pickles, which can run code, and no pipeline in diffusers' layout ({INDEX})"
    return f"is no model in diffusers' layout: it has no {INDEX}"
