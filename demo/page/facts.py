"""What the browser is told of a model before anything runs, and the prose; a capsule is told the same.

Knows no Gradio.
"""

from __future__ import annotations

from typing import Any

from demo.engine.api import Engine
from demo.page import vocabulary
from demo.page.about import about, version
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
from demo.settings import Settings


def facts(engine: Engine, settings: Settings) -> dict[str, Any]:
    """What the browser needs to know of the model before anything runs, and the prose; plain JSON."""
    prose, able = explain.pages(), engine.abilities
    return {
        "model": engine.model,
        "words": list(able.vocabulary or ()),
        "groups": vocabulary.groups(settings.model, able.vocabulary),
        "related": vocabulary.related(settings.model),
        "examples": list(vocabulary.EXAMPLES),
        **{name: value for name, value in able.to_json().items() if name != "vocabulary"},
        "preview": engine.preview().to_json(),
        "pages": prose["stages"],
        "glossary": prose["glossary"],
        "tour": prose["tour"],
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
