"""Name it in the noise: a picture hidden in noise, four names, and what a model told only those makes of it. And any
picture, drowned.

Which of the names is the true one, and every clearer state, stays here until the visitor has chosen. Pictures that
visitors send are gone with the answer. What is computed takes its turn with the runs, for one visitor at a time. Knows
no Gradio.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from cachetools import TTLCache
from PIL import Image, ImageOps

from demo.engine.api import BrokenRun, Engine, Level, Pixels
from demo.page.answers import Hands
from demo.run import messages
from demo.run.store import new_key
from demo.run.trace import MAX_SEED, BadRequest, whole
from demo.run.upload import picture_of

OFFERED = 4
STEPS = 16  # of the hidden run, at most: it is waited for
KINDS = ("characters", "objects", "rides")  # groups of a vocabulary whose words are things
EVERYDAY = ("dog", "cat", "horse", "car", "tree", "house", "boat", "bird", "flower", "bicycle", "apple", "clock")
REMEMBERED = 1800  # seconds that a game may take
KEPT_BYTES = 128 * 2**20  # of games: 25 of the embedded model's, one of a model of 1024 pixels
OVER = "This game is no longer kept; hide another picture."
NOT_NAMED = "One of the four names has to be chosen."


@dataclass(eq=False)
class Game:
    """A picture in hiding. shown: the level that the visitor has come to; answer: what they were told at the end."""

    names: tuple[str, ...]
    truth: int
    prompts: tuple[str, ...]
    picture: Pixels
    seed: int
    levels: tuple[Level, ...]
    key: str = field(default_factory=new_key)
    shown: int = 0
    answer: dict | None = None


class Hidden:
    """The games on one engine. `groups`: the model's words by kind. Trouble is a BadRequest."""

    def __init__(self, engine: Engine, groups: Mapping[str, Sequence[str]]):
        self._engine = engine
        self._things = [list(groups[kind]) for kind in KINDS if len(groups.get(kind, ())) >= OFFERED]
        known = engine.abilities.vocabulary or ()
        self._size = "big " if "big" in known else ""  # what it draws small nobody would recognise
        self._games: TTLCache[str, Game] = TTLCache(KEPT_BYTES, REMEMBERED, getsizeof=weight)
        self._lock, self._hand = threading.Lock(), Hands(1)

    def drown(self, picture) -> dict:
        """A picture, as a data URI, at every level: {"picture", "levels"}, the noisiest first, each as `told`."""
        image = picture_of(picture)
        with self._alone():
            levels = self._engine.drown(image, secrets.randbelow(MAX_SEED + 1))
        return {"picture": cut(image, levels[0]), "levels": [told(level) for level in levels]}

    def hide(self) -> dict:
        """A new game: {"game", "names", "levels", "level": told without the guess}."""
        things = secrets.choice(self._things or [list(EVERYDAY)])
        names = tuple(secrets.SystemRandom().sample(things, OFFERED))
        truth, seed = secrets.randbelow(OFFERED), secrets.randbelow(MAX_SEED + 1)
        prompts = tuple(a(f"{self._size}{name}") for name in names)
        with self._alone():
            picture = self._drawn(prompts[truth], seed)
            game = Game(names, truth, prompts, picture, seed, self._engine.drown(picture, seed))
        with self._lock:
            self._games[game.key] = game
        return {"game": game.key, "names": list(names), "levels": len(game.levels)} | self._seen(game, 0)

    def clearer(self, game, level) -> dict:
        """The state at a level of a game, at most one further than the visitor has come to: {"level"}."""
        found = self._game(game)
        level = whole("The level", level, 0, min(found.shown + 1, len(found.levels) - 1))
        found.shown = max(found.shown, level) if found.answer is None else found.shown
        return self._seen(found, level)

    def name(self, game, name) -> dict:
        """The end of a game, whatever is asked later: what the visitor chose, what the model takes each level for.

        {"name", "truth", "prompt", "shown", "picks" (a name for each level), "first" (the level from which on they are
        all right, None where there is none), "picture", "levels"}.
        """
        found = self._game(game)
        if name not in found.names:
            raise BadRequest(NOT_NAMED)
        with self._alone():
            if found.answer is None:
                errors = self._engine.classify(found.picture, found.seed, found.prompts)
                found.answer = ended(found, name, errors.argmin(axis=1).tolist())
        return found.answer

    def _drawn(self, prompt: str, seed: int) -> Pixels:
        able = self._engine.abilities
        request = able.request(prompt, seed=seed, steps=min(able.steps, STEPS))
        try:
            *_, last = self._engine.frames(request)
        except BrokenRun as error:
            raise BadRequest(str(error)) from error
        return last.image

    def _game(self, key) -> Game:
        with self._lock:
            game = self._games.get(key) if isinstance(key, str) else None
        if game is None:
            raise BadRequest(OVER)
        return game

    def _seen(self, game: Game, level: int) -> dict:
        known = told(game.levels[level])
        known.pop("guess")
        return {"level": known | {"index": level}}

    @contextmanager
    def _alone(self):
        if (why := self._engine.abilities.cannot.get("drowned")) is not None:
            raise BadRequest(why)
        with self._hand():
            yield


def weight(game: Game) -> int:
    """Bytes of its pictures."""
    return game.picture.nbytes + sum(level.state.nbytes + level.guess.nbytes for level in game.levels)


def a(thing: str) -> str:
    """ "a fox", "an owl", "a big owl": how the hidden picture is asked for, and how each name is told to the model."""
    return f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"


def told(level: Level) -> dict:
    """{"state", "guess"} as data URIs, {"timestep", "alpha", "sigma", "snr"}, the last in decibels."""
    numbers = {"timestep": level.timestep, "alpha": level.alpha, "sigma": level.sigma, "snr": level.snr}
    pictures = {"state": messages.picture(level.state), "guess": messages.picture(level.guess)}
    return pictures | {name: round(number, 4) for name, number in numbers.items()}


def cut(image: Pixels, level: Level) -> str:
    """The picture as it went into the noise, of the size of its states, as a data URI."""
    high, wide = level.state.shape[:2]
    return messages.picture(np.asarray(ImageOps.fit(Image.fromarray(image), (wide, high), Image.Resampling.LANCZOS)))


def ended(game: Game, name: str, picks: list[int]) -> dict:
    """The answer to a choice; `picks` are the places of the model's names, level by level."""
    wrong = [level for level, pick in enumerate(picks) if pick != game.truth]
    first = wrong[-1] + 1 if wrong else 0
    return {
        "name": name,
        "truth": game.names[game.truth],
        "prompt": game.prompts[game.truth],
        "shown": game.shown,
        "picks": [game.names[pick] for pick in picks],
        "first": first if first < len(picks) else None,
        "picture": cut(game.picture, game.levels[0]),
        "levels": [told(level) for level in game.levels],
    }
