"""The import law: an import goes down, never up or around, and each layer knows only the libraries that are its own.

Imports are read from the source with `ast`, those inside functions included, so nothing depends on what happens to run.
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ARRAYS = {"numpy", "PIL"}

# package (with a dot at its end) or module: (what of ours it may import, libraries besides the standard one)
LAW = {
    "demo.run.": ({"demo.run."}, ARRAYS | {"imageio_ffmpeg", "markdown_it", "jsonschema"}),
    "demo.engine.api": ({"demo.run."}, {"numpy"}),
    "demo.engine.": (
        {"demo.engine.", "demo.run.", "demo.tiny.folded"},
        ARRAYS | {"torch", "diffusers", "transformers", "psutil", "safetensors", "peft", "huggingface_hub"},
    ),
    "demo.engine.ray.": (
        {"demo.engine.", "demo.run.", "demo.settings"},
        {"numpy", "torch", "psutil", "ray"},
    ),
    "demo.lab.api": ({"demo.run.", "demo.engine.api"}, {"numpy"}),
    "demo.lab.": (
        {"demo.lab.", "demo.run.", "demo.tiny.", "demo.engine.api", "demo.settings"},
        ARRAYS | {"torch", "safetensors", "tqdm"},
    ),
    "demo.page.": (
        {"demo.page.", "demo.run.", "demo.engine.api", "demo.lab.api", "demo.settings"},
        ARRAYS | {"gradio", "starlette", "cachetools", "limits"},
    ),
    "demo.tiny.": (
        {"demo.tiny.", "demo.run.measure"},
        ARRAYS | {"torch", "diffusers", "transformers", "tokenizers", "tqdm", "cairosvg", "imagequant", "safetensors"},
    ),
    "demo.settings": (set(), set()),
    "demo.space": ({"demo.settings"}, {"huggingface_hub", "jsonschema", "packaging"}),
    "demo.deploy": ({"demo.space"}, {"huggingface_hub"}),
    "demo.recorder": ({"demo.run.", "demo.engine.api"}, set()),
    "demo.gallery": ({"demo."}, {"PIL", "tqdm"}),
    "demo.__main__": ({"demo."}, {"tqdm"}),
    "app": ({"demo."}, {"gradio", "spaces"}),
}
GRADIO, HEAVY = {"gradio"}, {"torch", "diffusers", "transformers"}
LIGHT = ("demo.run.", "demo.page.", "demo.engine.api", "demo.lab.api", "demo.settings")


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
    """The entry of LAW that holds for a module: the longest that fits."""
    holding = [entry for entry in LAW if name == entry or (entry.endswith(".") and name.startswith(entry))]
    assert holding, f"{name} has no place in the import law: give it one in tests/test_layers.py"
    return max(holding, key=len)


def reached(name: str) -> set[str]:
    """Every module of ours that importing `name` imports, near or far."""
    seen, waiting = set(), [name]
    while waiting:
        for found in ours(waiting.pop()) - seen:
            seen.add(found)
            waiting.append(found)
    return seen


PACKAGES = [name for name in FOUND if name.endswith(".") and name != "demo."]
MODULES = [name for name in FOUND if name != "demo."]
EVERY = pytest.mark.parametrize("name", MODULES)


@EVERY
def test_a_module_imports_only_what_its_room_may(name):
    allowed = LAW[rule(name)][0]
    strangers = {
        found
        for found in ours(name)
        if not any(found == entry or (entry.endswith(".") and found.startswith(entry)) for entry in allowed)
    }
    assert not strangers


@EVERY
def test_no_module_imports_itself_around_a_corner(name):
    assert name not in reached(name)


@EVERY
def test_each_room_knows_only_its_own_libraries(name):
    assert libraries(name) <= LAW[rule(name)][1]


@pytest.mark.parametrize("name", [name for name in FOUND if name.startswith(LIGHT)])
def test_what_is_light_stays_free_of_torch_however_far_one_looks(name):
    heavy = {found: libraries(found) & HEAVY for found in {name} | reached(name)}
    assert not {found: known for found, known in heavy.items() if known}


def test_gradio_is_known_in_one_room_only():
    assert {name for name in MODULES if libraries(name) & GRADIO} <= {
        "app",
        *(n for n in MODULES if n[:10] == "demo.page."),
    }


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_says_what_may_be_in_it_and_holds_no_code(name):
    body = ast.parse(FOUND[name].read_text(encoding="utf-8")).body
    assert len(body) == 1 and isinstance(body[0].value, ast.Constant) and len(body[0].value.value) > 60


def test_the_law_has_teeth():
    engine = "demo.engine.diffusers_engine"
    assert {"demo.run.trace", "demo.engine.stream", "demo.engine.tap", "demo.engine.pipeline"} <= ours(engine)
    assert "torch" in libraries("demo.engine.tap") and "numpy" in libraries("demo.run.trace")
    assert "demo.tiny.folded" in reached(engine)
