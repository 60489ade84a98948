"""The import law: an import goes down, never up or around, and each layer knows only the libraries that are its own.

Imports are read from the source with `ast`, those inside functions included, so nothing depends on what happens to run.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODELS = {"numpy", "torch", "diffusers", "transformers", "PIL"}
FILES = {"numpy", "PIL", "imageio"}

# module or package (with a dot at its end): (level, libraries besides the standard one)
LAW = {
    "app": (3, {"gradio", "spaces"}),
    "demo.__main__": (3, {"tqdm"}),
    "demo.deploy": (3, {"huggingface_hub"}),
    "demo.gallery": (3, set()),
    "demo.ui.": (2, {"gradio", "starlette", "numpy", "PIL"}),
    "demo.engine": (1, MODELS),
    "demo.pipeline": (1, MODELS),
    "demo.door": (1, MODELS),
    "demo.latents": (1, MODELS),
    "demo.prompt": (1, MODELS),
    "demo.attention": (1, MODELS),
    "demo.finish": (1, MODELS),
    "demo.measure": (1, FILES),
    "demo.explain": (1, FILES),
    "demo.export": (1, FILES),
    "demo.runs": (1, FILES),
    "demo.settings": (1, FILES),
    "demo.trace": (0, {"numpy"}),
    "demo.stream": (0, set()),
    "demo.tap": (0, {"torch"}),
    "demo.tiny.": (0, MODELS | {"tokenizers", "tqdm", "fontTools", "safetensors"}),  # apart: nothing of ours but itself
}
LIGHT = ("demo.ui.", "demo.measure", "demo.explain", "demo.export", "demo.runs", "demo.settings", "demo.trace")
HEAVY = {"torch", "diffusers", "transformers"}


def modules() -> dict[str, Path]:
    """Dotted name -> file of every module of ours; packages end in a dot, app.py is `app`."""
    found = {"app": ROOT / "app.py"}
    for path in sorted((ROOT / "demo").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1]) + "." if parts[-1] == "__init__" else ".".join(parts)] = path
    return found


FOUND = modules()


def imports(name: str, path: Path) -> set[str]:
    """Dotted names that a file imports, relative ones resolved; of `from x import y` both x and x.y."""
    package = name.rstrip(".").split(".") if name.endswith(".") else name.split(".")[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def ours(name: str) -> set[str]:
    """The modules of ours that module `name` imports."""
    named = imports(name, FOUND[name])
    return {found for found in FOUND if found.rstrip(".") in named and found not in (name, "demo.")}


def libraries(name: str) -> set[str]:
    """The top names of what module `name` imports from outside, without the standard library."""
    tops = {imported.split(".")[0] for imported in imports(name, FOUND[name])}
    return tops - set(sys.stdlib_module_names) - {"demo", "app"}


def rule(name: str) -> str:
    """The entry of LAW that holds for a module."""
    holding = [entry for entry in LAW if name == entry or (entry.endswith(".") and name.startswith(entry))]
    assert holding, f"{name} has no place in the import law: give it a level in tests/test_layers.py"
    return holding[0]


def reached(name: str) -> set[str]:
    """Every module of ours that importing `name` imports, near or far."""
    seen, waiting = set(), [name]
    while waiting:
        for found in ours(waiting.pop()) - seen:
            seen.add(found)
            waiting.append(found)
    return seen


EVERY = pytest.mark.parametrize("name", [name for name in FOUND if name != "demo."])


@EVERY
def test_imports_go_down_or_stay_level(name):
    level = LAW[rule(name)][0]
    above = {found for found in ours(name) if LAW[rule(found)][0] > level}
    assert not above


@EVERY
def test_no_module_imports_itself_around_a_corner(name):
    assert name not in reached(name)


@EVERY
def test_each_layer_knows_only_its_own_libraries(name):
    assert libraries(name) <= LAW[rule(name)][1]


@pytest.mark.parametrize("name", [name for name in FOUND if name.startswith(LIGHT)])
def test_what_is_light_stays_free_of_torch_however_far_one_looks(name):
    heavy = {found: libraries(found) & HEAVY for found in {name} | reached(name)}
    assert not {found: known for found, known in heavy.items() if known}


@pytest.mark.parametrize("name", [name for name in FOUND if name.startswith("demo.tiny.")])
def test_the_embedded_model_needs_nothing_of_ours(name):
    assert all(found.startswith("demo.tiny.") for found in ours(name))


def test_the_law_has_teeth():
    assert {"demo.trace", "demo.stream", "demo.tap", "demo.pipeline"} <= ours("demo.engine")
    assert "torch" in libraries("demo.tap") and "numpy" in libraries("demo.trace")
    assert "demo.tiny.folded" in reached("demo.engine")
