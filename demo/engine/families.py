"""The manners of each family of models: what it wants to be asked with, and what may be asked of it.

Read from the pipeline's class and parts; what these do not say of a checkpoint (that it is a one-step model) stands in
KNOWN, as data. Guidance is counted here as everywhere in this project, w in `u + w (c - u)` with 1 for off, whatever a
pipeline calls so.
"""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import dataclass
from pathlib import Path

from demo.engine.api import BadModel
from demo.engine.schedulers import TRIED
from demo.run.trace import GUIDANCE, MAX_GUIDANCE, MAX_STEPS, MIN_GUIDANCE, MIN_STEPS, Defaults, Request, between, whole

# Pipelines that can be watched; those of TRIED run with other schedulers than their own, too.
PIPELINES = (*TRIED, "LatentConsistencyModelPipeline", "IFPipeline")


@dataclass(frozen=True)
class Known:
    """A checkpoint's own manners, from its card; None where its pipeline already has them."""

    name: str  # a pattern for its hub id, folder or file, in small letters and hyphens
    steps: int | None = None
    guidance: float | None = None
    size: int | None = None


KNOWN = (  # the first that fits
    Known(r"sd(-?xl)?-turbo", 1, 1.0),
    Known(r"sdxl.lightning|hyper-sd", 4, 1.0),
    Known(r"lcm.*(sdxl|ssd|dreamshaper)|dreamshaper.*lcm", 4),
    Known(r"pixart.*lcm", 4, 1.0),
    Known(r"(sd|stable-diffusion-)3\.5-large-turbo", 4, 1.0),
    Known(r"(sd|stable-diffusion-)3\.5-large", 28, 3.5),
    Known(r"(sd|stable-diffusion-)3\.5-medium", 40, 4.5),
    Known(r"playground-v2\.5", 50, 3.0),
    Known(r"flux\.?1-schnell", 4),
    Known(r"flux\.?1-krea", 28, 4.5),
    Known(r"flux\.?1-dev", 50, 3.5),
    Known(r"z-image-turbo", 9, 1.0),
    Known(r"z-image", 50, 5.0),
    Known(r"qwen-image", 50, 4.0, 1328),
    Known(r"ssd-1b", None, 9.0),
)


def takes(pipe) -> frozenset[str]:
    """The names of what a pipeline may be called with."""
    return frozenset(inspect.signature(pipe.__call__).parameters)


def guided_by(pipe) -> str | None:
    """ "mixing" two guesses, "telling" the denoiser the guidance as a number, or None: it has no guidance."""
    if getattr(_config(pipe, "unet"), "time_cond_proj_dim", None) or getattr(
        _config(pipe, "transformer"), "guidance_embeds", False
    ):
        return "telling"
    named = type(pipe).__name__
    if named == "FluxPipeline" or not takes(pipe) & {"guidance_scale", "true_cfg_scale"}:
        return None
    return "mixing"


def arguments(pipe, request: Request) -> dict:
    """What `pipe` is called with for `request`, but for its generator."""
    guided, named, w = guided_by(pipe), type(pipe).__name__, request.guidance
    wanted = {
        "prompt": request.prompt,
        "num_inference_steps": request.steps,
        "width": request.width,
        "height": request.height,
        "output_type": "latent" if hasattr(pipe, "vae") else "pt",
        "use_resolution_binning": False,  # the size asked is the size drawn
    }
    if guided == "telling":
        wanted["guidance_scale"] = w
    elif named == "QwenImagePipeline":  # which mixes only where it is sent a negative prompt; its card sends a blank
        wanted |= {"true_cfg_scale": w, "negative_prompt": (request.negative_prompt or " ") if w > 1 else None}
    elif guided == "mixing":
        # Z-Image's is `pos + w (pos - neg)`, so its 0 is off.
        wanted |= {"guidance_scale": w - 1 if named == "ZImagePipeline" else w}
        wanted |= {"negative_prompt": request.negative_prompt or None}
    names = takes(pipe)
    return {name: value for name, value in wanted.items() if name in names and value is not None}


