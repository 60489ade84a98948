"""The run capsule: a recorded run and the page that plays it in one HTML file, which asks nobody for anything.

The page's own modules lie in the file as data, under names that an import map gives them; a rule inside the file
forbids every request. Knows the folder of the browser's code and text, nothing of what a run is.
"""

from __future__ import annotations

import base64
import html
import json
import posixpath
import re
from functools import partial
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parents[1] / "web"
RUN = '<script type="application/json" id="out-of-static-run">'  # what a reader looks for, up to the next </script>
RULE = (
    "default-src 'none'; script-src 'unsafe-inline' data:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
START = 'import { play } from "oos/capsule.js"; play(document);'
IMPORT = re.compile(r"""(\bfrom\s+|\bimport\s+|\bimport\()(["'])(\.{1,2}/[^"']*)\2""")


def capsule(record: str, facts: dict[str, Any], title: str, web: Path = WEB) -> str:
    """One HTML file from the text of a recorded run, and from what the page is told of its model (plain JSON)."""
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{RULE}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(title)}</title>",
            f"<style>{_styles(web)}</style>",
            f'<script type="importmap">{_safe(json.dumps({"imports": modules(web)}))}</script>',
            "</head><body>",
            markup(web),
            f"{RUN}{_safe(record)}</script>",
            f'<script type="application/json" id="out-of-static-facts">{_safe(json.dumps(facts))}</script>',
            f'<script type="module">{START}</script>',
            "</body></html>",
        ]
    )


def markup(web: Path = WEB) -> str:
    """page.html with the fragments that its comments name, in panels/ and parts/, in the place of the comments."""
    return re.sub(
        r"<!-- ((?:panels|parts)/[a-z]+\.html) -->", lambda met: _text(web / met[1]).strip(), _text(web / "page.html")
    )


def modules(web: Path = WEB) -> dict[str, str]:
    """Every module as a data: address, by the name under which the others import it: oos/<path>."""
    home = web / "js"
    found = {}
    for path in sorted(home.rglob("*.js")):
        folder = posixpath.join("oos", path.parent.relative_to(home).as_posix())
        text = IMPORT.sub(partial(_renamed, folder), _text(path))
        name = posixpath.normpath(posixpath.join(folder, path.name))
        found[name] = "data:text/javascript;base64," + base64.b64encode(text.encode()).decode()
    return found


def _renamed(folder: str, met: re.Match[str]) -> str:
    """An import of a neighbour by a name that needs no address: data: has none that it could be relative to."""
    name = posixpath.normpath(posixpath.join(folder, met[3])) + ("/" if met[3].endswith("/") else "")
    return f"{met[1]}{met[2]}{name}{met[2]}"


def _styles(web: Path) -> str:
    """The style sheets in the order in which the page fetches them, and the capsule's own."""
    order = re.search(r"SHEETS = (\[[^\]]*\])", _text(web / "boot.js"))
    names = [*json.loads(order[1] if order else "[]"), "capsule"]
    panels = sorted((web / "css" / "panels").glob("*.css"))
    sheets = [*(web / "css" / f"{name}.css" for name in names), *panels]
    return "\n".join(map(_text, sheets)).replace("</", r"<\/")


def _safe(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
