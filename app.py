"""Starts the page: settings, engine, build, launch. GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are Gradio's own."""

import os
import signal
import sys
import time
from pathlib import Path

ON_ZERO = os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")
if ON_ZERO:
    import spaces  # before torch, for whose CUDA it stands in until a GPU is lent

# ruff: noqa: E402
from demo.engine.api import BadModel, Engine
from demo.engine.diffusers_engine import DiffusersEngine
from demo.engine.zero import ZeroEngine
from demo.lab.api import SAW, Lab
from demo.page import journal
from demo.page.page import build, launch_options
from demo.settings import DEFAULT_MODEL, Settings

NO_RAY = "DEMO_ENGINE=ray needs what `pip install -r demo/engine/ray/requirements.txt` brings"


def main() -> int:
    """Serve until stopped. Returns 2 after one sentence where the settings or the model cannot be used."""
    try:
        settings = Settings.from_env()
        app = page(settings)
    except (BadModel, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    journal.to(sys.stdout)
    app.launch(prevent_thread_lock=True, **launch_options(settings))
    serve(app)
    return 0


def serve(app) -> None:
    """Until somebody ends it, by keyboard or as a machine does (SIGTERM); then every visitor is told, and it closes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while app.is_running:
            time.sleep(0.1)
    except KeyboardInterrupt:
        app.live.shut()
        app.close()


def page(settings: Settings):
    """The page on its engine, not launched. Raises BadModel."""
    return build(engine(settings), settings, lab(settings))


def engine(settings: Settings) -> Engine:
    """What draws: this process, a GPU that is lent, or replicas elsewhere. Raises BadModel."""
    if settings.engine == "ray":
        return on_ray(settings)
    return on_zero(settings) if ON_ZERO else load(settings)


def lab(settings: Settings) -> Lab | None:
    """The lab of a model whose folder says what it saw; None for any other, and where a LoRA has changed it."""
    if settings.lora or not (Path(settings.model) / SAW).is_file():
        return None
    from demo.lab.embedded import EmbeddedLab  # which needs the drawings that scenes are made of

    return EmbeddedLab.load(settings.model)


def on_zero(settings: Settings) -> Engine:
    """On ZeroGPU: the embedded model draws on the processor and costs nobody GPU time; others borrow a GPU."""
    if settings.upscaler:
        raise BadModel("DEMO_UPSCALER needs a GPU for longer than ZeroGPU lends one; unset it.")
    engine = load(settings, offload="lent")
    if Path(settings.model).resolve() != DEFAULT_MODEL:
        return ZeroEngine(engine, spaces.GPU)
    spaces.GPU(lambda: None)  # ZeroGPU wants to see one function that would use it, or ends the Space
    return engine


def on_ray(settings: Settings) -> Engine:
    """Replicas of Ray Serve, which nobody needs who does not ask for it."""
    try:
        from demo.engine.ray.engine import RayEngine
    except ModuleNotFoundError as error:
        raise BadModel(f"{NO_RAY} ({error})".replace("\n", " ") + ".") from error
    return RayEngine.load(settings)


def load(settings: Settings, **more) -> DiffusersEngine:
    """The engine in this process. Raises BadModel."""
    return DiffusersEngine.load(settings.model, settings.upscaler, **settings.machine() | more)


if __name__ == "__main__":
    sys.exit(main())
