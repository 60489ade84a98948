"""The command line: python -m demo "a blue cat" --seed 7 --out cat.gif

Reads arguments, runs the engine the page runs, shows a progress bar, writes one file, prints its path. Everything that
can be refused is refused before the model is loaded, in one sentence on stderr.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import sys
import unicodedata
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from demo.engine.api import BrokenRun, Engine
from demo.recorder import record
from demo.run import bundle, capsule, export
from demo.run.films import LOOPS, VIEWS, Cut
from demo.run.trace import SCHEDULERS, STATES_ONLY, BadRequest, Frame, Request, Watch
from demo.run.values import listed, whole
from demo.settings import Settings

OK, REFUSED, FAILED, INTERRUPTED = 0, 2, 1, 130
WRITTEN = {
    ".gif": "every step",
    ".webp": "every step",
    ".mp4": "every step",
    ".png": "a picture",
    ".zip": "every picture",
    ".html": "the run with its player",
    ".json": "a recorded run, which the page plays",
}
RECORDED = (".zip", ".html", ".json")  # hold the run as the page knows it
ALL = "all"  # of --step: a film strip
ASKED = ("seed", "steps", "guidance", "scheduler", "negative_prompt", "width", "height")
BRANCH = ("branch_at", "then", "then_guidance", "then_negative_prompt", "fresh")
LONGEST = 40  # letters of a prompt in a file name


class Refused(Exception):
    """Bad input other than the request itself; the text is one clear sentence."""


def main(argv: list[str] | None = None, load: Callable[[str], Engine] | None = None) -> int:
    """Run the command line and return its exit code; `load(model)` gives the engine (tests pass a fake)."""
    try:
        return _run(argv, load or load_engine)
    except (Refused, BadRequest) as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except BrokenRun as broken:
        print(f"\n{broken}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED


def load_engine(model: str) -> Engine:
    """The real engine; imported late, because torch takes seconds and a refusal should not. Raises Refused."""
    from demo.engine.api import BadModel
    from demo.engine.diffusers_engine import DiffusersEngine

    try:
        settings = env_settings()
        return DiffusersEngine.load(model, **settings.machine())
    except BadModel as error:
        raise Refused(str(error)) from error


def slug(prompt: str) -> str:
    """A file name from a prompt: its letters and digits, of any script, lower case, joined by hyphens."""
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in prompt.casefold())
    return "-".join(kept.split())[:LONGEST].strip("-") or "picture"


def name(request: Request, guidance: str | None = None, model: str | None = None) -> str:
    """A file name that tells runs apart that differ in anything: a-blue-cat-7, a-blue-cat-7-50-steps-euler.

    What is as usual is left out; what a name cannot show (letters of a prompt, a model) is six digits of its hash.
    """
    parts = [slug(request.prompt), str(request.seed)]
    parts += [f"{request.steps}-steps"] if request.steps != Request.steps else []
    parts += [slug(request.scheduler)] if request.scheduler != Request.scheduler else []
    parts += [f"guidance-{request.guidance:g}"] if guidance is not None else []
    parts += [f"branch-{request.at}"] if request.parent else []
    parts += [f"{request.width or 'own'}x{request.height or 'own'}"] if request.width or request.height else []
    hidden = [] if slug(request.prompt).replace("-", " ") == request.prompt else [request.prompt]
    hidden += [model] if model else []
    hidden += [json.dumps(request.to_json()["branch"])] if request.parent else []
    hidden += ["without", request.negative_prompt] if request.negative_prompt else []
    hidden += [repr(request.guidance)] if f"{request.guidance:g}" != f"{request.guidance:.17g}" else []
    parts += [hashlib.sha256("\0".join(hidden).encode()).hexdigest()[:6]] if hidden else []
    return "-".join(parts)


def _run(argv: list[str] | None, load: Callable[[str], Engine]) -> int:
    options = _parser().parse_args(argv)
    said = {name: getattr(options, name) for name in (*ASKED, *BRANCH)}
    request = Request.checked(options.prompt, **said)  # what no model could do is refused before one is loaded
    path = Path(options.out) if options.out else _free(name(request, options.guidance, options.model))
    kind = _check(path)
    cut = _cut(options, kind)
    if kind in export.FILMS:
        cut.fits(request.steps + 1)
    _check_step(options.step, kind, cut, request)
    engine = load(options.model or env_settings().model)
    request = engine.abilities.request(options.prompt, **said | {"seed": request.seed})
    _warn(engine, request.prompt)
    frames = _frames(engine, request, Watch(word_maps=True, guesses=True) if kind in RECORDED else STATES_ONLY)
    try:
        _write(engine, request, frames, path, cut, options.step)
    except OSError as error:
        print(f"The picture is made, but writing {str(path)!r} failed: {error.strerror}.", file=sys.stderr)
        return FAILED
    sys.stdout.reconfigure(errors="backslashreplace")  # the file is there: its name must not fail on a plain terminal
    print(path)
    return OK


def _write(engine: Engine, request: Request, frames: list[Frame], path: Path, cut: Cut, step: str | None) -> None:
    kind = path.suffix.lower()
    if kind in export.FILMS:
        export.film(frames, request, path, cut)
    elif kind == ".png" and step == ALL:
        export.strip(frames, request, path, cut)
    elif kind == ".png":
        export.png(export.picked(step, frames), request, path, cut.view)
    elif kind == ".zip":
        export.archive(frames, request, path, engine.trace(request, frames).to_json(), record(engine, request, frames))
    elif kind == ".html":
        from demo.page.facts import facts

        text = record(engine, request, frames, capsule.ROOMY)
        export.page(bundle.capsule(text, facts(engine, env_settings()), export.title(request)), path)
    else:
        export.page(record(engine, request, frames), path)


def _cut(options: argparse.Namespace, kind: str) -> Cut:
    """How a film is cut; of a picture the state is usual, not both. Raises BadRequest."""
    view = options.view or ("state" if kind == ".png" else None)
    return Cut.checked(view, options.speed, options.hold, options.size, options.loop)


def _check_step(step: str | None, kind: str, cut: Cut, request: Request) -> None:
    if step is not None and kind != ".png":
        raise Refused("--step chooses the step of a .png.")
    if step not in (None, ALL):
        least = 0 if cut.view == "state" else 1  # before the first step nothing is guessed
        whole("--step", step, least, request.steps)


def _frames(engine: Engine, request: Request, watch: Watch) -> list[Frame]:
    total = request.steps + 1
    with closing(engine.frames(request, watch=watch)) as frames:  # closing stops the engine when Ctrl-C lands here
        return list(tqdm(frames, f"seed {request.seed}", total, unit=" states", file=sys.stderr))


def _free(stem: str) -> Path:
    """A GIF of this name, numbered where there is one already: nobody's picture is overwritten unasked."""
    names = itertools.chain([f"{stem}.gif"], (f"{stem}-{again}.gif" for again in itertools.count(2)))
    return next(path for path in map(Path, names) if not os.path.lexists(path))


