"""Limits and switches of the app, read once from the environment; knows no module but its own."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT_MODEL = Path(__file__).resolve().parent.parent / "assets" / "tiny"
LESSON = DEFAULT_MODEL.parent / "lesson"
GALLERY = DEFAULT_MODEL.parent / "gallery"  # recorded runs of it, for the page
LAB = DEFAULT_MODEL.parent / "lab"  # what was made of its training scenes, for the experiments
EXPORTS = Path(tempfile.gettempdir()) / "out-of-static"
DTYPES = ("float32", "bfloat16", "float16")
ENGINES = ("ray",)  # besides the one in this process
OFFLOADS = ("model", "sequential")  # whole parts (the denoiser, a text encoder), or layer by layer
CACHE = Path(os.path.expanduser("~/.cache/out-of-static"))  # as it is where there is no home


@dataclass(frozen=True)
class Settings:
    """What the app runs with. `model` is a folder, a checkpoint or a Hugging Face hub id."""

    model: str = str(DEFAULT_MODEL)  # DEMO_MODEL
    exports: Path = EXPORTS  # DEMO_EXPORTS: the folder where GIFs and pictures are written
    keep_seconds: int = 3600  # DEMO_KEEP_SECONDS: how long an exported file stays at least, while there is room
    preview: str = ""  # DEMO_PREVIEW: exact, tiny, linear, or an AutoencoderTiny's folder or id; empty is what suits
    dtype: str = ""  # DEMO_DTYPE: what the denoiser computes in, one of DTYPES; empty is what suits the machine
    offload: str = ""  # DEMO_OFFLOAD: what leaves the graphics card while not in use, one of OFFLOADS; empty is none
    cache: Path = CACHE  # DEMO_CACHE: the folder for what is found out once about a model on this machine
    lora: str = ""  # DEMO_LORA: a file, folder or hub id of a LoRA, "@0.8" behind it is its scale; empty is none
    upscaler: str = ""  # DEMO_UPSCALER: a folder or hub id of a pipeline that enlarges pictures; empty is none
    show_before_check: bool = False  # DEMO_SHOW_BEFORE_CHECK=1: states are shown before a safety checker saw the result
    places: int = 4  # DEMO_PLACES: runs that are drawn at once, in one batch; on two cores more are hardly quicker
    queue: int = 32  # DEMO_QUEUE: runs that may wait in line behind those that are drawn
    session_runs: int = 60  # DEMO_SESSION_RUNS: a minute, of one page; nobody at a keyboard asks for half of them
    address_runs: int = 300  # DEMO_ADDRESS_RUNS: a minute, of one address; ten for each of thirty behind one router
    session_questions: int = 600  # DEMO_SESSION_QUESTIONS: a minute, of one page; as fast as a slider is dragged

    engine: str = ""  # DEMO_ENGINE: where runs are drawn, one of ENGINES; empty is in this process, with nothing to add
    replicas: tuple[int, int] = (1, 1)  # DEMO_REPLICAS: of that engine, "2", or "1-4": as many as runs wait for
    replica_gpus: float = 0.0  # DEMO_REPLICA_GPUS: of each; 0 draws on processors, 0.5 puts two on one graphics card

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Settings:
        """Settings from `env`; unset or empty variables keep their default. Raises ValueError in one sentence."""
        return cls(
            model=env.get("DEMO_MODEL") or cls.model,
            exports=Path(env.get("DEMO_EXPORTS") or cls.exports),
            keep_seconds=_positive(env, "DEMO_KEEP_SECONDS", cls.keep_seconds),
            preview=env.get("DEMO_PREVIEW") or cls.preview,
            dtype=_one_of(env, "DEMO_DTYPE", DTYPES),
            offload=_one_of(env, "DEMO_OFFLOAD", OFFLOADS),
            cache=Path(env.get("DEMO_CACHE") or cls.cache),
            lora=env.get("DEMO_LORA") or cls.lora,
            upscaler=env.get("DEMO_UPSCALER") or cls.upscaler,
            show_before_check=_one_of(env, "DEMO_SHOW_BEFORE_CHECK", ("0", "1")) == "1",
            places=_positive(env, "DEMO_PLACES", cls.places),
            queue=_positive(env, "DEMO_QUEUE", cls.queue),
            session_runs=_positive(env, "DEMO_SESSION_RUNS", cls.session_runs),
            address_runs=_positive(env, "DEMO_ADDRESS_RUNS", cls.address_runs),
            session_questions=_positive(env, "DEMO_SESSION_QUESTIONS", cls.session_questions),
            engine=_one_of(env, "DEMO_ENGINE", ENGINES),
            replicas=_span(env, "DEMO_REPLICAS", cls.replicas),
            replica_gpus=_share(env, "DEMO_REPLICA_GPUS", cls.replica_gpus),
        )

    def machine(self) -> dict[str, Any]:
        """What says how a model is to run on this machine, by name, as an engine is opened with."""
        return {name: getattr(self, name) for name in ("preview", "cache", "dtype", "offload", "lora", "places")}


def _one_of(env: Mapping[str, str], name: str, values: tuple[str, ...]) -> str:
    text = env.get(name) or ""
    if text and text not in values:
        raise ValueError(f"{name} must be one of {', '.join(values)}, not {text[:40]!r}.")
    return text


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {text[:40]!r}.")
    return int(text)


def _span(env: Mapping[str, str], name: str, default: tuple[int, int]) -> tuple[int, int]:
    text = env.get(name) or "-".join(map(str, default))
    found = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", text)
    fewest, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= fewest <= most:
        raise ValueError(f"{name} must be a number of at least 1, or two as in 1-4, not {text[:40]!r}.")
    return fewest, most


def _share(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,3}|[0-9]{1,3}\.0*|0?\.[0-9]{1,4}", text):
        raise ValueError(f"{name} must be a whole number, or a share of one as 0.5, not {text[:40]!r}.")
    return float(text)
