"""Routes beside Gradio's own: the page's files, and the doors that stay shut because nothing here uses them."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).resolve().parent.parent / "web"
HOME = "/out-of-static"
# Each of these would write files for anybody who asks, without an end: the page has no uploads and no deep links.
SHUT = ("/gradio_api/deep_link", "/gradio_api/upload", "/gradio_api/upload_progress")


class Files(StaticFiles):
    """Files that a browser asks about again each time (304 while unchanged), so that a new version shows at once."""

    def file_response(self, *args, **kwargs):
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def routes() -> list:
    """For `launch(app_kwargs={"routes": ...})`: they come before Gradio's and so win."""
    shut = [Route(path, _shut, methods=["GET", "POST"]) for path in SHUT]
    return [*shut, Mount(HOME, Files(directory=STATIC))]


async def _shut(_request):
    return PlainTextResponse("Not offered here.", status_code=404)
