"""What else people say for things: assets/sprites/keywords.json, which `python -m demo.tiny.related FOLDER` writes.

FOLDER holds the node_modules of `npm install emojibase-data`, which has the keywords that Unicode's CLDR gives emoji. A
keyword is no synonym ("morning" belongs to a cup of coffee), but good enough to offer the thing to a person.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sprites"
FILE = FOLDER / "keywords.json"
OFFERED = 6  # names for one keyword


def related(names: Iterable[str], words: Iterable[str]) -> dict[str, list[str]]:
    """Keyword -> which of `names` it may mean, those with the fewest keywords first; no keyword is one of `words`."""
    known, found = {*words}, {}
    told = json.loads(FILE.read_text("utf-8"))
    for name in sorted({*names} & told.keys(), key=lambda name: (len(told[name]), name)):
        for keyword in told[name]:
            if keyword not in known:
                found.setdefault(keyword, []).append(name)
    return {keyword: of[:OFFERED] for keyword, of in sorted(found.items())}


def main(folder: str) -> None:
    """Raises FileNotFoundError where emojibase-data is not installed in `folder`."""
    data = json.loads((Path(folder) / "node_modules" / "emojibase-data" / "en" / "data.json").read_text("utf-8"))
    tags = {_slug(emoji["label"]): emoji.get("tags", []) for emoji in data}
    icons = json.loads((FOLDER / "sources.json").read_text("utf-8"))["icons"]["noto"]
    told = {name: [tag for tag in tags[slug] if tag.isalpha()] for name, slug in icons.items() if slug in tags}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(told[name])}" for name in sorted(told))
    FILE.write_text(f"{{\n{lines}\n}}\n", "utf-8")


def _slug(label: str) -> str:
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())


if __name__ == "__main__":
    main(sys.argv[1])