def own_size(pipe, source: Path | str = "") -> tuple[int, int] | None:
    """(width, height) of a model's pictures, in pixels; None where it is not said."""
    if (known := _known(source)) and known.size:
        return known.size, known.size
    scale = getattr(pipe, "vae_scale_factor", 1)
    told = getattr(_config(pipe, "unet"), "sample_size", None) or getattr(
        _config(pipe, "transformer"), "sample_size", None
    )
    told = told or getattr(pipe, "default_sample_size", None)
    if told is None:
        return (1024, 1024) if type(pipe).__name__ == "ZImagePipeline" else None
    height, width = (told, told) if isinstance(told, int) else told
    return width * scale, height * scale


def multiple_of(pipe) -> int:
    """What the sides of a picture must be multiples of: a latent's pixels, or those of a patch of latents."""
    packed = type(pipe).__name__ in ("FluxPipeline", "QwenImagePipeline", "ZImagePipeline")
    patch = getattr(_config(pipe, "transformer"), "patch_size", None) or 1
    return max(getattr(pipe, "vae_scale_factor", 1) * (2 if packed else patch), 8)


def own_manners(pipe, source: Path | str) -> Defaults:
    """Steps and guidance that a model is best run with, brought within what may be asked.

    What the folder's generation_config.json says under 'guidance_scale' and 'num_inference_steps' (transformers' and
    diffusers' names), else what is KNOWN of the checkpoint, else the defaults of the pipeline's own call. Raises
    BadModel where the file is none or says no number.
    """
    file = Path(source) / "generation_config.json"
    try:
        told = json.loads(file.read_text(encoding="utf-8")) if isinstance(source, Path) and file.is_file() else {}
        steps, guidance = told.get("num_inference_steps"), told.get("guidance_scale")
        steps = None if steps is None else whole("num_inference_steps", steps, MIN_STEPS, MAX_STEPS)
        guidance = None if guidance is None else between("guidance_scale", guidance, MIN_GUIDANCE, MAX_GUIDANCE)
    except (ValueError, AttributeError) as error:
        numbers = f"a number from {MIN_GUIDANCE:g} to {MAX_GUIDANCE:g}"
        raise BadModel(
            f"{str(file)!r} must be JSON with 'guidance_scale', {numbers}, and 'num_inference_steps', a whole number "
            f"from {MIN_STEPS} to {MAX_STEPS}, where it has them."
        ) from error
    known = _known(source)
    steps = steps or (known and known.steps) or _steps(pipe)
    guidance = guidance or (known and known.guidance) or _guidance(pipe)
    return Defaults(min(max(steps, MIN_STEPS), MAX_STEPS), min(max(guidance, MIN_GUIDANCE), MAX_GUIDANCE))


def _known(source: Path | str) -> Known | None:
    name = str(source).lower().rstrip("/").split("/")[-1].replace("_", "-")
    return next((known for known in KNOWN if re.search(known.name, name)), None)


def _steps(pipe) -> int:
    scheduler = type(pipe.scheduler).__name__
    if scheduler in ("LCMScheduler", "TCDScheduler") or (type(pipe).__name__ == "FluxPipeline" and not guided_by(pipe)):
        return 4  # distilled models
    value = _default(pipe, "num_inference_steps")
    return value if isinstance(value, int) else Defaults.steps


def _guidance(pipe) -> float:
    guided = guided_by(pipe)
    if guided is None or (guided == "mixing" and type(pipe.scheduler).__name__ in ("LCMScheduler", "TCDScheduler")):
        return 1.0
    value = _default(pipe, "true_cfg_scale" if type(pipe).__name__ == "QwenImagePipeline" else "guidance_scale")
    if not isinstance(value, int | float):
        return GUIDANCE
    return float(value) + (type(pipe).__name__ == "ZImagePipeline")


def _default(pipe, name: str):
    return getattr(inspect.signature(pipe.__call__).parameters.get(name), "default", None)


def _config(pipe, part: str):
    return getattr(getattr(pipe, part, None), "config", None)
