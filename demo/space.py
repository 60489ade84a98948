"""What a Hugging Face Space of this project is made of: its files, its front matter, and the rules that both must keep.

Knows the project's folder and the rules that the hub has written down. Asks no hub and no registry: see deploy.py.
"""

from __future__ import annotations

import json
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

from huggingface_hub import CardData, RepoCard
from jsonschema import Draft202012Validator
from packaging.requirements import Requirement

from demo.settings import DEFAULT_MODEL, GALLERY, LAB

ROOT = Path(__file__).resolve().parent.parent
HARDWARE = {"zero": "zero-a10g", "cpu": "cpu-basic", "static": None}  # the hub's names of them
LIMIT = 10_000_000  # bytes; above it git on the hub wants another kind of storage
LICENCES = ("LICENSE", "assets/sprites/LICENSE-OFL.txt")
SPRITES = ROOT / "assets" / "sprites"
DRAWN = ("anchors.json", "README.md", "LICENSE-MIT-fluent.txt", "noto", "twemoji", "fluent")  # of which scenes are made
# What ZeroGPU runs, as its page had it in July 2026.
ZERO_PYTHON = ("3.10.13", "3.12.12")
ZERO_TORCH = ("2.8.0", "2.9.1", "2.10.0", "2.11.0", "2.12.1", "2.13.0")
WORDS = """# Out of Static

Type a prompt and watch television static turn into it: a real diffusion model, every single step, nothing simulated.
"""
COLOURS = ["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
TEXTS, SWITCH = {"type": "array", "items": {"type": "string", "minLength": 1}}, {"type": "boolean"}
# https://huggingface.co/docs/hub/spaces-config-reference, without the keys of Docker Spaces and of signing in.
FRONT_MATTER = {
    "type": "object",
    "required": ["title", "emoji", "colorFrom", "colorTo", "sdk", "license"],
    "additionalProperties": False,
    "properties": {
        "title": {"type": "string", "minLength": 1},
        "emoji": {"type": "string", "minLength": 1, "maxLength": 4},
        "colorFrom": {"enum": COLOURS},
        "colorTo": {"enum": COLOURS},
        "sdk": {"enum": ["gradio", "static"]},
        "python_version": {"type": "string", "pattern": r"^3\.\d+(\.\d+)?$"},
        "sdk_version": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "app_file": {"type": "string"},
        "app_build_command": {"type": "string"},
        "suggested_hardware": {"type": "string"},
        "startup_duration_timeout": {"type": "string", "pattern": r"^\d+ ?[smh]$"},
        "short_description": {"type": "string", "maxLength": 60},
        "license": {"type": "string"},
        "thumbnail": {"type": "string"},
        "header": {"enum": ["mini", "default"]},
        "models": TEXTS,
        "datasets": TEXTS,
        "tags": TEXTS,
        "preload_from_hub": TEXTS,
        "pinned": SWITCH,
        "fullWidth": SWITCH,
        "disable_embedding": SWITCH,
        "custom_headers": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "cross-origin-embedder-policy": {"type": "string"},
                "cross-origin-opener-policy": {"type": "string"},
                "cross-origin-resource-policy": {"type": "string"},
            },
        },
    },
}

Files = dict[str, Path | bytes]  # path in the Space -> the file, or what is in it


class Refused(Exception):
    """A Space that cannot be made; the text is one clear sentence."""


def files(hardware: str, model: str | None = None, gallery: Path = ROOT / "gallery") -> Files:
    """Everything that the Space needs and nothing else, in order; `model` is a hub id, None for the embedded one.

    Raises Refused where a static Space is wanted and there is no `gallery` of recorded runs to put on it.
    """
    if hardware == "static":
        found: Files = _below(gallery)
        if "index.html" not in found:
            raise Refused(
                f"A static Space shows recorded runs as plain files, and there are none in {gallery.name}/ yet: "
                "put a folder with an index.html there first."
            )
    else:
        code = {path: ROOT / path for path in (*_modules(), "requirements.txt", *LICENCES)}
        found = code | _data() | ({} if model else _model() | _records() | _lab())
    return dict(sorted((found | {"README.md": card(hardware, model)}).items()))


def card(hardware: str, model: str | None = None) -> bytes:
    """The Space's README: our front matter, as this hardware has it, and a few words."""
    told = RepoCard((ROOT / "README.md").read_text(encoding="utf-8")).data.to_dict()
    if hardware == "static":
        gradios = ("sdk_version", "python_version", "app_file")
        told = {name: value for name, value in told.items() if name not in gradios} | {"sdk": "static"}
    if model:
        told["models"] = [model]
    return f"---\n{CardData(**told).to_yaml()}\n---\n\n{WORDS}".encode()


