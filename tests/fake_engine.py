"""An engine without a model: a disc comes out of noise in a straight line, so that every number is known beforehand.

Its latents are the cells of its pictures, 8 x 8 of them, so that the linear preview is exact; its words look at places
of their own, one beside the other.
"""

from __future__ import annotations

import re
import time

import numpy as np

from demo.engine.api import Abilities, Level, Preview, Withheld
from demo.engine.stream import Desk
from demo.run import finish
from demo.run.measure import cells
from demo.run.numbers import Atlas, Numbers, Token, principal
from demo.run.trace import SCHEDULERS, STATES_ONLY, BadRequest, Frame, Request, Step, Trace, Watch

SIZE = 64
CELLS = 8
LEVELS = 5  # of a picture that is drowned
SEATS = 16  # tokens that fit, start and end included
WIDTH = 12  # numbers in a token's vector


class FakeEngine:
    """As `demo.engine.api.Engine` says. `pause` is the time of one step; `breaks_at` raises there."""

    model = "fake"
    vocabulary = frozenset("a an the on in at cat fox blue red wearing riding crown skateboard space night".split())

    def __init__(
        self,
        pause: float = 0.0,
        breaks_at: int | None = None,
        size: int = SIZE,
        flags: bool | None = None,
        seconds: int | None = None,
        places: int = 1,
        **cannot: str,
    ):
        self.places = places
        self.seconds = seconds  # of the visitor's GPU time that it asks for with every step
        self.pause, self.breaks_at, self.size = pause, breaks_at, size
        self.abilities = Abilities(
            dict(SCHEDULERS),
            guidance=4.0,
            vocabulary=tuple(sorted(self.vocabulary)),
            cannot={"upscaler": "It has none."} | cannot,
            checked=flags is not None,
        )
        self.flags = flags  # whether its safety checker flags everything, None: it has none
        self.reader = FakeReader(self.vocabulary)
        self.sees, self.last = 2, ""  # the level from which on it names a picture, and what it drew last
        self.drawn = 0  # states drawn so far, over all runs
        self._desk = Desk(room=1, places=places)

    def unknown_words(self, prompt: str) -> list[str]:
        return [word for word in re.findall(r"[\w']+", prompt.lower()) if word not in self.vocabulary]

    def steps(self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past=()):
        return (frame.step for frame in self.frames(request, run, watch, past))

    def cancel(self, run: str) -> bool:
        return self._desk.cancel(run)

    def numbers(self, prompt: str) -> Numbers:
        if not self.abilities.can("numbers"):
            raise BadRequest(self.abilities.cannot["numbers"])
        return self.reader.numbers(prompt)

    def atlas(self) -> Atlas:
        if not self.abilities.can("numbers"):
            raise BadRequest(self.abilities.cannot["numbers"])
        return self.reader.atlas

    def preview(self) -> Preview:
        return Preview(127.5 * np.eye(3, dtype=np.float32), np.full(3, 127.5, np.float32), 0.25)

    def frames(self, request: Request, run: str | None = None, watch: Watch = STATES_ONLY, past=()):
        """Of a branch the states it shares are its parent's; from there on its own words show."""
        self.abilities.check(request)
        self.last = request.prompt

        def produce(outlet) -> None:
            before = None
            for index in range(request.steps + 1):
                outlet.check()
                if index == self.breaks_at:
                    raise RuntimeError("the fake breaks here")
                mine = index >= request.shared
                time.sleep(self.pause if index and (mine or not past) else 0)
                frame = past[index] if past and not mine else self._frame(request, index, before, watch)
                before = frame.image
                if self.flags and index == request.steps:
                    raise Withheld("The fake's checker flagged it.")
                self.drawn += 1
                outlet(frame, last=index == request.steps)

        return self._desk.stream(produce, run)

    def cost(self, steps: int) -> int | None:
        return None if self.seconds is None else self.seconds * steps

    def trace(self, request: Request, frames: list[Frame]) -> Trace:
        return Trace(request, self.model, "float32", tuple(frames), tuple(self.unknown_words(request.prompt)))

    def guesses(self, step: Step, request: Request) -> dict[str, np.ndarray | None]:
        guided = step.denoised
        if step.conditional is not None:
            guided = step.unconditional + np.float32(request.guidance) * (step.conditional - step.unconditional)
        guesses = {"conditional": step.conditional, "unconditional": step.unconditional, "guided": guided}
        return {name: None if guess is None else self.picture(guess) for name, guess in guesses.items()}

    def exact(self, step: Step) -> dict[str, np.ndarray | None]:
        planes = {"state": step.latents, "guess": step.denoised}
        return {name: None if plane is None else self.picture(plane) for name, plane in planes.items()}

    def drown(self, image: np.ndarray, seed: int) -> tuple[Level, ...]:
        """LEVELS of them; its guess is the picture itself, in grey."""
        self._must_drown()
        noise = np.random.default_rng(seed).integers(0, 256, image.shape).astype(np.float32)
        grey = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
        alphas = [(level + 1) / (LEVELS + 1) for level in range(LEVELS)]
        states = [np.round(alpha * image + (1 - alpha) * noise).astype(np.uint8) for alpha in alphas]
        return tuple(Level(999 * (1 - a), a, 1 - a, state, grey) for a, state in zip(alphas, states, strict=True))

    def classify(self, image: np.ndarray, seed: int, prompts) -> np.ndarray:
        """Right from `sees` on, before that wrong, if one of the prompts is what it drew last."""
        self._must_drown()
        truth = [prompt == self.last for prompt in prompts]
        return np.float32([[true == (level < self.sees) for true in truth] for level in range(LEVELS)])

    def _must_drown(self) -> None:
        if not self.abilities.can("drowned"):
            raise BadRequest(self.abilities.cannot["drowned"])

    def finish(self, image: np.ndarray, wanted: finish.Finish, request: Request) -> finish.Finished:
        return finish.finish(image, wanted)

    def picture(self, latents: np.ndarray) -> np.ndarray:
        """(3, h, w) -> uint8 (size, size, 3), each place a square."""
        side = self.size // CELLS
        levels = np.clip(np.round(127.5 + 127.5 * latents), 0, 255).astype(np.uint8)
        return np.repeat(np.repeat(levels.transpose(1, 2, 0), side, axis=0), side, axis=1)

    def disc(self, request: Request) -> np.ndarray:
        """The picture of every run, float (size, size, 3): a disc on white whose colour is the prompt's."""
        y, x = np.mgrid[: self.size, : self.size] / (self.size - 1) - 0.5
        colour = (40, 110, 235) if "blue" in request.prompt else (225, 60, 35)
        return np.where((x**2 + y**2 < 0.14)[..., None], np.float32(colour), np.float32(255))

    def _frame(self, request: Request, index: int, before, watch: Watch) -> Frame:
        share = index / request.steps
        if index < request.shared:
            return self._frame(request.parent, index, before, watch)
        seed = request.seed if request.fresh is None else request.fresh
        noise = np.random.default_rng(seed).integers(0, 256, (self.size, self.size, 3)).astype(np.float32)
        image = np.round((1 - share) * noise + share * self.disc(request)).astype(np.uint8)
        change = None if before is None else image.astype(np.int16) - before.astype(np.int16)
        step = self._step(request, index, image, watch)
        return Frame(
            index=index,
            total=request.steps,
            timestep=step.timestep,
            alpha=share,
            sigma=1 - share,
            seconds=step.seconds,
            image=image,
            denoised=None if index == 0 else self.disc(request).astype(np.uint8),
            change=None if change is None else np.clip(128 + 4 * change, 0, 255).astype(np.uint8),
            gain=4.0,
            step=step,
        )

    def _step(self, request: Request, index: int, image: np.ndarray, watch: Watch) -> Step:
        """without the prompt there is white, with it as much of the disc as guidance brings to the whole."""
        guess = _latents(self.disc(request))
        without = np.ones_like(guess)
        both = index > 0 and watch.guesses and self.abilities.can("guidance") and request.guidance > 1
        words = index > 0 and watch.word_maps and self.abilities.can("word_maps")
        return Step(
            index=index,
            total=request.steps,
            timestep=None if index == 0 else 999.0 * (1 - (index - 1) / request.steps),
            alpha=index / request.steps,
            sigma=1 - index / request.steps,
            latents=_latents(image),
            denoised=None if index == 0 else guess,
            seconds=index * self.pause,
            word_maps=self.reader.looks(request.prompt) if words else None,
            conditional=without + (guess - without) / np.float32(request.guidance) if both else None,
            unconditional=without if both else None,
        )


