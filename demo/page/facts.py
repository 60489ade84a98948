"""What the browser is told of a model before anything runs, and the prose; a capsule is told the same.

Knows no Gradio.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.engine.api import Engine
from demo.lab.api import Lab
from demo.page import vocabulary
from demo.page.about import about, version
from demo.page.experiments import cannot
from demo.run import bundle, explain
from demo.run.trace import (
    MAX_GUIDANCE,
    MAX_PROMPT,
    MAX_SEED,
    MAX_SIDE,
    MAX_STEPS,
    MIN_GUIDANCE,
    MIN_SIDE,
    MIN_STEPS,
)
from demo.settings import DEFAULT_MODEL, GALLERY, LESSON, Settings


def shelf(settings: Settings) -> list[dict[str, Any]]:
    """The recorded runs that came with the model on show, as `demo.gallery` lists them; [] where there are none."""
    file = GALLERY / "runs.json"
    ours = Path(settings.model).resolve() == DEFAULT_MODEL and not settings.lora
    return json.loads(file.read_text(encoding="utf-8")) if ours and file.is_file() else []


def facts(engine: Engine, settings: Settings, lab: Lab | None = None) -> dict[str, Any]:
    """What the browser needs to know of the model before anything runs, and the prose; plain JSON."""
    prose, able = explain.pages(), engine.abilities
    return {
        "model": engine.model,
        "words": list(able.vocabulary or ()),
        "groups": vocabulary.groups(settings.model, able.vocabulary),
        "related": vocabulary.related(settings.model),
        "examples": list(vocabulary.EXAMPLES),
        **{name: value for name, value in able.to_json().items() if name != "vocabulary"},
        "cannot": able.cannot | cannot(lab),
        "lab": None if lab is None else lab.told(),
        "cost": engine.cost(able.steps),
        "held": able.checked and not settings.show_before_check,
        "preview": engine.preview().to_json(),
        "pages": prose["stages"],
        "glossary": prose["glossary"],
        "tour": prose["tour"],
        "questions": prose["questions"],
        "lesson": LESSON.is_dir(),
        "about": about(settings),
        "version": version(bundle.WEB),
        "limits": {
            "prompt": MAX_PROMPT,
            "steps": [MIN_STEPS, MAX_STEPS],
            "guidance": [MIN_GUIDANCE, MAX_GUIDANCE],
            "seed": MAX_SEED,
            "side": [MIN_SIDE, MAX_SIDE],
        },
    }