def front_matter(found: Files) -> dict[str, Any]:
    """The YAML block at the top of the Space's README."""
    return RepoCard(read(found["README.md"]).decode()).data.to_dict()


def faults(found: Files, hardware: str) -> list[str]:
    """One sentence for each rule that is broken."""
    told = front_matter(found)
    wrong = [
        f"{path} has {size(file):,} bytes; a Space takes {LIMIT:,} at most."
        for path, file in found.items()
        if size(file) > LIMIT
    ]
    for error in sorted(Draft202012Validator(FRONT_MATTER).iter_errors(told), key=str):
        wrong.append(f"README.md, front matter, {'.'.join(map(str, error.path)) or 'its keys'}: {error.message}.")
    if hardware != "static":
        wrong += _gradio_faults(found, told) + (_zero_faults(found, told) if hardware == "zero" else [])
    return wrong


def requirements(found: Files) -> list[Requirement]:
    """What the Space's requirements.txt asks for."""
    lines = read(found["requirements.txt"]).decode().splitlines()
    return [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]


def size(file: Path | bytes) -> int:
    """In bytes."""
    return len(file) if isinstance(file, bytes) else file.stat().st_size


def read(file: Path | bytes) -> bytes:
    """What is in it."""
    return file if isinstance(file, bytes) else file.read_bytes()


def _gradio_faults(found: Files, told: dict[str, Any]) -> list[str]:
    wrong = []
    if told.get("app_file") not in found:
        wrong.append(f"README.md, front matter: app_file is {told.get('app_file')!r}, which is not among the files.")
    asked = {str(one.specifier) for one in requirements(found) if one.name == "gradio"}
    if asked != {f"=={told.get('sdk_version')}"}:
        wrong.append(
            f"README.md says sdk_version {told.get('sdk_version')} and requirements.txt gradio{', '.join(asked)}; "
            "a Space installs both, so they must be one."
        )
    return wrong


def _zero_faults(found: Files, told: dict[str, Any]) -> list[str]:
    wrong = []
    if told.get("sdk") != "gradio":
        wrong.append("README.md, front matter: ZeroGPU runs Spaces whose sdk is gradio.")
    if told.get("python_version") not in ZERO_PYTHON:
        wrong.append(
            f"README.md, front matter: ZeroGPU has Python {' and '.join(ZERO_PYTHON)}, not "
            f"{told.get('python_version', '3.10, the default')}."
        )
    torch = [one for one in requirements(found) if one.name == "torch"]
    if not any(one.specifier.contains(version) for one in torch for version in ZERO_TORCH):
        wrong.append(f"requirements.txt admits no torch that ZeroGPU has: {', '.join(ZERO_TORCH)}.")
    return wrong


def _modules() -> list[str]:
    """The Python files that app.py imports, near or far, those that are imported late included."""
    finder = ModuleFinder(path=[str(ROOT)])
    finder.run_script(str(ROOT / "app.py"))
    places = (Path(module.__file__).resolve() for module in finder.modules.values() if module.__file__)
    return [place.relative_to(ROOT).as_posix() for place in places]


def _data() -> Files:
    """What lies beside the code, the page's files and the prose; what is beside the training is its own."""
    beside = {path: file for path, file in _below(ROOT / "demo").items() if file.suffix not in (".py", ".pyc")}
    return {f"demo/{path}": file for path, file in beside.items() if not path.startswith("tiny/")}


def _model() -> Files:
    """The embedded model as a pipeline is read from it, without what its training and its evaluation left."""
    index = json.loads((DEFAULT_MODEL / "model_index.json").read_text(encoding="utf-8"))
    parts = {name for name, value in index.items() if isinstance(value, list) and value[0]}
    return {
        (DEFAULT_MODEL / path).relative_to(ROOT).as_posix(): file
        for path, file in _below(DEFAULT_MODEL).items()
        if path.split("/")[0] in parts or ("/" not in path and file.suffix in (".json", ".md"))
    }


def _records() -> Files:
    """The recorded runs that the page plays to whoever arrives."""
    return {(GALLERY / path).relative_to(ROOT).as_posix(): file for path, file in _below(GALLERY).items()}


def _lab(model: Path = DEFAULT_MODEL) -> Files:
    """What the experiments ask of the embedded model, where it says what it saw: its judge, what was made of its
    scenes, and the drawings that those are made of, with their licences."""
    if not (model / "lab.json").is_file():
        return {}
    drawn = [SPRITES / path for path in _below(SPRITES) if path.split("/")[0] in DRAWN]
    files = [LAB / path for path in _below(LAB)] + drawn + [model / "checker.safetensors"]
    return {file.relative_to(ROOT).as_posix(): file for file in files if file.is_file()}


def _below(folder: Path) -> dict[str, Path]:
    return {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
