"""The lab of a model whose folder says what it was trained on: its lab.json. Nothing heavy is read before it is asked.

lab.json: {"seed": of the training scenes, "freedom": "still" or "free" (demo.tiny.stage), "batches": that it saw}.
"""

from __future__ import annotations

import json
import threading
from functools import cached_property
from pathlib import Path
from typing import Any

from demo.engine.api import Pixels
from demo.lab import signatures
from demo.lab.api import JUDGE, NEAREST, SAW, Nearest
from demo.lab.kept import kept
from demo.lab.neighbours import Neighbours
from demo.lab.trials import TRIALS, trial_of
from demo.run.trace import BadRequest
from demo.settings import LAB

PICTURES = {"mean": "mean.json", "training": "training.json"}  # made by demo.lab.mean and demo.lab.strip
NO_JUDGE = "This model has no judge of its pictures: none that knows its world was trained, so the verdicts are yours."
OTHER_SIZE = "This picture is not of the size that the model draws, so it is none of this model’s."


class EmbeddedLab:
    """As `demo.lab.api.Lab` says, of the model in `folder`; `pictures` is where what was made of its scenes lies,
    `signed` the file of their signatures."""

    def __init__(self, folder: Path, pictures: Path = LAB, signed: Path = signatures.FILE):
        self._folder, self._pictures = folder, pictures
        self.saw: dict[str, Any] = json.loads((folder / SAW).read_text(encoding="utf-8"))
        self.cannot: dict[str, str] = {}
        if not self._judged():
            self.cannot[JUDGE] = NO_JUDGE
        try:
            self._signatures = signatures.Signatures.load(signed, signatures.weights(folder))
        except signatures.Stale as error:
            self.cannot[NEAREST] = str(error)
        self._lock = threading.Lock()  # of what is read once

    @classmethod
    def load(cls, model: str | Path, signed: Path = signatures.FILE) -> EmbeddedLab | None:
        """The lab of a model by its folder; None where it does not say what it saw, or is no folder at all."""
        folder = Path(model)
        return cls(folder, signed=signed) if (folder / SAW).is_file() else None

    def told(self) -> dict[str, Any]:
        """{"saw", "trials", "rates", "mean", "training"}; the last two are None where they were not made.

        rates: trial -> the share of true renders of its kind that the judge gets right, where that was measured.
        """
        rates = {} if JUDGE in self.cannot else self._rates()
        pictures = {name: _read(self._pictures / file) for name, file in PICTURES.items()}
        return {"saw": self.saw, "trials": [trial.to_json() for trial in TRIALS], "rates": rates, **pictures}

    def judge(self, pixels: Pixels, prompt: str, trial: object) -> dict[str, Any]:
        """{"saw", "fits"}, as Lab.judge."""
        found = trial_of(trial, prompt)
        if JUDGE in self.cannot:
            raise BadRequest(self.cannot[JUDGE])
        with self._lock:
            judge = self._judge
        saw, said = judge.look(pixels)
        return {"saw": saw, "fits": [sense.fits(said) for sense in found.senses]}

    def nearest(self, pixels: Pixels) -> Nearest:
        """As Lab.nearest."""
        if NEAREST in self.cannot:
            raise BadRequest(self.cannot[NEAREST])
        with self._lock:
            neighbours = self._neighbours
        try:
            return neighbours.nearest(pixels)
        except ValueError as error:
            raise BadRequest(OTHER_SIZE) from error

    def kept(self, number: int) -> str:
        """As Lab.kept."""
        return kept(number)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours.of(self._folder, self._signatures)

    @cached_property
    def _judge(self):
        from demo.lab.judge import Judge

        return Judge(self._weights)

    @property
    def _weights(self) -> Path:
        return self._folder / "checker.safetensors"

    def _judged(self) -> bool:
        """Whether there are weights of a judge, and of the one that this code has; their header says so."""
        from demo.lab.judge import fits

        return fits(self._weights)

    def _rates(self) -> dict[str, float]:
        told = (_read(self._folder / "evaluation.json") or {}).get("categories", {})
        return {trial.name: told[trial.category]["ceiling"] for trial in TRIALS if trial.category in told}


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
