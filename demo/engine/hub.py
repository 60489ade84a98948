"""A model of the Hugging Face hub as a folder on this machine: looked at first, then fetched, or taken from the cache.

What is wrong is said within seconds and before anything large is fetched. The token is huggingface_hub's own, from
HF_TOKEN or `hf auth login`.
"""

from __future__ import annotations

from pathlib import Path

from diffusers import DiffusionPipeline
from huggingface_hub import HfApi, constants, snapshot_download
from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from demo.engine.api import BadModel
from demo.engine.refusals import INDEX, refuse_index, refuse_names

PATIENCE = 3.0  # seconds for each of two questions


def fetched(model: str) -> Path:
    """The folder of the hub's `model`, "owner/name". Raises BadModel.

    Where the hub cannot be reached it is the copy that an earlier start left in huggingface_hub's cache.
    """
    try:
        info = HfApi(endpoint=constants.ENDPOINT).model_info(model, timeout=PATIENCE)
        names = [file.rfilename for file in info.siblings or ()]
        refuse_names(f"The model {model!r}", names)
        index = _read(f"{constants.ENDPOINT}/{model}/resolve/main/{INDEX}")
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
    except Exception:  # the network's and the hub's own ways to fail: with what is here already it may do all the same
        return _cached(model)
    refuse_index(model, index)
    return _whole(model, names)


def _read(address: str) -> dict:
    """The JSON at an address of the hub; huggingface_hub's own download would try for half a minute where it is not."""
    answer = get_session().get(address, headers=build_hf_headers(), timeout=PATIENCE, follow_redirects=True)
    hf_raise_for_status(answer)
    return answer.json()


def _whole(model: str, names: list[str]) -> Path:
    """Fetch what the pipeline is made of, in half precision where the hub has nothing else."""
    weights = [name for name in names if name.endswith(".safetensors") and "/" in name]
    half = bool(weights) and all(".fp16." in name or ".fp16-" in name for name in weights)
    try:
        variant = {"variant": "fp16"} if half else {}
        return Path(DiffusionPipeline.download(model, use_safetensors=True, **variant))
    except Exception as error:
        raise BadModel(
            f"The model {model!r} could not be fetched whole ({type(error).__name__}): check the network and the room "
            "on the disk, and start again; what has arrived is kept."
        ) from error


def _cached(model: str) -> Path:
    try:
        folder = Path(snapshot_download(model, local_files_only=True))
    except LocalEntryNotFoundError:
        folder = None
    if folder is None or not (folder / INDEX).is_file():
        raise BadModel(
            f"The model {model!r} is not on this machine, and the Hugging Face hub cannot be reached: connect to the "
            "network, or give a folder."
        )
    return folder
