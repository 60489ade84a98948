"""A prompt in numbers, and where a model's words stand: the records that an engine makes and everybody else reads.

Knows numpy alone; how they are made is engine/prompt.py's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

WORD_END = "</w>"  # how CLIP's tokenizer marks the last piece of a word


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


@dataclass(frozen=True, eq=False)
class Numbers:
    """tokens: the T that the model gets, in order, then those that were cut.

    vectors, float32 (T, D), is what the denoiser is told: the encoder's output, each token in the light of those before
    it. note is a sentence where the model has more text encoders than the one that is shown, else None.
    """

    prompt: str
    tokens: tuple[Token, ...]
    vectors: np.ndarray
    note: str | None = None

    @property
    def lengths(self) -> np.ndarray:
        """(T,) the Euclidean length of each vector."""
        return np.linalg.norm(self.vectors, axis=1)

    def typed(self, token: Token) -> str:
        """The letters of the prompt behind a token, '' for start, end and padding."""
        return self.prompt[slice(*token.span)] if token.span else ""


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
    vectors: np.ndarray
    centre: np.ndarray  # (D,)
    axes: np.ndarray  # (2, D), orthonormal
    map: np.ndarray
    explained: tuple[float, float]

    def find(self, token: Token) -> str | None:
        """The word of this atlas that a token is, None for pieces of words, unknown ones and signs."""
        name = token.text.removesuffix(WORD_END).casefold()
        return name if token.span and token.whole and name in self.rows else None

    def neighbours(self, of: str | np.ndarray, count: int = 8) -> list[tuple[str, float]]:
        """The `count` words of largest cosine to a word (itself left out; KeyError if new), or to a vector (D,).

        The cosine is that of the differences from the centre of the atlas: what all vectors share says nothing of any
        one (Mu and Viswanath 2018, All-but-the-Top).
        """
        itself = self.rows[of] if isinstance(of, str) else None
        vector = (self.vectors[itself] if isinstance(of, str) else of) - self.centre
        cosines = self._directions @ (vector / max(float(np.linalg.norm(vector)), 1e-12))
        order = [int(row) for row in np.argsort(-cosines, kind="stable")[: count + 1] if row != itself]
        return [(self.words[row], float(cosines[row])) for row in order[:count]]

    def place(self, vector: np.ndarray) -> tuple[float, float]:
        """Where a vector (D,) of the atlas's kind falls on the map."""
        x, y = (vector - self.centre) @ self.axes.T
        return float(x), float(y)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Word -> its row in words, vectors and map."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def _directions(self) -> np.ndarray:
        away = self.vectors - self.centre
        return away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-12)


def principal(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
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
