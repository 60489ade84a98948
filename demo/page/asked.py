"""What a browser asks to be run, a form's raw values by name or a branch of a run that is kept, becomes a Request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.engine.api import Abilities
from demo.run.store import Runs
from demo.run.trace import BadRequest, Request

KEPT = ("seed", "steps", "scheduler", "width", "height")  # what a branch has of the run that it leaves
FIELDS = ("prompt", *KEPT, "guidance", "negative_prompt")
BRANCH = ("then", "then_guidance", "then_negative_prompt", "fresh")
NO_PARENT = (
    "The run that this one should leave is no longer kept on the server; generate it again, and branch from that."
)
NO_CHANGE = "A branch has the {} of the run that it leaves: for another, start a new run."


def checked(asked: object, able: Abilities, runs: Runs) -> tuple[Request, str | None]:
    """The Request, and the key of the run that it leaves, where it names one as its `parent`.

    What is absent is the model's own, or in a branch that run's. Raises BadRequest.
    """
    if not isinstance(asked, dict):
        raise BadRequest("Nothing was asked: the form arrived empty.")
    if asked.get("parent") is not None:
        return _branch(asked, able, runs), asked["parent"]
    given = {name: asked[name] for name in (*FIELDS[1:], "unasked", "branch_at", *BRANCH) if name in asked}
    return able.request(asked.get("prompt"), **given), None


def heard(tokens: list[dict] | None) -> int | None:
    """How many tokens somebody may ask about: behind the end sign there is only padding. None: all, or unknown."""
    return None if tokens is None else sum(token["kind"] not in ("padding", "cut") for token in tokens)


def _branch(asked: Mapping[str, Any], able: Abilities, runs: Runs) -> Request:
    left = runs.get(asked["parent"])
    if left is None:
        raise BadRequest(NO_PARENT).about("parent")
    for name in KEPT:
        if asked.get(name) is not None:
            raise BadRequest(NO_CHANGE.format(name)).about(name)
    request = left.request.branch(asked.get("branch_at"), *(asked.get(name) for name in BRANCH))
    able.check(request)
    return request
