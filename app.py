"""Starts the page: settings, engine, build, launch. GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are Gradio's own."""

import sys

from demo.engine.api import BadModel
from demo.engine.diffusers_engine import DiffusersEngine
from demo.page.page import build, launch_options
from demo.settings import Settings


def main() -> int:
    """Serve until stopped. Returns 2 after one sentence where the settings or the model cannot be used."""
    try:
        settings = Settings.from_env()
        app = page(settings)
    except (BadModel, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    app.launch(**launch_options(settings))
    return 0


def page(settings: Settings):
    """The page on its engine, not launched. Raises BadModel."""
    engine = DiffusersEngine.load(settings.model, settings.upscaler, **settings.machine())
    return build(engine, settings)


if __name__ == "__main__":
    sys.exit(main())
