"""The command line: python -m demo "a blue cat" --seed 7 --out cat.gif

Reads arguments, runs the engine the page runs, shows a progress bar, writes one file, prints its path. Everything that
can be refused is refused before the model is loaded, in one sentence on stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
import unicodedata
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from demo.run import export
from demo.run.trace import SCHEDULERS, BadRequest, Frame, Request
from demo.settings import Settings

OK, REFUSED, FAILED, INTERRUPTED = 0, 2, 1, 130
SUFFIXES = (".gif", ".png")


class Refused(Exception):
    """Bad input other than the request itself; the text is one clear sentence."""


def main(argv: list[str] | None = None, load=None) -> int:
    """Run the command line and return its exit code; `load(model)` gives the engine (tests pass a fake)."""
    try:
        return _run(argv, load or load_engine)
    except (Refused, BadRequest) as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return INTERRUPTED


def load_engine(model: str):
    """The real engine; imported late, because torch takes seconds and a refusal should not. Raises Refused."""
    from demo.engine.api import BadModel
    from demo.engine.diffusers_engine import DiffusersEngine

    try:
        return DiffusersEngine.load(model)
    except BadModel as error:
        raise Refused(str(error)) from error


def slug(prompt: str) -> str:
    """A file name from a prompt: its letters and digits, of any script, lower case, joined by hyphens, at most 40."""
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in prompt.casefold())
    return "-".join(kept.split())[:40].strip("-") or "picture"


def _run(argv: list[str] | None, load) -> int:
    options = _parser().parse_args(argv)
    request = Request.checked(options.prompt, options.seed, options.steps, options.guidance, options.scheduler)
    path = Path(options.out or f"{slug(request.prompt)}-{request.seed}.gif")
    _check(path)
    engine = load(options.model or _model())
    if options.guidance is None:
        request = replace(request, guidance=engine.abilities.guidance)
    _warn(engine.unknown_words(request.prompt))
    frames = _frames(engine, request)
    try:
        if path.suffix.lower() == ".gif":
            export.gif(frames, request, path)
        else:
            export.png(frames[-1], request, path)
    except OSError as error:
        print(f"The picture is made, but writing {str(path)!r} failed: {error.strerror}.", file=sys.stderr)
        return FAILED
    sys.stdout.reconfigure(errors="backslashreplace")  # the file is there: its name must not fail on a plain terminal
    print(path)
    return OK


def _frames(engine, request: Request) -> list[Frame]:
    total = request.steps + 1
    with closing(engine.frames(request)) as frames:  # closing stops the engine's thread when Ctrl-C lands here
        return list(tqdm(frames, f"seed {request.seed}", total, unit=" states", file=sys.stderr))


def _check(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise Refused(f"--out must end in .gif (every step) or .png (the final picture), not {str(path)!r}.")
    try:
        export.probe(path)
    except OSError as error:
        raise Refused(f"Cannot write {str(path)!r}: {error.strerror}.") from error


def _warn(unknown: list[str]) -> None:
    if unknown:
        print(f"The model does not know: {', '.join(unknown)}.", file=sys.stderr)


def _model() -> str:
    try:
        return Settings.from_env().model
    except ValueError as error:
        raise Refused(str(error)) from error


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Refused(f"{message[:1].upper()}{message[1:]} (python -m demo --help shows the options).")


def _parser() -> argparse.ArgumentParser:
    # Numbers stay text here: Request.checked is the one place that reads and judges them.
    parser = _Parser("python -m demo", description="Draw a prompt, and keep every step of it.", allow_abbrev=False)
    parser.add_argument("prompt", help='what to draw, in quotes: "a blue cat"')
    parser.add_argument("--seed", help="a whole number; without it one is drawn")
    parser.add_argument("--steps", default=Request.steps, help="1 to 100 (default %(default)s)")
    parser.add_argument("--guidance", help="1 to 20 (default: the model's own)")
    parser.add_argument("--scheduler", default=Request.scheduler, help=f"{', '.join(SCHEDULERS)} (default %(default)s)")
    parser.add_argument("--out", help="a .gif of every step or a .png of the result (default: prompt and seed, .gif)")
    parser.add_argument("--model", help="a diffusers folder or hub id (default: DEMO_MODEL, else the model in assets/)")
    return parser


if __name__ == "__main__":
    code = main()
    if code == INTERRUPTED:  # a step may still be computing in its thread: leave without pulling Python from under it
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
