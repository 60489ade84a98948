"""Makes the signatures of training scenes and measures the search: `python -m demo.lab.nearest assets/tiny`.

Every scene of both kinds is drawn once, for its signature and for its exact distance to some pictures: by brute force
is then known which scene is nearest to each, and how often the search finds that one (`recall`). The pictures are the
model's own, and as many new real scenes, which nobody can have copied: by how much a training scene is nearer to those
than one that training never had is chance. And that a copy would be noticed is tried with copies: scenes of training
that went through the autoencoder.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from demo.lab.neighbours import BATCH, DRAWN, Neighbours, apart, encoded, redrawn
from demo.lab.signatures import FILE, FREEDOMS, SIDES, Projection, Signatures, planes, weights, world
from demo.tiny.captions import plain_caption
from demo.tiny.data import SEED, Pictures, drawn_ahead, numbered, picture
from demo.tiny.guesses import guesses, pictures
from demo.tiny.parts import GUIDANCE, load

COUNT = 50_000
FITTED = 2_000  # scenes that the projection is fitted on
ASKED = 64  # pictures of either kind that the search is measured with
JUDGES = 3  # the data seed of what they show
TOP = 5
PLANTED = 24  # copies


def drawn(seed: int, freedom: str, count: int, workers: int) -> Iterator[np.ndarray]:
    """Scenes 0 to count - 1, in batches of uint8 (n, 3, SIZE, SIZE)."""
    for batch in drawn_ahead(Pictures(seed, FREEDOMS[freedom]), range(count), BATCH, workers):
        yield batch.numpy()


def fitted(freedom: str, count: int, workers: int) -> Projection:
    """The projection, on the first scenes of training."""
    return Projection.fitted(np.concatenate([planes(some) for some in drawn(SEED, freedom, count, workers)]))


def samples(pipe, asked: int, steps: int) -> np.ndarray:
    """Pictures by the model, uint8 (asked, 3, SIZE, SIZE), of what scenes of another data seed show."""
    prompts, made = [plain_caption(numbered(JUDGES, number)[0]) for number in range(asked)], []
    for start in range(0, asked, BATCH):
        some = prompts[start : start + BATCH]
        *_, result = guesses(pipe, some, [*range(start, start + len(some))], steps, GUIDANCE)
        made.append(pictures(pipe, result).numpy())
    return np.concatenate(made)


def scenes(freedom: str, asked: int) -> np.ndarray:
    """Real scenes of that data seed, uint8 (asked, 3, SIZE, SIZE)."""
    return np.stack([picture(JUDGES, at, freedom=FREEDOMS[freedom])[1].numpy() for at in range(asked)])


def signed(
    projection: Projection, seed: int, freedom: str, count: int, asked: np.ndarray, workers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Codes (count, LONG) of scenes, and their exact distances (count, len(asked)) to the pictures, in levels."""
    flat = asked.reshape(len(asked), -1).astype(np.float32)
    own, codes, far = np.square(flat).sum(axis=1), [], []
    for some in drawn(seed, freedom, count, workers):
        codes.append(projection.codes(some))
        here = some.reshape(len(some), -1).astype(np.float32)
        squares = np.square(here).sum(axis=1)[:, None] + own - 2 * here @ flat.T
        far.append(np.sqrt(squares.clip(0) / flat.shape[1]))
    return np.concatenate(codes), np.concatenate(far)


def recall(signatures: Signatures, asked: np.ndarray, far: np.ndarray) -> dict[str, int]:
    """Of how many pictures the search finds the nearest training scene, and of how many of the TOP nearest of each.

    `far` (count, of) are the exact distances. {"of", "first", "five"}: `five` counts up to TOP * of.
    """
    first = five = 0
    for picture_, distances in zip(asked, far.T, strict=True):
        found = signatures.shortlist(picture_, "seen", DRAWN)
        true = np.argsort(distances, kind="stable")[:TOP]
        first += int(true[0] in found)
        five += int(np.isin(true, found).sum())
    return {"of": len(asked), "first": first, "five": five}


