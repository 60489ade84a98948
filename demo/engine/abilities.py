"""What a pipeline offers, asked of it once: its schedulers, its manners, and what it cannot show and why."""

from __future__ import annotations

from pathlib import Path

from demo.engine.api import Abilities, BadModel
from demo.engine.attention import why_no_word_maps
from demo.engine.door import why_no_guesses
from demo.engine.drowned import why_not
from demo.engine.families import guided_by, multiple_of, own_manners, own_size, takes
from demo.engine.prompt import can_show
from demo.engine.safety import has_checker
from demo.engine.schedulers import offered_schedulers
from demo.tiny.folded import FoldedAutoencoder


def abilities_of(
    pipe, source: Path | str = "", vocabulary: frozenset[str] | None = None, upscaler: str = ""
) -> Abilities:
    """The Abilities of `pipe`, which was opened from `source`. Raises BadModel where no run of it can be watched."""
    schedulers = offered_schedulers(pipe)
    if not schedulers:
        name = type(pipe.scheduler).__name__
        raise BadModel(
            f"The model runs with a {name}, whose steps cannot be watched, and with no other that was tried."
        )
    asked, guided, own = takes(pipe), guided_by(pipe), own_manners(pipe, source)
    # Those of pixels learned one size, and so did the model with this autoencoder.
    one_size = isinstance(getattr(pipe, "vae", None), FoldedAutoencoder | None) or not {"width", "height"} <= asked
    return Abilities(
        schedulers=schedulers,
        steps=own.steps,
        guidance=own.guidance if guided else None,
        negative_prompt=guided == "mixing" and "negative_prompt" in asked,
        size=None if one_size else own_size(pipe, source),
        multiple=multiple_of(pipe),
        reads="prompt" in asked,
        decodes=hasattr(pipe, "vae"),
        vocabulary=None if vocabulary is None else tuple(sorted(vocabulary)),
        cannot=_cannot(pipe, upscaler),
        checked=has_checker(pipe),
    )


def _cannot(pipe, upscaler: str) -> dict[str, str]:
    """Panel -> why this model cannot fill it."""
    reasons = {
        "word_maps": why_no_word_maps(pipe),
        "guidance": why_no_guesses(pipe),
        "numbers": can_show(pipe),
        "drowned": why_not(pipe),
        "upscaler": None if upscaler else "No upscaler is set (DEMO_UPSCALER), so enlarging is plain resizing.",
    }
    return {panel: why for panel, why in reasons.items() if why is not None}
