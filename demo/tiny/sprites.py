"""Render the emoji of Noto Color Emoji that scenes are composed of, once, into assets/sprites/.

Run as `python -m demo.tiny.sprites NotoColorEmoji.ttf` (needs fontTools; nothing else in the project does).
The font carries 136x128 bitmaps; they are written as they are, padded to 136x136, with transparency.
"""

import io
import sys
from pathlib import Path

from PIL import Image

from .things import SPRITES

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sprites"
SIDE = 136


def glyph_name(font, text: str) -> str:
    """The glyph that draws `text`: one code point, or the ligature of a joined sequence such as person + rocket."""
    cmap = font.getBestCmap()
    names = [cmap[ord(c)] for c in text if ord(c) != 0xFE0F]
    if len(names) == 1:
        return names[0]
    for lookup in font["GSUB"].table.LookupList.Lookup:
        for sub in lookup.SubTable:
            sub = getattr(sub, "ExtSubTable", sub)
            for ligature in getattr(sub, "ligatures", {}).get(names[0], []):
                if ligature.Component == names[1:]:
                    return ligature.LigGlyph
    raise KeyError(f"the font has no glyph for {text!r}")


def main(font_path: str) -> None:
    from fontTools.ttLib import TTFont

    font = TTFont(font_path)
    bitmaps = font["CBDT"].strikeData[0]
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, emoji in SPRITES.items():
        picture = Image.open(io.BytesIO(bitmaps[glyph_name(font, emoji)].imageData)).convert("RGBA")
        square = Image.new("RGBA", (SIDE, SIDE))
        square.paste(picture, ((SIDE - picture.width) // 2, (SIDE - picture.height) // 2))
        square.save(FOLDER / f"{name.replace(' ', '_')}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
