"""Makes the picture that is shown where a link to the page is shared: `python -m demo.page.share`.

It shows four states of the run in the README, as they were drawn, under the page's name. Nothing else uses this module.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageSequence

from demo.page.head import PICTURE, SIZE, TITLE
from demo.page.site import STATIC

RUN = STATIC.parent.parent / "assets" / "readme" / "fox.gif"
STATES = (0, 8, 15, -1)  # of 31
SIDE, GAP, TOP, LEFT = 256, 24, 294, 52
GROUND, TEXT, QUIET = "#0f1013", "#f1eee7", "#b5b0a6"
CLAIM = "Type a prompt and watch static turn into it, step by step."


def draw() -> Image.Image:
    """The picture, RGB of head.SIZE."""
    with Image.open(RUN) as gif:
        states = [frame.convert("RGB") for frame in ImageSequence.Iterator(gif)]
    picture = Image.new("RGB", SIZE, GROUND)
    pen = ImageDraw.Draw(picture)
    pen.text((LEFT, 64), TITLE, TEXT, ImageFont.load_default(96))
    pen.text((LEFT + 4, 196), CLAIM, QUIET, ImageFont.load_default(38))
    for at, state in enumerate(STATES):
        shown = states[state].resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        picture.paste(shown, (LEFT + at * (SIDE + GAP), TOP))
    return picture


def main() -> None:
    """Write it where the head says that it is."""
    draw().save(STATIC / Path(PICTURE).name, "JPEG", quality=86, subsampling=0)


if __name__ == "__main__":
    main()
