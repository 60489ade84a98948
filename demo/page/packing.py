"""What is made of a run when its last state is there: the files for its visitor. Knows nothing of lines and threads."""

from __future__ import annotations

import logging
from pathlib import Path

from demo.engine.api import Engine
from demo.page.visit import Visit
from demo.run import export
from demo.run.store import Runs
from demo.run.trace import BadRequest

NO_GIF = "The GIF could not be written on the server; every step is here all the same."
LEFT = "The run was stopped because nobody waited for it."
log = logging.getLogger(__name__)


def gif(visit: Visit) -> tuple[str | None, int, str | None]:
    """The GIF of a run, its bytes, and no note; a full disk costs the GIF and not the run, and then a note says so."""
    if not visit.frames:
        return None, 0, None
    try:
        path = visit.run.path(".gif")
        export.film(visit.frames, visit.run.request, path)
        return str(path), path.stat().st_size, None
    except OSError as error:
        log.error("a GIF could not be written", exc_info=error)
        return None, 0, NO_GIF


def files(visit: Visit, runs: Runs, engine: Engine) -> tuple[Path, Path, dict]:
    """Of a run that was not told: its picture, its GIF, its trace. Raises BadRequest where it is not whole, and what it
    broke with."""
    run, frames = visit.run, visit.frames
    if visit.error is not None:
        raise visit.error
    if len(frames) <= run.request.steps:
        raise BadRequest(LEFT)
    picture, film = run.path(".png"), run.path(".gif")
    export.png(frames[-1], run.request, picture)
    export.film(frames, run.request, film)
    runs.weigh(run)
    return picture, film, engine.trace(run.request, frames).to_json()
