"""Train the embedded model from the sprites alone: `python -m demo.tiny.train`. Stops and goes on by itself.

First the autoencoder, then the text encoder learns to read, then text encoder and denoiser learn together. Checkpoints,
log and sample sheets go to `training/`; the finished pipeline goes to `--out`.
"""

import argparse
from pathlib import Path

from diffusers.models.attention_processor import AttnProcessor2_0

from . import autoencoder, denoiser, parts, sheet
from .data import COUNT, SEED
from .scenes import vocabulary


def main(
    folder: str = "training",
    out: str = "assets/tiny",
    *,
    autoencoder_minutes: float = 25,
    denoiser_minutes: float = 270,
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
    start = parts.load(go_on_from) if go_on_from else None
    if start:
        vae = start.vae
    elif autoencoder_of:
        vae = parts.load(autoencoder_of).vae
    else:
        vae = autoencoder.train(home, minutes=autoencoder_minutes, seed=seed, steps=steps, workers=workers)

    def finish(model: denoiser.Model, to: Path) -> None:
        model.unet.set_attn_processor(AttnProcessor2_0())
        whole = {"vae": vae, "text_encoder": model.text_encoder, "unet": model.unet}
        parts.save(to, whole, vocabulary())

    def look(model: denoiser.Model, step: int) -> None:
        finish(model, home / "latest")
        sheet.main(str(home / "latest"), str(home / f"sheet-{step:05}.jpg"))

    hours = {"minutes": denoiser_minutes, "seed": seed, "count": count, "steps": steps, "workers": workers}
    trained = denoiser.train(home, vae, **hours, start=start, on_checkpoint=look)
    finish(trained, Path(out))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="training", help="log and checkpoints, which it goes on from (%(default)s)")
    parser.add_argument("--out", default="assets/tiny", help="where the pipeline goes (%(default)s)")
    parser.add_argument("--autoencoder-minutes", type=float, default=25)
    parser.add_argument("--denoiser-minutes", type=float, default=270)
    parser.add_argument("--autoencoder-of", default="", help="a finished pipeline whose autoencoder is kept")
    parser.add_argument("--go-on-from", default="", help="a pipeline that is the start of all three")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=COUNT, help="scenes in the latent cache")
    parser.add_argument("--workers", type=int, default=1, help="cores that share a batch; set OMP_NUM_THREADS=1")
    main(**vars(parser.parse_args()))
