"""A prompt in numbers, and where a model's words stand: the records that an engine makes and everybody else reads.

Knows numpy alone; how they are made is engine/prompt.py's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.floating[Any]]
MAPPED = 2000  # words of a large model's map; its tokenizer has the frequent ones first
CLOSEST = 8  # neighbours of a word

WORD_END = "</w>"  # how CLIP's tokenizer marks the last piece of a word
WORD_BEGIN = "▁"  # how T5's marks the first


@dataclass(frozen=True)
class Token:
    """One piece of a prompt.

    text is the tokenizer's own name for it; span its letters in the prompt (start, end), counted in code points, None
    where nothing was typed for it. kind: start, word, end, padding, unknown (the tokenizer has no id for it and sends
    its stand-in), cut (beyond the length, the model never gets it). known: False for unknown, and for a word that is
    not in the vocabulary the model was trained on, where it ships one. whole: False for a piece of a longer word.
    """

    text: str
    id: int
    kind: str
    span: tuple[int, int] | None
    known: bool
    whole: bool = True


class Told(TypedDict):
    """A token as the page is told of it: a Token, its letters, its vector's length and its word's place on the map."""

    text: str
    id: int
    kind: str
    span: list[int] | None
    known: bool
    typed: str
    length: float | None
    place: list[float] | None


@dataclass(frozen=True, eq=False)
class Numbers:
    """tokens: the T that the model gets, in order, then those that were cut.

    vectors, float32 (T, D), is what the denoiser is told: the encoder's output, each token in the light of those before
    it (T5's in the light of all others). note is a sentence on what these numbers are, where one is needed, else None.
    """

    prompt: str
    tokens: tuple[Token, ...]
    vectors: Vectors
    note: str | None = None

    @property
    def lengths(self) -> Vectors:
        """(T,) the Euclidean length of each vector."""
        lengths: Vectors = np.linalg.norm(self.vectors, axis=1)
        return lengths

    @property
    def cut(self) -> str:
        """What of the prompt lies beyond the model's length and is never read, '' where all of it is."""
        beyond = [token.span[0] for token in self.tokens if token.kind == "cut" and token.span]
        return self.prompt[min(beyond) :] if beyond else ""

    def typed(self, token: Token) -> str:
        """The letters of the prompt behind a token, '' for start, end and padding."""
        return self.prompt[slice(*token.span)] if token.span else ""

    def told(self, atlas: Atlas) -> list[Told]:
        """The tokens as plain JSON, rounded to what a screen can show; those that were cut have no length."""
        return [self._told(at, token, atlas) for at, token in enumerate(self.tokens)]

    def told_one(self, index: int, atlas: Atlas) -> dict[str, Any]:
        """{"vector", "length", "word", "neighbours", "place"} of the token at `index` of what the model gets.

        word is its name in the atlas; where it has none (signs, pieces, words never met), it has no neighbours and no
        place either.
        """
        word = atlas.find(self.tokens[index])
        near = [] if word is None else atlas.neighbours(word, CLOSEST)
        return {
            "vector": [round(float(number), 4) for number in self.vectors[index]],
            "length": round(float(self.lengths[index]), 3),
            "word": word,
            "neighbours": [[other, round(cosine, 4)] for other, cosine in near],
            "place": atlas.found(word),
        }

    def to_json(self, atlas: Atlas) -> dict[str, Any]:
        """{"tokens", "width", "atlas", "note"}; width is how many numbers a token becomes."""
        width = int(self.vectors.shape[1])
        return {"tokens": self.told(atlas), "width": width, "atlas": atlas.kind, "note": self.note}

    def _told(self, at: int, token: Token, atlas: Atlas) -> Told:
        sent = at < len(self.vectors)
        return Told(
            text=token.text,
            id=int(token.id),
            kind=token.kind,
            span=None if token.span is None else list(token.span),
            known=bool(token.known),
            typed=self.typed(token),
            length=round(float(self.lengths[at]), 3) if sent else None,
            place=atlas.found(atlas.find(token)) if sent else None,
        )


@dataclass(frozen=True, eq=False)
class Atlas:
    """The words of a model and where each stands, apart from any prompt.

    kind "words": the encoder's vector of each word that the model was trained on, after "a"; "embeddings", for a model
    that ships no list: the rows of the encoder's table, whole words where its tokenizer marks them. vectors (n, D)
    float32; map (n, 2) float32, the vectors along their two principal components, whose shares of the variance are
    `explained`, the larger first. In a prompt a token's vector depends on its place and on the words before it, far
    more than words differ, so a prompt's words are looked up here by name (`find`).
    """

    kind: str
    words: tuple[str, ...]
    vectors: Vectors
    centre: Vectors  # (D,)
    axes: Vectors  # (2, D), orthonormal
    map: Vectors
    explained: tuple[float, float]

    def find(self, token: Token) -> str | None:
        """The word of this atlas that a token is, None for pieces of words, unknown ones and signs."""
        name = token.text.removeprefix(WORD_BEGIN).removesuffix(WORD_END).casefold()
        return name if token.span and token.whole and name in self.rows else None

    def neighbours(self, of: str | Vectors, count: int = 8) -> list[tuple[str, float]]:
        """The `count` words of largest cosine to a word (itself left out; KeyError if new), or to a vector (D,).

        The cosine is that of the differences from the centre of the atlas: what all vectors share says nothing of any
        one (Mu and Viswanath 2018, All-but-the-Top).
        """
        itself = self.rows[of] if isinstance(of, str) else None
        vector = (self.vectors[itself] if isinstance(of, str) else of) - self.centre
        cosines = self._directions @ (vector / max(float(np.linalg.norm(vector)), 1e-12))
        order = [int(row) for row in np.argsort(-cosines, kind="stable")[: count + 1] if row != itself]
        return [(self.words[row], float(cosines[row])) for row in order[:count]]

    def place(self, vector: Vectors) -> tuple[float, float]:
        """Where a vector (D,) of the atlas's kind falls on the map."""
        x, y = (vector - self.centre) @ self.axes.T
        return float(x), float(y)

    def found(self, word: str | None) -> list[float] | None:
        """Where one of these words stands on the map, to three places."""
        return None if word is None else [round(float(at), 3) for at in self.map[self.rows[word]]]

    def to_json(self) -> dict[str, Any]:
        """{"kind", "words", "map", "explained"}: one place on the map for each word, MAPPED of them at most."""
        return {
            "kind": self.kind,
            "words": list(self.words[:MAPPED]),
            "map": [[round(float(x), 3), round(float(y), 3)] for x, y in self.map[:MAPPED]],
            "explained": [round(share, 4) for share in self.explained],
        }

    @cached_property
    def rows(self) -> dict[str, int]:
        """Word -> its row in words, vectors and map."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def _directions(self) -> Vectors:
        away = self.vectors - self.centre
        directions: Vectors = away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-12)
        return directions


def principal(vectors: Vectors) -> tuple[Vectors, Vectors, tuple[float, float]]:
    """(n, D) -> centre (D,), the two principal axes (2, D), their shares of the variance (Pearson 1901).

    An axis has no sign of its own: its largest number is made positive, so that the map never flips.
    """
    centre = vectors.mean(axis=0)
    spread = (vectors - centre).T @ (vectors - centre)
    values, columns = np.linalg.eigh(spread.astype(np.float64))
    axes = columns.T[::-1][:2]
    axes = axes * np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]
    shares = np.clip(values[::-1][:2], 0, None) / max(float(values.sum()), 1e-12)
    return centre, axes.astype(np.float32), (float(shares[0]), float(shares[1]))