def _check(path: Path) -> str:
    """The kind of file that is wanted. Raises Refused where it is none, or cannot be written."""
    if path.suffix.lower() not in WRITTEN:
        kinds = listed(f"{suffix} ({what})" for suffix, what in WRITTEN.items()).replace(" and ", " or ")
        raise Refused(f"--out must end in {kinds}, not {str(path)!r}.")
    try:
        export.probe(path)
    except OSError as error:
        raise Refused(f"Cannot write {str(path)!r}: {error.strerror}.") from error
    return path.suffix.lower()


def _warn(engine: Engine, prompt: str) -> None:
    if unknown := engine.unknown_words(prompt):
        print(f"The model does not know: {', '.join(unknown)}.", file=sys.stderr)
    if engine.abilities.can("numbers") and (cut := engine.numbers(prompt).cut):
        print(f"The prompt is too long for the model, which never hears: {cut}", file=sys.stderr)


def env_settings() -> Settings:
    """What the environment says. Raises Refused."""
    try:
        return Settings.from_env()
    except ValueError as error:
        raise Refused(str(error)) from error


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(f"{message[:1].upper()}{message[1:]} (python -m demo --help shows the options).")


def _parser() -> argparse.ArgumentParser:
    # Numbers stay text here: Request.checked is the one place that reads and judges them.
    parser = _Parser("python -m demo", description="Draw a prompt, and keep every step of it.", allow_abbrev=False)
    parser.add_argument("prompt", help='what to draw, in quotes: "a blue cat"')
    parser.add_argument("--seed", help="a whole number; without it one is drawn")
    own = "(default: the model's own)"
    parser.add_argument("--steps", help=f"1 to 100 {own}")
    parser.add_argument("--guidance", help=f"1 to 20, 1 is off {own}")
    parser.add_argument("--scheduler", help=f"{', '.join(SCHEDULERS)} {own}")
    parser.add_argument("--negative-prompt", help="what the picture should not show, if the model takes that")
    parser.add_argument("--width", help=f"in pixels {own}")
    parser.add_argument("--height", help=f"in pixels {own}")
    parser.add_argument(
        "--out",
        help="a .gif, .webp or .mp4 of every step, a .png, a .zip of all pictures, an .html that plays the run, or a "
        ".json for the page; it is overwritten (default: a .gif named after what was asked, which is not)",
    )
    branch = parser.add_argument_group("a branch: from some step on, something else")
    branch.add_argument("--branch-at", metavar="STEP", help="the run goes on otherwise from here, 0 to steps-1")
    branch.add_argument("--then", metavar="PROMPT", help="the prompt from there on")
    branch.add_argument("--then-guidance", metavar="GUIDANCE", help="the guidance from there on")
    branch.add_argument("--then-negative-prompt", metavar="PROMPT", help="the negative prompt from there on")
    branch.add_argument("--fresh", metavar="SEED", help="the noise of that step is drawn anew from this seed")
    film = parser.add_argument_group("what a film or picture shows")
    film.add_argument("--view", help=f"{', '.join(VIEWS)} (default both; of a .png state)")
    film.add_argument("--speed", help="states a second, 1 to 50 (default 10, faster for long runs)")
    film.add_argument("--hold", help="seconds that the first and the last picture stay, 0 to 10 (default 1.5)")
    film.add_argument("--size", help="pixels, the width of one picture, 64 to 1024")
    film.add_argument("--loop", help=f"{', '.join(LOOPS)} (default forward)")
    film.add_argument("--step", help=f"of a .png: which step (default the last), or {ALL} for a film strip")
    parser.add_argument("--model", help="a diffusers folder or hub id (default: DEMO_MODEL, else the model in assets/)")
    return parser


if __name__ == "__main__":
    code = main()
    if code == INTERRUPTED:  # a step may still be computing in its thread: leave without pulling Python from under it
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
