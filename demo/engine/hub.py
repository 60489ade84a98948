"""What lies on the Hugging Face hub, on this machine: looked at first, then fetched, or taken from the cache.

What is wrong is said within seconds and before anything large is fetched. The token is huggingface_hub's own, from
HF_TOKEN or `hf auth login`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from diffusers import DiffusionPipeline
from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from demo.engine import machine
from demo.engine.api import BadModel
from demo.engine.refusals import INDEX, refuse_index, refuse_names

PATIENCE = 3.0  # seconds for each of two questions
LAYOUT = ("*.json", "*.txt", "*.model")  # of a pipeline, without its weights


def fetched(model: str, dtype: str = "", offload: str = "") -> Path:
    """The folder of the hub's `model`, "owner/name". Raises BadModel; dtype and offload: see machine.py.

    Where the hub cannot be reached it is the copy that an earlier start left in huggingface_hub's cache.
    """
    try:
        with _told(model):
            sizes = _sizes(model)
            refuse_names(f"The model {model!r}", list(sizes))
            index = _read(f"{constants.ENDPOINT}/{model}/resolve/main/{INDEX}")
    except Unreachable:  # with what is here already it may do all the same
        return _cached(model)
    refuse_index(model, index)
    weights, half = _weights([name for name in sizes if name.split("/")[0] in index])
    device = machine.device()
    # A number is four bytes in its file at the most, so there are no fewer than this.
    count = sum(sizes[name] for name in weights) / (2 if half else 4)
    machine.must_have_room(model, count, machine.loading_dtype(index, device, dtype), device, offload)
    return _whole(model, half)


def layout_of(model: str, whose: str) -> Path:
    """The hub's `model` without its weights, a few megabytes, which the checkpoint `whose` goes with.

    Raises BadModel where it is neither in huggingface_hub's cache nor to be had from the hub.
    """
    if (folder := _here(model, LAYOUT)) is not None:
        return folder
    try:
        with _told(model):
            _sizes(model)  # says within seconds whether there is a hub
            return Path(snapshot_download(model, allow_patterns=LAYOUT))
    except Unreachable as error:
        if (folder := _here(model)) is not None and (folder / INDEX).is_file():
            return folder
        raise BadModel(
            f"The checkpoint {whose!r} holds weights alone, and the configuration that goes with them, {model}'s, is "
            "not on this machine, nor can the Hugging Face hub be reached: connect to the network once, or put that "
            f"model's {INDEX} and the small files of its folders beside it."
        ) from error


def lora_file(which: str) -> Path:
    """The .safetensors of a LoRA on the hub, "owner/name" or "owner/name/file". Raises BadModel."""
    owner, name, *rest = which.split("/")
    model = f"{owner}/{name}"
    try:
        with _told(model):
            names = [one for one in _sizes(model) if one.endswith(".safetensors")]
            wanted = "/".join(rest) or _only(names, model)
            if wanted not in names:
                raise BadModel(f"The hub's {model!r} has no LoRA {wanted!r}; it has {', '.join(names) or 'none'}.")
            return Path(hf_hub_download(model, wanted))
    except Unreachable as error:
        if (folder := _here(model)) is not None:
            found = [file.relative_to(folder).as_posix() for file in folder.rglob("*.safetensors")]
            if (wanted := "/".join(rest) or _only(found, model)) in found:
                return folder / wanted
        raise BadModel(
            f"The LoRA {which!r} is not on this machine, and the Hugging Face hub cannot be reached: connect to the "
            "network, or give a file."
        ) from error


class Unreachable(Exception):
    """The hub gave no answer that says anything of a model."""


@contextlib.contextmanager
def _told(model: str) -> Iterator[None]:
    """What the hub refuses is a BadModel, what keeps it from answering is Unreachable."""
    try:
        yield
    except BadModel:
        raise
    except GatedRepoError as error:
        raise BadModel(
            f"The model {model!r} is gated: accept its terms at https://huggingface.co/{model} and set HF_TOKEN to a "
            "token of that account."
        ) from error
    except RepositoryNotFoundError as error:
        raise BadModel(
            f"The hub has no model {model!r} that this machine may see: check the name, or set HF_TOKEN if it is yours "
            "alone."
        ) from error
    except Exception as error:  # the network's and the hub's own ways to fail
        raise Unreachable from error


def _sizes(model: str) -> dict[str, int]:
    """Name -> bytes of each file of the hub's `model`."""
    info = HfApi(endpoint=constants.ENDPOINT).model_info(model, timeout=PATIENCE, files_metadata=True)
    return {file.rfilename: file.size or 0 for file in info.siblings or ()}


def _read(address: str) -> dict:
    """The JSON at an address of the hub; huggingface_hub's own download would try for half a minute where it is not."""
    answer = get_session().get(address, headers=build_hf_headers(), timeout=PATIENCE, follow_redirects=True)
    hf_raise_for_status(answer)
    return answer.json()


def _weights(names: list[str]) -> tuple[list[str], bool]:
    """The files of weights that are fetched, and whether they are in half precision, for the hub has nothing else."""
    weights = [name for name in names if name.endswith(".safetensors") and "/" in name]
    full = [name for name in weights if "." not in name.split("/")[-1].removesuffix(".safetensors")]
    short = [name for name in weights if ".fp16." in name or ".fp16-" in name]
    half = bool(weights) and len(short) == len(weights)
    return (short if half else full), half


def _whole(model: str, half: bool) -> Path:
    """Fetch what the pipeline is made of."""
    try:
        variant = {"variant": "fp16"} if half else {}
        return Path(DiffusionPipeline.download(model, use_safetensors=True, **variant))
    except Exception as error:
        raise BadModel(
            f"The model {model!r} could not be fetched whole ({type(error).__name__}): check the network and the room "
            "on the disk, and start again; what has arrived is kept."
        ) from error


def _only(names: list[str], model: str) -> str:
    """The file that is the LoRA: the only one, or the one named as diffusers does. Raises BadModel."""
    named = [name for name in names if name == "pytorch_lora_weights.safetensors"]
    if len(named or names) != 1:
        there = (
            f"has {len(names)}: name one of them, 'owner/name/file'" if names else "has none, and pickles can run code"
        )
        raise BadModel(f"A LoRA is read from one .safetensors, and the hub's {model!r} {there}.")
    return (named or names)[0]


def _here(model: str, files: tuple[str, ...] = ()) -> Path | None:
    """The folder in the cache in which some of the hub's `model` is, if all of `files` (patterns) are; else None."""
    try:
        return Path(snapshot_download(model, local_files_only=True, allow_patterns=list(files)))
    except LocalEntryNotFoundError:
        return None


def _cached(model: str) -> Path:
    folder = _here(model)
    if folder is None or not (folder / INDEX).is_file():
        raise BadModel(
            f"The model {model!r} is not on this machine, and the Hugging Face hub cannot be reached: connect to the "
            "network, or give a folder."
        )
    return folder
