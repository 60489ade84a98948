"""All figures of the project in one table, with what is aimed at: `python tests/bench/figures.py [NAME ...]`.

Each row is a line of another script of this folder, run in a process of its own, one after the other; names choose
scripts. On an idle machine all of them take three quarters of an hour. What a script does not say is told as missing.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class Row(NamedTuple):
    """A figure: what it is, where in a script's output it stands, and the aim."""

    what: str
    told: str
    aim: str


SCRIPTS: dict[str, tuple[tuple[str, ...], list[Row]]] = {
    "watched": (
        ("--pairs", "8"),
        [
            Row("every state and guess exact, of the plain run", r"watched / plain +(.*)", "1.35"),
            Row("engine's first frame, seconds", r"first frame, second (.*\]),", "-"),
        ],
    ),
    "recording": (
        ("--rounds", "6"),
        [
            Row("word maps, of a bare watched run", r"words +/ bare +(.*)", "1.03"),
            Row("both guesses kept, of a bare watched run", r"guesses +/ bare +(.*)", "-"),
        ],
    ),
    "previews": (
        ("--rounds", "3"),
        [
            Row("linear preview of a large model, over the plain run", r"linear .* s +(\S+ %)$", "5 %"),
            Row("tiny preview of a large model, over the plain run", r"tiny .* s +(\S+ %)$", "-"),
        ],
    ),
    "patches": (
        (),
        [Row(f"words heard in {name}", rf"{name} .*unheard +(.*)", "1.03") for name in ("pixart", "sd3", "flux")],
    ),
    "company": (
        ("--rounds", "3"),
        [
            Row("four runs together, of one after the other", r"throughput .*other +(.*)", "1.3"),
            Row("slowest first frame, of its serial wait", r"slowest first frame.*wait +(.*)", "0.15"),
            Row("last to finish, of the mean", r"last to finish.*mean +(.*)", "1.3"),
            Row("picture in company, from that alone", r"from the run alone +(.*)", "45 dB"),
        ],
    ),
    "pressed": ((), [Row("Enter to the first picture on the page", r"first picture: .*then (.*) \(", "0.2 s")]),
    "scrub": ((), [Row("key to paint, 100 steps of 512 pixels", r"100 steps of 512 pixels: (.*)", "50 ms, 150 MB")]),
    "films": (
        (),
        [Row(f"{kind}, of Pillow's GIF", rf"^{kind} .* KB +(\S+) of", aim)
         for kind, aim in (("GIF", "0.5"), ("WebP", "0.25"), ("MP4", "0.1"))],
    ),
    "load": (
        ("--visitors", "1", "4", "16"),
        [
            Row("a lone visitor, pictures a minute", r"^ +1 +(\S+)", "-"),
            Row("sixteen visitors, pictures a minute", r"^ +16 +(\S+)", "-"),
            Row("sixteen visitors, whole runs", r"^ +16 .* (\d+/\d+) ", "all"),
            Row("wait that was told, off by (within 30 %)", r"^ +16 .* (\S+ \(\d+/\d+\))$", "30 %"),
        ],
    ),
}  # fmt: skip


def figures(name: str) -> list[tuple[str, str, str]]:
    """What, how much, aim: the rows of one script."""
    options, rows = SCRIPTS[name]
    done = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *options], capture_output=True, text=True)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    met = [re.search(row.told, done.stdout, re.MULTILINE) for row in rows]
    return [(row.what, one[1].strip() if one else "missing", row.aim) for row, one in zip(rows, met, strict=True)]


def main(names: list[str]) -> None:
    print(f"{'figure':58} {'measured':32} aim")
    for name in names or SCRIPTS:
        for what, told, aim in figures(name):
            print(f"{what:58} {told:32} {aim}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*SCRIPTS, []], metavar="NAME")
    main(parser.parse_args().names)
