"""How a run goes and how seeds differ: when the layout is decided, and whether the noise has a say.

Prompts are those of scenes of the world; what they leave open, seeds decide. True renders of the same prompts show how
much there is to decide.
"""

from random import Random

import numpy as np
import torch
from tqdm import tqdm

from demo.run.measure import decided, layout, layout_correlation

from . import guesses
from .captions import plain_caption
from .checker import Checker
from .drawing import SETS, sets_of
from .parts import SIZE
from .scenes import CAST, PROPS, VEHICLES, Scene, Thing, sample, told
from .stage import render

APART = 256  # scenes between any two of which distances are measured
EACH = 16  # seeds, and renders, in which distinct drawings are counted


def rendered(scenes: list[Scene], rng: Random) -> torch.Tensor:
    """uint8 (n, 3, SIZE, SIZE)."""
    return torch.stack([torch.from_numpy(np.array(render(s, rng, SIZE))).permute(2, 0, 1) for s in scenes])


def layouts(pipe, prompts: list[str], seeds: list[int], steps: int, guidance: float) -> tuple[np.ndarray, torch.Tensor]:
    """Correlations of every guess's layout with the result's, (steps, n), and the results, uint8 (n, 3, SIZE, SIZE)."""
    *steps_made, last = guesses.guesses(pipe, prompts, seeds, steps, guidance)
    result = guesses.pictures(pipe, last)
    final = _laid_out(result)
    made = [[*map(layout_correlation, _laid_out(guesses.pictures(pipe, guess)), final)] for guess in steps_made]
    return np.array(made), result


def _laid_out(pictures: torch.Tensor) -> list[np.ndarray]:
    return [layout(picture) for picture in pictures.permute(0, 2, 3, 1).numpy()]


def decided_at(correlations: list[float]) -> int:
    """The first step, from 1, from which the layout stays decided; one more than there are steps where it never is."""
    at = decided(correlations)
    return (len(correlations) if at is None else at) + 1


def seeds_and_runs(pipe, *, prompts: int, seeds: int, steps: int, guidance: float, seed: int) -> dict[str, float]:
    """What `prompts` prompts from `seeds` seeds each tell of process and variety; needs two seeds."""
    rng = Random(f"process/{seed}")
    asked = [told(sample(rng), rng) for _ in range(prompts)]
    apart = guesses.spread(guesses.mosaics(rendered([sample(rng) for _ in range(APART)], rng)))
    curves, between, true = [], [], []
    for scene in tqdm(asked, desc="process"):
        correlations, made = layouts(pipe, [plain_caption(scene)] * seeds, [*range(seeds)], steps, guidance)
        curves.append(correlations)
        between.append(guesses.spread(guesses.mosaics(made)))
        true.append(guesses.spread(guesses.mosaics(rendered([scene] * seeds, rng))))
    runs = np.concatenate(curves, axis=1)
    return {
        "first guess": float(runs[0].mean()),
        "decided": float(np.median([decided_at(run) for run in runs.T.tolist()])) / steps,
        "variety of any two": float(np.mean(between)) / apart,
        "variety of true renders": float(np.mean(between) / np.mean(true)),
    }


def drawings(pipe, judge: Checker, *, things: int, steps: int, guidance: float, seed: int) -> float:
    """Distinct drawings of a thing in EACH seeds, as a share of those in EACH renders, by the checker, of `things`."""
    rng = Random(f"drawings/{seed}")
    names = rng.sample([name for name in (*CAST, *PROPS, *VEHICLES) if len(sets_of(name)) == len(SETS)], things)
    shares = []
    for name in names:
        scene = Scene((Thing(name),), "plain", "day")
        *_, last = guesses.guesses(pipe, [plain_caption(scene)] * EACH, [*range(EACH)], steps, guidance)
        kinds = []
        for seen in (guesses.pictures(pipe, last), rendered([scene] * EACH, rng)):
            kinds.append({said["drawing"] for said in judge.look(seen) if said["first"] == name})
        shares.append(len(kinds[0]) / max(1, len(kinds[1])))
    return float(np.mean(shares))
