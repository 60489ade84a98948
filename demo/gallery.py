"""Recorded runs worth seeing, as plain files that any static host serves: python -m demo.gallery FOLDER

Each is a page of its own with the player, open without a server and without a network, and leads to all others; the
first one is index.html, too. With --records the same runs are written as the live page plays them.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from tqdm import tqdm

from demo.__main__ import OK, REFUSED, Refused, env_settings, load_engine
from demo.engine.api import Engine
from demo.page.facts import facts
from demo.recorder import record
from demo.run import bundle, export
from demo.run.trace import BadRequest, Request, Watch

FOX = {"prompt": "a red fox wearing sunglasses on a skateboard", "seed": 7}
Wanted = tuple[tuple[str, str, dict[str, Any]], ...]  # name of the file, what it is there for, what is asked
RUNS: Wanted = (
    ("fox", "As the page draws it", FOX),
    ("other-static", "The same words from other static", FOX | {"seed": 8}),
    ("one-leap", "All of it in one leap", FOX | {"steps": 1}),
    ("four-steps", "In four steps", FOX | {"steps": 4}),
    ("unguided", "Nobody pushes: guidance 1", FOX | {"guidance": 1}),
    ("pushed", "Pushed far too hard: guidance 15", FOX | {"guidance": 15}),
    ("fresh-static", "Fresh static thrown in at every step", FOX | {"scheduler": "euler-ancestral"}),
    ("changed-mind", "From step 3 on it is told something else", FOX | {"branch_at": 3, "then": "a blue cat"}),
    ("without", "It has never heard of “without”", {"prompt": "a fox without sunglasses", "seed": 7}),
    ("rider", "An astronaut riding a horse", {"prompt": "an astronaut riding a horse", "seed": 7}),
    ("apples", "Can it count?", {"prompt": "three red apples", "seed": 7}),
    ("two-things", "Two things at once", {"prompt": "a green frog next to a blue car", "seed": 7}),
)
LIST = "runs.json"
THUMB = 112  # pixels


class Shown(NamedTuple):
    """One run of the gallery: its file's name without an ending, what it is there for, and its recording."""

    name: str
    title: str
    request: Request
    text: str
    thumb: str  # its result, small, as a data: address


def possible(engine: Engine, runs: Wanted = RUNS) -> list[tuple[str, str, Request]]:
    """Those that this engine draws, each as a Request; of the others it is said on stderr why they are left out."""
    found = []
    for name, title, asked in runs:
        try:
            found.append((name, title, engine.abilities.request(**asked)))
        except BadRequest as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
    return found


def drawn(engine: Engine, runs: list[tuple[str, str, Request]]) -> Iterator[Shown]:
    """Draw one after the other."""
    for name, title, request in runs:
        with closing(engine.frames(request, watch=Watch(word_maps=True, guesses=True))) as frames:
            kept = list(frames)
        yield Shown(name, title, request, record(engine, request, kept), _thumb(Image.fromarray(kept[-1].image)))


def listed(shown: list[Shown], ending: str) -> list[dict[str, Any]]:
    """What a page is told of the runs: where each is, its title and request, its result as a small picture."""
    return [
        {
            "file": one.name + ending,
            "run": json.loads(one.text)["messages"][0]["run"],
            "title": one.title,
            "prompt": one.request.prompt,
            "seed": one.request.seed,
            "steps": one.request.steps,
            "guidance": one.request.guidance,
            "scheduler": one.request.scheduler,
            "branch": one.request.parent is not None,
            "picture": one.thumb,
        }
        for one in shown
    ]


def write_records(folder: Path, shown: list[Shown]) -> None:
    """The runs as the live page fetches them, and the list of them."""
    for one in shown:
        export.page(one.text, folder / f"{one.name}.json")
    export.page(json.dumps(listed(shown, ".json"), ensure_ascii=False, indent=1) + "\n", folder / LIST)


def write_pages(folder: Path, shown: list[Shown], told: dict[str, Any]) -> None:
    """A page for each run, and index.html, the first of them; `told` is what a page is told of the model."""
    told = told | {"shelf": listed(shown, ".html")}
    for one in shown:
        page = bundle.capsule(one.text, told, export.title(one.request))
        for name in (one.name, *(["index"] if one is shown[0] else [])):
            export.page(page, folder / f"{name}.html")


def main(argv: list[str] | None = None, load: Callable[[str], Engine] = load_engine, runs: Wanted = RUNS) -> int:
    """Draw the runs and write them; returns the exit code. `load(model)` gives the engine (tests pass a fake)."""
    options = _parser().parse_args(argv)
    try:
        settings = env_settings()
        options.folder.mkdir(parents=True, exist_ok=True)
        export.probe(options.folder / "index.html")
        engine = load(settings.model)
        wanted = possible(engine, runs)
        shown = list(tqdm(drawn(engine, wanted), "runs", len(wanted), file=sys.stderr))
        if options.records:
            write_records(options.folder, shown)
        else:
            write_pages(options.folder, shown, facts(engine, settings))
    except OSError as error:
        print(f"Cannot write to {str(options.folder)!r}: {error.strerror}.", file=sys.stderr)
    except Refused as error:
        print(error, file=sys.stderr)
    else:
        print(options.folder)
        return OK
    return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m demo.gallery", description="Write a gallery of recorded runs.")
    parser.add_argument("folder", type=Path, help="where the files go; it is made where there is none")
    parser.add_argument("--records", action="store_true", help="the files that the live page plays, instead of pages")
    return parser


def _thumb(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.resize((THUMB, THUMB), Image.Resampling.LANCZOS).save(buffer, "WEBP", quality=70)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    sys.exit(main())
