"""What the experiments of the page ask about a run that is kept, answered by the lab where the model has one.

Each names a run by its key, is checked here, and is answered by one of the few hands that all answers share. Knows no
Gradio.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from demo.lab.api import JUDGE, LAB, NEAREST, NO_LAB, Lab, Nearest, Neighbour
from demo.page.answers import Answers, Hands
from demo.run import messages
from demo.run.trace import BadRequest, whole

KEPT = 10**6  # combinations that may be asked for


def cannot(lab: Lab | None) -> dict[str, str]:
    """What cannot be asked of this lab (None: there is none), by name, each with one sentence that says why."""
    return {LAB: NO_LAB} if lab is None else dict(lab.cannot)


class Experiments:
    """Answers of one lab about the runs that `answers` knows. Every answer is plain JSON; trouble is a BadRequest."""

    def __init__(self, lab: Lab | None, answers: Answers):
        self._lab, self._answers = lab, answers
        self._search = Hands(1)  # each draws hundreds of scenes
        self._last: tuple[str, dict] | None = None  # the run of the last search, and what it found

    def judge(self, run, trial) -> dict[str, Any]:
        """As Lab.judge, of the finished picture of a run."""
        lab = self._able(JUDGE)
        pixels, request = self._answers.picture(run)
        with self._answers.hand():
            return lab.judge(pixels, request.prompt, trial)

    def nearest(self, run) -> dict[str, Any]:
        """As Lab.nearest, of the finished picture of a run; pictures are data URIs."""
        lab = self._able(NEAREST)
        pixels, _ = self._answers.picture(run)
        with self._search():
            if self._last is None or self._last[0] != run:
                self._last = run, _told(lab.nearest(pixels))
            return self._last[1]

    def held_out(self, number) -> dict[str, str]:
        """{"prompt"}: a combination that was kept from training, another for every whole number."""
        return {"prompt": self._able(LAB).kept(whole("The number", number, 0, KEPT))}

    def _able(self, what: str) -> Lab:
        why = cannot(self._lab)
        if self._lab is None or what in why:
            raise BadRequest(why.get(what) or why[LAB])
        return self._lab


def _told(found: Nearest) -> dict[str, Any]:
    told = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    return (
        told | {side: [_neighbour(one) for one in told[side]] for side in ("seen", "unseen")} | {"copied": found.copied}
    )


def _neighbour(one: Neighbour) -> dict[str, Any]:
    return dataclasses.asdict(one) | {"image": messages.picture(one.image)}
