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
from demo.settings import GALLERY, LAB, LESSON

STATIC = Path(__file__).resolve().parent.parent / "web"
ICON = STATIC / "icon.svg"
_FILES = StaticFiles(directory=STATIC)
_LESSON = StaticFiles(directory=LESSON, check_dir=False)  # nor need it come with a sheet for teachers
_RUNS = StaticFiles(directory=GALLERY, check_dir=False)  # a copy may come without recorded runs
_LAB = StaticFiles(directory=LAB, check_dir=False)


def app_kwargs() -> dict[str, Any]:
    """For `launch(app_kwargs=...)`: the routes come before Gradio's and so win."""
    return {
        "routes": [
            Route("/out-of-static/runs/{path:path}", _run, methods=["GET", "HEAD"]),
            Route("/out-of-static/lab/{path:path}", _made, methods=["GET", "HEAD"]),
            Route("/out-of-static/lesson/{path:path}", _lesson, methods=["GET", "HEAD"]),
            Route("/out-of-static/{path:path}", _file, methods=["GET", "HEAD"]),
        ],
        "middleware": [Middleware(Head)],
        "lifespan": _guarded,
    }


async def _file(request: Request) -> Response:
    """A file that a browser asks about again each time (304 while unchanged), so that a new version shows at once.

    A route and not a mount: a mount looks for the proxy's part of the path, which a proxy may have stripped.
    """
    return await _fresh(_FILES, request)


async def _run(request: Request) -> Response:
    """A recorded run, in the same way."""
    return await _fresh(_RUNS, request)


async def _made(request: Request) -> Response:
    """A picture that was made of the training, in the same way."""
    return await _fresh(_LAB, request)


async def _lesson(request: Request) -> Response:
    """The sheet for a lesson, in the same way."""
    return await _fresh(_LESSON, request)


async def _fresh(files: StaticFiles, request: Request) -> Response:
    response = await files.get_response(request.path_params["path"], request.scope)
    response.headers["Cache-Control"] = "no-cache"
    return response


@asynccontextmanager
async def _guarded(app: Any) -> AsyncIterator[None]:
    """Put the guard around the app before it serves its first request.

    Not in "middleware": Gradio puts its own around those, and one of them answers every other site's scripts.
    """
    blocks = app.get_blocks()
    app.middleware_stack = Guard(app.middleware_stack, blocks, blocks.readers, blocks.limits)
    yield
