"""A film as a GIF: one palette for all of it, of which noise gets few colours.

Noise is what a GIF pays for, and in 256 colours it costs about twice as much as in a few. So noisy states use only the
beginning of the palette and cleaner ones more; all of it serves the clean pictures, which people look at for longest.
Put together from Pillow's own blocks: `Image.save`, which imageio calls too, would drop a picture that equals the one
before it, and write the palette again for every picture.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image, ImageFilter

from demo.run.films import GROUND, INK, Film, Tick, unheard
from demo.run.trace import Frame, Pixels

COLOURS = 256
RAMP = 8  # colours of the line below the pictures
TIERS = ((24, 0.5), (48, 0.366), (72, 0.1695))  # colours for states with more than this noise left
ENOUGH = 40_000  # pixels that a palette is made from
PAYS, FINE = 3.0, 36.0  # dB: dithering must take so much off the bands, and leave the picture so close
Indices = NDArray[np.uint8]  # (H, W), places in the palette


class Palette(NamedTuple):
    """All colours as R, G, B, R ...: the ramp, those of each tier of noise, then those of clean pictures.

    `ends[t]` colours serve the states of tier t. last: the last frame's tiles as indices, exact. dithered: whether
    clean pictures are.
    """

    colours: list[int]
    ends: list[int]
    last: list[Indices]
    dithered: bool


def gif(film: Film, recipe: Mapping[str, Any], file: BinaryIO, tick: Tick = unheard) -> None:
    """Write `film`, looping for ever; the comment holds `recipe` as JSON in UTF-8."""
    palette = _palette(film)
    comment = json.dumps(recipe, ensure_ascii=False).encode()
    for at, (index, ms) in enumerate(zip(film.order, film.delays, strict=True)):
        tick(at / len(film.order))
        picture = _picture(_indexed(film, index, palette), palette.colours)
        if at == 0:
            header, _ = GifImagePlugin.getheader(picture, info={"loop": 0, "duration": ms, "comment": comment})
            file.write(b"".join(header))
        file.write(b"".join(GifImagePlugin.getdata(picture, duration=ms)))
    file.write(b";")


def _indexed(film: Film, index: int, palette: Palette) -> Indices:
    """One shot in indices; tile by tile, because each has its own share of the palette."""
    shot = film.shot(index)
    tiles = palette.last
    if index != len(film.frames) - 1:
        tiles = [_tile(tile, noise, palette) for tile, noise in zip(shot.tiles, shot.noise, strict=True)]
    wide, high = film.size
    indices = np.zeros((high, wide), np.uint8)  # colour 0 is the ground
    left = 0
    for tile in tiles:
        indices[: tile.shape[0], left : left + tile.shape[1]] = tile
        left += wide - tile.shape[1]  # the second stands at the right end
    if shot.caption is not None:
        top = tiles[0].shape[0]
        grey = shot.caption[..., 0].astype(int)
        indices[top : top + len(grey)] = np.clip(
            (RAMP - 1) * (grey - GROUND[0]) / (INK[0] - GROUND[0]), 0, RAMP - 1
        ).round()
    return indices


def _tile(tile: Pixels, noise: float, palette: Palette) -> Indices:
    tier = _tier(noise)
    colours = palette.colours if tier is None else palette.colours[: 3 * palette.ends[tier]]
    dither = Image.Dither.FLOYDSTEINBERG if noise == 0 and palette.dithered else Image.Dither.NONE  # noise has no bands
    return _mapped(Image.fromarray(tile), colours, dither)


def _mapped(picture: Image.Image, colours: list[int], dither: Image.Dither) -> Indices:
    return np.asarray(picture.quantize(palette=_holder(colours), dither=dither))


def _palette(film: Film) -> Palette:
    ramp = RAMP if film.view == "both" else 1  # colour 0 is the ground
    colours = [round(a + (b - a) * at / (RAMP - 1)) for at in range(ramp) for a, b in zip(GROUND, INK, strict=True)]
    ends = []
    for tier, (size, _) in enumerate(TIERS):
        here = [] if film.view == "guess" else [f for f in film.frames[:-1] if _tier(f.noise_left) == tier]
        if here:
            colours = colours + _noise_colours(here, ramp + size - len(colours) // 3)
        ends.append(len(colours) // 3)
    last = film.shot(len(film.frames) - 1).tiles
    found = _some([*last, *_guesses(film)]).quantize(COLOURS - len(colours) // 3, Image.Quantize.MEDIANCUT, kmeans=1)
    colours = colours + _colours(found)
    exact = [_nearest(tile, colours) for tile in last]
    fine = [_mapped(Image.fromarray(tile), colours, Image.Dither.FLOYDSTEINBERG) for tile in last]
    pays = all(_pays(tile, _rgb(a, colours), _rgb(b, colours)) for tile, a, b in zip(last, exact, fine, strict=True))
    return Palette(colours, ends, fine if pays else exact, pays)


def _guesses(film: Film) -> list[Pixels]:
    """A quarter of the rows of a few guesses: they are clean before the last state is."""
    if film.view == "state":
        return []
    guesses = [at for at, frame in enumerate(film.frames[:-1]) if frame.denoised is not None]
    return [film.shot(at).tiles[-1][::4] for at in guesses[:: max(1, len(guesses) // 4)]]


def _some(tiles: list[Pixels]) -> Image.Image:
    """Enough of the pixels of these tiles, which are as wide as one another."""
    pixels = np.concatenate(tiles)
    stride = max(1, round((pixels.shape[0] * pixels.shape[1] / ENOUGH) ** 0.5))
    return Image.fromarray(pixels[::stride, ::stride])


def _nearest(tile: Pixels, colours: list[int]) -> Indices:
    """The nearest colour for every pixel: `quantize(palette=)` looks them up in boxes, which costs 2 dB."""
    palette = np.asarray(colours, np.float32).reshape(-1, 3)
    lengths = (palette**2).sum(axis=1)
    return np.stack([(lengths - 2 * row.astype(np.float32) @ palette.T).argmin(axis=1) for row in tile]).astype(
        np.uint8
    )


def _pays(picture: Pixels, plain: Pixels, dithered: Pixels) -> bool:
    """Whether dithering shows: bands are what is left of the error where one looks from afar."""
    near = psnr(picture, dithered)
    return near >= FINE and psnr(_afar(picture), _afar(dithered)) >= psnr(_afar(picture), _afar(plain)) + PAYS


def psnr(one: Pixels, other: Pixels) -> float:
    """10 log10(255^2 / mean squared error), in dB; infinite for equal pictures."""
    error = float(np.mean((one.astype(np.float32) - other) ** 2))
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))


def _afar(picture: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2)))


def _tier(noise: float) -> int | None:
    """Which tier of noise; None for a clean picture."""
    return next((tier for tier, (_, least) in enumerate(TIERS) if noise > least), None)


def _noise_colours(frames: list[Frame], count: int) -> list[int]:
    """At most `count` colours for noisy states; a thousand pixels of four of them say enough."""
    stride = max(1, frames[0].image.shape[1] // 32)
    some = [frames[round(share * (len(frames) - 1))].image[::stride, ::stride] for share in (0, 1 / 3, 2 / 3, 1)]
    # Median cut alone averages the noise into greys; k-means brings its colours back.
    return _colours(Image.fromarray(np.concatenate(some)).quantize(count, Image.Quantize.MEDIANCUT, kmeans=1))


def _colours(picture: Image.Image) -> list[int]:
    """The palette of a picture that has one, as R, G, B, R ..."""
    return picture.getpalette() or []


def _rgb(indices: Indices, colours: list[int]) -> Pixels:
    return np.asarray(colours, np.uint8).reshape(-1, 3)[indices]


def _picture(indices: Indices, colours: list[int]) -> Image.Image:
    picture = Image.fromarray(indices)
    picture.putpalette(colours)
    return picture


def _holder(colours: list[int]) -> Image.Image:
    holder = Image.new("P", (1, 1))
    holder.putpalette(colours)
    return holder