class FakeReader:
    """Words at blanks; an id is the word's place in the alphabet, its vector comes from its letters."""

    def __init__(self, vocabulary: frozenset[str]):
        self._ids = {word: 4 + at for at, word in enumerate(sorted(vocabulary))}
        vectors = np.stack([_vector(word) for word in self._ids])
        centre, axes, explained = principal(vectors)
        self.atlas = Atlas("words", tuple(self._ids), vectors, centre, axes, (vectors - centre) @ axes.T, explained)

    def numbers(self, prompt: str) -> Numbers:
        found = [self._token(met) for met in re.finditer(r"\S+", prompt)]
        kept, cut = found[: SEATS - 2], found[SEATS - 2 :]
        ends = [Token("<end>", 2, "end", None, True)]
        padding = [Token("<pad>", 0, "padding", None, True)] * (SEATS - 2 - len(kept))
        tokens = [Token("<start>", 1, "start", None, True), *kept, *ends, *padding]
        vectors = np.stack([_vector(token.text) for token in tokens])
        cut = [Token(token.text, token.id, "cut", token.span, token.known) for token in cut]
        return Numbers(prompt, (*tokens, *cut), vectors)

    def looks(self, prompt: str) -> np.ndarray:
        """float16 (SEATS, 8, 8), one in sum at each place: word n looks at column n, start and end everywhere."""
        tokens = self.numbers(prompt).tokens[:SEATS]
        columns = np.arange(CELLS, dtype=np.float32)
        maps = np.full((SEATS, CELLS, CELLS), 0.05, np.float32)
        maps[0] = 1.0
        for at, token in enumerate(tokens):
            if token.span is not None:
                maps[at] = np.exp(-((columns - (at - 1) % CELLS) ** 2))[None]
        return (maps / maps.sum(axis=0)).astype(np.float16)

    def _token(self, met: re.Match) -> Token:
        number = self._ids.get(met[0].lower())
        if number is None:
            return Token("<unk>", 3, "unknown", met.span(), False)
        return Token(met[0].lower(), number, "word", met.span(), True)


def _vector(text: str) -> np.ndarray:
    return np.random.default_rng(list(text.encode())).normal(size=WIDTH).astype(np.float32)


def _latents(image: np.ndarray) -> np.ndarray:
    """Levels (H, W, 3) -> float32 (3, 8, 8), mid-grey is 0."""
    return (cells(image, CELLS, CELLS).transpose(2, 0, 1) / 127.5 - 1).astype(np.float32)
