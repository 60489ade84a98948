"""Opens a diffusers pipeline: a folder, a checkpoint in one file, or a hub id.

Whatever is wrong with a model is said here, as BadModel in one sentence. Knows nothing of runs.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
import re
from pathlib import Path

import diffusers
import transformers
from diffusers import DiffusionPipeline

from demo.engine import machine, single_file
from demo.engine.api import BadModel
from demo.engine.lora import Lora, put_on
from demo.engine.refusals import WEIGHTS
from demo.engine.schedulers import stand_in
from demo.tiny.folded import FoldedAutoencoder

OF_A_PROMPT = ("will result in indexing errors", "input was truncated because", "clean_caption", "Beautiful Soup")
PROJECT = Path(__file__).resolve().parents[2]


def find(model: str) -> Path | str:
    """The folder or checkpoint that `model` names, from here or from the project's own folder, else a hub id.

    Raises BadModel.
    """
    for path in (Path(model).expanduser(), PROJECT / model):
        if model.strip() and (path.is_dir() or (path.is_file() and path.suffix.lower() in WEIGHTS)):
            return path
    looks_local = Path(model).exists() or any((root / model).parent.is_dir() for root in (Path(), PROJECT))
    if looks_local or not re.fullmatch(r"[\w.-]+/[\w.-]+", model):
        raise BadModel(
            f"There is no model folder {model!r}; give a folder in diffusers' layout, a .safetensors checkpoint, or a "
            "hub id 'owner/name'."
        )
    return model


def open_pipeline(
    source: Path | str, dtype: str = "", offload: str = "", lora: Lora | None = None
) -> DiffusionPipeline:
    """The pipeline of a folder or a file (without the network) or a hub id, on the GPU if there is one.

    dtype and offload are for graphics cards: see machine.py. Raises BadModel.
    """
    device = machine.device()
    local = isinstance(source, Path)
    layout = single_file.configuration(source) if local and source.is_file() else source
    parts = {}
    try:
        index = DiffusionPipeline.load_config(layout, local_files_only=local)
        if "safety_checker" in index and index["safety_checker"][0] is None:
            parts |= {"safety_checker": None, "requires_safety_checker": False}
        own = FoldedAutoencoder.__name__ in index.get("vae", ())  # our own class, which diffusers cannot look up
        options = {
            "local_files_only": local,
            "dtype": machine.loading_dtype(index, device, dtype or ("float32" if own else "")),
        }
        if local:
            machine.must_fit(source, options["dtype"], device, offload)
            if variant := _variant(layout, index):
                options["variant"] = variant
        with quiet():
            parts |= _left_out(layout, index)
            if local and (scheduler := stand_in(layout / "scheduler", index.get("scheduler"))) is not None:
                parts["scheduler"] = scheduler
            if own:
                parts["vae"] = FoldedAutoencoder.from_pretrained(source, subfolder="vae", **options)
            if layout is not source:
                pipe = single_file.opened(source, layout, index, options["dtype"], parts)
            else:
                pipe = DiffusionPipeline.from_pretrained(source, use_safetensors=True, **parts, **options)
            if lora is not None:
                put_on(pipe, lora)
    except BadModel:
        raise
    except Exception as error:  # diffusers, transformers and safetensors each have their own ways to fail
        raise BadModel(f"The model {str(source)!r} cannot be opened: {_first_sentence(error)}") from error
    machine.place(pipe, device, offload)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _left_out(source: Path | str, index: dict) -> dict[str, None]:
    """The parts that a pipeline wants and a folder does without, such as SD3's T5, the largest of its three readers."""
    cls = getattr(diffusers, str(index.get("_class_name")), None)
    if cls is None:
        return {}
    wanted = inspect.signature(cls.__init__).parameters
    absent = [part for part, one in index.items() if isinstance(one, list) and part in wanted and one[0] is None]
    gone = [part for part in ("text_encoder_3", "tokenizer_3") if part in index and isinstance(source, Path)]
    return dict.fromkeys([*absent, *(part for part in gone if not (source / part).is_dir())])


def _variant(folder: Path, index: dict) -> str | None:
    """ "fp16" where some part has no other weights, as in "diffusion_pytorch_model.fp16.safetensors"."""
    for part in index:
        files = (folder / part).glob("*.safetensors") if isinstance(index[part], list) else ()
        stems = [re.sub(r"-\d+-of-\d+", "", file.stem) for file in files]
        if stems and all("." in stem for stem in stems):
            return stems[0].split(".")[1]
    return None


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
    """Drops what the libraries say of each prompt: that it is too long is said by the page and the command line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """False for a sentence that a visitor's prompt would put among the server's or the progress bar's lines."""
        text = str(record.msg)
        return not any(said in text for said in OF_A_PROMPT)


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


def _first_sentence(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return re.split(r"(?<=[.!?])\s", text)[0][:200].rstrip(".") + "."
