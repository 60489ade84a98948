"""What is served beside Gradio's own: the page's files, its head, and the guard in front of everything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from demo.page.guard import Guard
from demo.page.head import Head

STATIC = Path(__file__).resolve().parent.parent / "web"
ICON = STATIC / "icon.svg"
_FILES = StaticFiles(directory=STATIC)


def app_kwargs() -> dict[str, Any]:
    """For `launch(app_kwargs=...)`: the routes come before Gradio's and so win."""
    return {
        "routes": [Route("/out-of-static/{path:path}", _file, methods=["GET", "HEAD"])],
        "middleware": [Middleware(Head)],
        "lifespan": _guarded,
    }


async def _file(request: Request) -> Response:
    """A file that a browser asks about again each time (304 while unchanged), so that a new version shows at once.

    A route and not a mount: a mount looks for the proxy's part of the path, which a proxy may have stripped.
    """
    response = await _FILES.get_response(request.path_params["path"], request.scope)
    response.headers["Cache-Control"] = "no-cache"
    return response


@asynccontextmanager
async def _guarded(app: Any) -> AsyncIterator[None]:
    """Put the guard around the app before it serves its first request.

    Not in "middleware": Gradio puts its own around those, and one of them answers every other site's scripts.
    """
    blocks = app.get_blocks()
    app.middleware_stack = Guard(app.middleware_stack, blocks, blocks.readers)
    yield