def ratios(far: dict[str, np.ndarray]) -> dict[str, float]:
    """How much nearer the nearest training scene is than the nearest that training never had, both by brute force.

    {"of", "nearer": of how many pictures it is nearer at all, "least", "median" of the ratios}.
    """
    both = far["seen"].min(axis=0) / np.maximum(far["unseen"].min(axis=0), 1e-6)
    told = {"least": round(float(both.min()), 3), "median": round(float(np.median(both)), 3)}
    return {"of": len(both), "nearer": int((both < 1).sum()), **told}


def as_copies(autoencoder: torch.nn.Module, real: np.ndarray) -> dict[str, float]:
    """How far scenes lie from what the autoencoder makes of them, the median: {"pixels", "latents"}."""
    again = np.concatenate([redrawn(autoencoder, some) for some in np.array_split(real, -(-len(real) // BATCH))])
    pixels = [apart(one[None], two)[0] for one, two in zip(real, again, strict=True)]
    inside = [
        apart(encoded(autoencoder, one[None]), encoded(autoencoder, two[None]))[0]
        for one, two in zip(real, again, strict=True)
    ]
    return {"pixels": round(float(np.median(pixels)), 2), "latents": round(float(np.median(inside)), 3)}


def planted(neighbours: Neighbours, many: int) -> dict[str, int]:
    """Scenes of training as the autoencoder draws them again, each looked for.

    {"of", "found": of how many the scene itself is the nearest, "copied": how many are called copies}.
    """
    numbers = np.linspace(0, neighbours.signatures.count - 1, many).astype(int)
    found = copied = 0
    for number in numbers:
        copy = redrawn(neighbours.autoencoder, neighbours.signatures.draw("seen", number)[None])[0]
        told = neighbours.nearest(copy.transpose(1, 2, 0))
        found += int(told.seen[0].number == number)
        copied += int(told.copied)
    return {"of": len(numbers), "found": found, "copied": copied}


def main(
    model: str,
    *,
    freedom: str = "free",
    count: int = COUNT,
    asked: int = ASKED,
    steps: int = 30,
    plant: int = PLANTED,
    workers: int = 1,
    out: str = str(FILE),
) -> Signatures:
    """Signatures for the model in a folder, trained on scenes of this freedom; written to `out` with what was measured.

    Raises OSError where there is no such model.
    """
    began = time.perf_counter()
    pipe = load(model)
    real, own = scenes(freedom, asked), samples(pipe, asked, steps)
    print(f"{2 * asked} pictures to measure with: {time.perf_counter() - began:.0f} s", flush=True)
    projection = fitted(freedom, min(FITTED, count), workers)
    codes, far = {}, {}
    for side, seed in SIDES.items():
        codes[side], far[side] = signed(projection, seed, freedom, count, np.concatenate([own, real]), workers)
        print(f"{count} scenes, {side}: {time.perf_counter() - began:.0f} s since the beginning", flush=True)
    header = {"seeds": SIDES, "freedom": freedom, "world": world(count), "weights": weights(model), "count": count}
    made = Signatures(header, projection, codes)
    header["recall"] = recall(made, own, far["seen"][:, :asked])
    header["chance"] = ratios({side: distances[:, asked:] for side, distances in far.items()})
    header["samples"] = ratios({side: distances[:, :asked] for side, distances in far.items()})
    header["copy"] = as_copies(pipe.vae, real)
    header["planted"] = planted(Neighbours(made, pipe.vae), plant)
    made.save(Path(out))
    print(f"{header}\n{Path(out).stat().st_size} bytes in {out}, {time.perf_counter() - began:.0f} s in all")
    return made


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the folder of the embedded model")
    parser.add_argument("--freedom", choices=FREEDOMS, default="free", help="of the scenes it saw (%(default)s)")
    parser.add_argument("--count", type=int, default=COUNT, help="scenes of each kind (%(default)s)")
    parser.add_argument("--asked", type=int, default=ASKED, help="pictures to measure with, of each kind (%(default)s)")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--plant", type=int, default=PLANTED, help="copies to try it with (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw ahead (%(default)s)")
    parser.add_argument("--out", default=str(FILE))
    arguments = vars(parser.parse_args())
    main(arguments.pop("model"), **arguments)
