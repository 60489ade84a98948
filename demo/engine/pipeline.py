"""Opens a diffusers pipeline, a folder or a hub id, and builds the scheduler that a run asks for.

Whatever is wrong with a model is said here, as BadModel in one sentence. Knows nothing of runs.
"""

from __future__ import annotations

import contextlib
import copy
import inspect
import json
import logging
import re
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers import (
    DDIMScheduler,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    UniPCMultistepScheduler,
)

from demo.engine.api import BadModel
from demo.run.trace import GUIDANCE, MAX_GUIDANCE, MIN_GUIDANCE, SCHEDULERS, between
from demo.tiny.folded import FoldedAutoencoder

CLASSES = {
    "ddim": DDIMScheduler,
    "euler": EulerDiscreteScheduler,
    "euler-ancestral": EulerAncestralDiscreteScheduler,
    "dpm++2m": DPMSolverMultistepScheduler,
    "unipc": UniPCMultistepScheduler,
}
PROJECT = Path(__file__).resolve().parents[2]


def find(model: str) -> Path | str:
    """The folder that `model` names, from here or from the project's own folder, else a hub id. Raises BadModel."""
    for folder in (Path(model).expanduser(), PROJECT / model):
        if model.strip() and folder.is_dir():
            return folder
    looks_local = Path(model).exists() or any((root / model).parent.is_dir() for root in (Path(), PROJECT))
    if looks_local or not re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        raise BadModel(
            f"There is no model folder {model!r}; give a folder in diffusers' layout or a hub id 'owner/name'."
        )
    return model


def open_pipeline(source: Path | str, stay: bool = False) -> DiffusionPipeline:
    """The pipeline of a folder (without the network) or a hub id, on the GPU if there is one. Raises BadModel.

    With `stay` it is what the GPU would have, left on the CPU.
    """
    on_gpu = torch.cuda.is_available()
    local = isinstance(source, Path)
    options = {"local_files_only": local, "dtype": torch.float32}
    parts = {}
    try:
        index = DiffusionPipeline.load_config(source, local_files_only=local)
        if "safety_checker" in index:
            parts |= {"safety_checker": None, "requires_safety_checker": False}
        with quiet():
            if FoldedAutoencoder.__name__ in index.get("vae", ()):  # our own class, which diffusers cannot look up
                parts["vae"] = FoldedAutoencoder.from_pretrained(source, subfolder="vae", **options)
            elif on_gpu:
                options["dtype"] = torch.float16
            pipe = DiffusionPipeline.from_pretrained(source, **parts, **options)
    except Exception as error:  # diffusers, transformers and safetensors each have their own ways to fail
        raise BadModel(f"The model {str(source)!r} cannot be opened: {_first_sentence(error)}") from error
    if not hasattr(pipe, "vae") or not hasattr(pipe, "scheduler"):
        raise BadModel(f"The model {str(source)!r} is a {type(pipe).__name__}, which has no latents to watch.")
    if on_gpu:
        pipe.to("cpu" if stay else "cuda")
        if getattr(pipe.vae.config, "force_upcast", False):  # such autoencoders overflow in half precision
            pipe.vae.to(torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@contextlib.contextmanager
def quiet():
    """No progress bars and no notes of the libraries while a model is read."""
    voices = (diffusers.utils.logging, transformers.utils.logging)
    before = [(voice, voice.get_verbosity(), voice.is_progress_bar_enabled()) for voice in voices]
    for voice in voices:
        voice.set_verbosity_error()
        voice.disable_progress_bar()
    try:
        yield
    finally:
        for voice, verbosity, bars in before:
            voice.set_verbosity(verbosity)
            if bars:
                voice.enable_progress_bar()


class Unsaid(logging.Filter):
    """Drops what the libraries say of a prompt that is too long: the page and the command line say it themselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a sentence that a visitor's prompt would put among the server's or the progress bar's lines."""
        text = str(record.msg)
        return "will result in indexing errors" not in text and "input was truncated because" not in text


for _library in ("diffusers", "transformers"):
    for _handler in logging.getLogger(_library).handlers:
        _handler.addFilter(Unsaid())


def read_vocabulary(source: Path | str) -> frozenset[str] | None:
    """The words that the model in a folder was trained on, lower case; None if it ships no vocabulary.json."""
    file = Path(source) / "vocabulary.json"
    if not isinstance(source, Path) or not file.is_file():
        return None
    try:
        return frozenset(word.casefold() for word in json.loads(file.read_text(encoding="utf-8"))["words"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadModel(
            f"{str(file)!r} is no vocabulary: it must be JSON with a list of words under 'words'."
        ) from error


def own_guidance(pipe, source: Path | str) -> float:
    """The guidance that a model is best run with, 1..20.

    What the folder's generation_config.json says under 'guidance_scale' (transformers' names for both), else the
    default of the pipeline's own call, brought within 1..20. Raises BadModel where the file is none or says no number.
    """
    file = Path(source) / "generation_config.json"
    try:
        told = json.loads(file.read_text(encoding="utf-8")) if isinstance(source, Path) and file.is_file() else {}
        if (value := told.get("guidance_scale")) is not None:
            return between("guidance_scale", value, MIN_GUIDANCE, MAX_GUIDANCE)
    except (ValueError, AttributeError) as error:
        numbers = f"{MIN_GUIDANCE:g} to {MAX_GUIDANCE:g}"
        raise BadModel(f"{str(file)!r} must be JSON with 'guidance_scale', a number from {numbers}.") from error
    value = getattr(inspect.signature(pipe.__call__).parameters.get("guidance_scale"), "default", None)
    return float(min(max(value, MIN_GUIDANCE), MAX_GUIDANCE)) if isinstance(value, int | float) else GUIDANCE


def offered_schedulers(pipe) -> dict[str, str]:
    """Key -> label of the schedulers that this model can run with; flow matching has only its own Euler here."""
    return {"euler": SCHEDULERS["euler"]} if _is_flow(pipe.scheduler) else dict(SCHEDULERS)


def new_scheduler(pipe, key: str):
    """A fresh scheduler for one run, with the noise schedule, spacing and prediction type of the pipeline's own."""
    own = pipe.scheduler
    if _is_flow(own) or (type(own) is CLASSES[key] and key != "dpm++2m"):
        return copy.deepcopy(own)
    config = dict(own.config)
    if key == "ddim":  # its default clips x0 to [-1, 1], which is meant for pixels
        return DDIMScheduler.from_config(config, clip_sample=config.get("clip_sample", False))
    if key == "dpm++2m":
        label = {"algorithm_type": "dpmsolver++", "solver_order": 2, "final_sigmas_type": "zero"}
        return DPMSolverMultistepScheduler.from_config(config, **label)
    return CLASSES[key].from_config(config)


def _is_flow(scheduler) -> bool:
    return type(scheduler).__name__.startswith("FlowMatch")


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return re.split(r"(?<=[.!?])\s", text)[0][:200].rstrip(".") + "."
