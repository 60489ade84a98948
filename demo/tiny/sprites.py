"""Make assets/sprites: every drawing of every thing that the tiny model's scenes are composed of.

Run as `python -m demo.tiny.sprites FOLDER`, where FOLDER holds the node_modules of

    npm install @iconify-json/{noto,noto-v1,twemoji,fluent-emoji-flat,emojione,fxemoji,game-icons}

It needs cairosvg (with the system's libcairo) and imagequant; nothing else in the project does. What is drawn from
which icon is data: assets/sprites/sources.json, which also lists the drawings that were left out and why.

One folder a set, one file a thing: assets/sprites/<set>/<name with _ for spaces>.png, SIDE x SIDE with transparency.
Emoji sets are rasterised as they are. The glyphs of `game` have one colour: their lines get the darker and what
they enclose the lighter of two tints. The shapes of `drawn`, `drawn_2` and `drawn_3` are the project's own, by three
hands: flat, outlined, and leaning.
"""

import io
import json
import sys
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, ImageColor, ImageDraw

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "sprites"
SIDE = 136  # of a sprite, pixels
FINER = 2  # times SIDE, before the picture is scaled down
COLOURS = 48  # of a file's palette; twice as many look the same and weigh a quarter more

# How each hand holds the pen: the attributes of the group that a shape is drawn in.
HANDS = {
    "drawn": 'stroke="none"',
    "drawn_2": 'stroke="#2b2b2b" stroke-width="3" stroke-linejoin="round"',
    "drawn_3": 'stroke="none" transform="translate(50 50) rotate(-7) scale(.86 .95) translate(-50 -50)"',
}


def file_of(set_name: str, name: str) -> Path:
    return FOLDER / set_name / f"{name.replace(' ', '_')}.png"


@cache
def icons_of(modules: Path, package: str) -> dict:
    """An icon set as its package tells it; FileNotFoundError where it is not installed."""
    return json.loads((modules / "@iconify-json" / package / "icons.json").read_text(encoding="utf-8"))


def icon_svg(icons: dict, slug: str) -> str:
    """The SVG of an icon or of the one that it is an alias of; KeyError names the icon that the set lacks."""
    while slug not in icons["icons"]:
        try:
            slug = icons["aliases"][slug]["parent"]
        except KeyError:
            raise KeyError(f"{icons['prefix']} has no icon {slug!r}") from None
    icon = icons["icons"][slug]
    left, top, width, height = (
        icon.get(key, icons.get(key, default))
        for key, default in (("left", 0), ("top", 0), ("width", 16), ("height", 16))
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'
    )


def shape_svg(shape: dict, hand: str) -> str:
    """A shape of our own as `hand` draws it: $a, $b and $c in its body stand for the colours of that hand."""
    body = shape["body"]
    for letter, colour in zip("abc", shape["colours"][list(HANDS).index(hand)], strict=False):
        body = body.replace(f"${letter}", colour)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g {HANDS[hand]}>{body}</g></svg>'


def tint(glyph: Image.Image, dark: str, light: str) -> Image.Image:
    """A glyph of one colour in two: its lines `dark`, and whatever they enclose `light`."""
    lines = glyph.getchannel("A")
    # Flood the empty ground from outside; a border keeps it connected around glyphs that touch their edges.
    ground = Image.new("L", (glyph.width + 2, glyph.height + 2))
    ground.paste(lines.point(lambda a: 255 if a > 127 else 0), (1, 1))
    ImageDraw.floodfill(ground, (0, 0), 128)
    enclosed = ground.crop((1, 1, glyph.width + 1, glyph.height + 1)).point(lambda g: 255 if g == 0 else 0)
    picture = Image.new("RGBA", glyph.size, (*ImageColor.getrgb(light), 0))
    picture.putalpha(ImageChops.lighter(enclosed, lines))
    inked = Image.new("RGB", glyph.size, light)
    inked.paste(dark, mask=lines)
    return Image.merge("RGBA", (*inked.split(), picture.getchannel("A")))


def rasterise(svg: str) -> Image.Image:
    """FINER x SIDE pixels square, RGBA."""
    import cairosvg

    size = FINER * SIDE
    return Image.open(io.BytesIO(cairosvg.svg2png(svg.encode(), output_width=size, output_height=size))).convert("RGBA")


def draw(svg: str, tints: list[str] | None = None, turned: float = 0) -> Image.Image:
    """SIDE x SIDE, RGBA, `turned` anticlockwise by so many degrees; ValueError where nothing is drawn."""
    picture = rasterise(svg)
    if tints:
        picture = tint(picture, *tints)
    if turned:
        picture = picture.rotate(turned, Image.Resampling.BICUBIC)
    if picture.getchannel("A").getextrema()[1] < 255:
        raise ValueError("an empty drawing")
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def write(picture: Image.Image, path: Path) -> None:
    """As a PNG with a palette: a third of the size, and the same to the eye."""
    import imagequant

    path.parent.mkdir(parents=True, exist_ok=True)
    # No dithering: its noise weighs more than it hides in flat colours.
    imagequant.quantize_pil_image(picture, dithering_level=0.0, max_colors=COLOURS).save(path, optimize=True)


def drawings(modules: Path, sources: dict):
    """Every (set, name, SVG, tints, degrees to turn) that sources.json tells of."""
    for set_name, names in sources["icons"].items():
        icons = icons_of(modules, sources["packages"][set_name])
        for name, slug in names.items():
            tints = sources["tints"][name] if set_name == "game" else None
            yield set_name, name, icon_svg(icons, slug), tints, sources["turned"].get(set_name, {}).get(name, 0)
    for name, shape in sources["shapes"].items():
        for hand in HANDS:
            yield hand, name, shape_svg(shape, hand), None, 0


def main(folder: str) -> None:
    sources = json.loads((FOLDER / "sources.json").read_text(encoding="utf-8"))
    for set_name, name, svg, tints, turned in drawings(Path(folder) / "node_modules", sources):
        try:
            write(draw(svg, tints, turned), file_of(set_name, name))
        except Exception as error:
            raise RuntimeError(f"cannot draw {name!r} of {set_name}: {error}") from error


if __name__ == "__main__":
    main(sys.argv[1])
