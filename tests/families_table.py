"""The table of families in the README, from what their engines say: python tests/families_table.py writes it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEAD = ["| family | its own | other schedulers | not shown, and why |", "| --- | --- | --- | --- |"]
NAMES = {
    "sd-1": "Stable Diffusion 1",
    "sd-2": "Stable Diffusion 2",
    "sd-turbo": "SD-Turbo",
    "lcm": "Latent Consistency (its pipeline)",
    "lcm-in-sd": "Latent Consistency (in Stable Diffusion's)",
    "sdxl": "Stable Diffusion XL",
    "sdxl-turbo": "SDXL-Turbo",
    "playground-v2.5": "Playground v2.5 (EDM)",
    "sd3": "Stable Diffusion 3",
    "sd3-without-t5": "Stable Diffusion 3 without T5",
    "flux-schnell": "FLUX.1 schnell",
    "flux-dev": "FLUX.1 dev",
    "pixart-sigma": "PixArt-Sigma",
    "sana": "Sana",
    "z-image": "Z-Image",
    "qwen-image": "Qwen-Image",
    "ddpm": "DDPM, pixels",
    "ddim": "DDIM, pixels",
    "if": "DeepFloyd IF, first stage, pixels",
}
PANELS = {"word_maps": "word maps", "guidance": "two guesses", "numbers": "numbers"}


def row(name: str, able) -> str:
    """The line of one family; `able` is the Abilities of its engine."""
    own, *others = able.schedulers.values()
    steps = f"{able.steps} step{'s' if able.steps > 1 else ''}"
    guidance = "no guidance" if able.guidance is None else f"guidance {able.guidance:g}"
    missing = " ".join(f"{PANELS[panel]}: {why}" for panel, why in able.cannot.items() if panel in PANELS) or "–"
    manners = f"{steps}, {guidance}, {own.removesuffix(' (the model' + chr(39) + 's own)')}"
    return f"| {NAMES[name]} | {manners} | {', '.join(others) or '–'} | {missing} |"


def table(engines: dict) -> str:
    """The whole of it, engines by name."""
    return "\n".join([*HEAD, *(row(name, engine.abilities) for name, engine in engines.items())])


def main() -> None:
    """Write it into the README, in the place of the one that stands there."""
    from tiny_families import FAMILIES, build

    from demo.engine.diffusers_engine import DiffusersEngine

    with tempfile.TemporaryDirectory() as folder:
        made = table({name: DiffusersEngine.load(str(build(name, Path(folder)))) for name in FAMILIES})
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(HEAD[0])
    after = rest[rest.index("\n\n") :]
    readme.write_text(before + made + after, encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
