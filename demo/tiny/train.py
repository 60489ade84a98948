"""Train the embedded model from the sprites alone: `python -m demo.tiny.train`. Stops and goes on by itself.

First the autoencoder, then the text encoder learns to read, then text encoder and denoiser learn together. Checkpoints,
log and sample sheets go to `training/`; the finished pipeline goes to `--out`.
"""

import argparse
import copy
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch

from . import autoencoder, denoiser, fused, parts, sheet
from .captions import vocabulary
from .data import SEED, unbound
from .denoiser import COUNT
from .stage import STILL


def _shown(folder: str, out: str) -> None:
    unbound(0)
    torch.set_num_threads(1)
    sheet.main(folder, out)


def main(
    folder: str = "training",
    out: str = "assets/tiny",
    *,
    autoencoder_minutes: float = 25,
    still_minutes: float = 240,
    denoiser_minutes: float = 240,
    autoencoder_of: str = "",
    go_on_from: str = "",
    seed: int = SEED,
    count: int = COUNT,
    workers: int = 1,
    steps: int | None = None,
) -> None:
    """All stages; with `steps`, that many iterations of each instead of minutes, for tests."""
    home = Path(folder)
    home.mkdir(parents=True, exist_ok=True)
    given = parts.load(go_on_from) if go_on_from else None
    if given:
        vae = given.vae
    elif autoencoder_of:
        vae = parts.load_autoencoder(autoencoder_of).eval()
    else:
        vae = autoencoder.train(home, minutes=autoencoder_minutes, seed=seed, steps=steps, workers=workers)

    def finish(model: denoiser.Model, to: Path) -> None:
        fused.slow_down(model.unet)
        whole = {"vae": copy.deepcopy(vae), "text_encoder": model.text_encoder, "unet": model.unet}
        parts.save(to, whole, vocabulary())

    def look(stage: str, model: denoiser.Model, step: int) -> None:
        finish(model, home / "latest")
        if steps is None:
            (home / stage).mkdir(exist_ok=True)
            shown = str(home / "latest"), str(home / stage / f"sheet-{step:05}.png")
            get_context("spawn").Process(target=_shown, args=shown, daemon=True).start()  # training goes on meanwhile

    same = {"seed": seed, "count": count, "steps": steps, "workers": workers}
    same |= {"batch": min(48, count)}
    start = denoiser.going_on(given, parts.tokenizer(vocabulary()["words"])) if given else None
    if still_minutes:
        start = denoiser.train(
            home, vae, minutes=still_minutes, freedom=STILL, start=start, on_checkpoint=partial(look, "still"), **same
        )
    trained = denoiser.train(
        home, vae, minutes=denoiser_minutes, start=start, on_checkpoint=partial(look, "free"), **same
    )
    finish(trained, Path(out))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="training", help="log and checkpoints, which it goes on from (%(default)s)")
    parser.add_argument("--out", default="assets/tiny", help="where the pipeline goes (%(default)s)")
    parser.add_argument("--autoencoder-minutes", type=float, default=25)
    parser.add_argument("--still-minutes", type=float, default=240, help="on one drawing of each thing; 0: none")
    parser.add_argument("--denoiser-minutes", type=float, default=240)
    parser.add_argument("--autoencoder-of", default="", help="a pipeline, or its vae alone, that is kept")
    parser.add_argument("--go-on-from", default="", help="a pipeline that is the start of all three")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT, help="scenes in the latent cache")
    parser.add_argument("--workers", type=int, default=1, help="cores that share a batch; set OMP_NUM_THREADS=1")
    main(**vars(parser.parse_args()))
