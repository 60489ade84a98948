"""A prompt as the model gets it: tokens, their ids, the vectors the text encoder makes of them, and the words nearby.

Knows any pipeline whose (first) text encoder is CLIP's: the embedded model, SD 1 and 2, SDXL, SD3, FLUX. What is shown
is computed by the model's own tokenizer and text encoder, the same way as its pipeline does. Nothing is cached here
but in a Reader, and no run is started.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from transformers import CLIPTextModel, CLIPTextModelWithProjection

from demo.stream import aside

CLIP = (CLIPTextModel, CLIPTextModelWithProjection)
WORD_END = "</w>"  # how CLIP's tokenizer marks the last piece of a word
BEFORE = "a"  # words of an atlas are encoded after it: few captions begin with a bare noun, and few encoders expect one


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


def can_show(pipe) -> str | None:
    """None where a model's prompt can be shown as numbers, else one sentence that says why not."""
    tokenizer, encoder = getattr(pipe, "tokenizer", None), getattr(pipe, "text_encoder", None)
    if tokenizer is None or encoder is None:
        return f"This model, a {type(pipe).__name__}, has no tokenizer and text encoder of the kind shown here."
    if not isinstance(encoder, CLIP):
        return f"This model reads its prompt with a {type(encoder).__name__}; only CLIP's text encoder is shown here."
    if not getattr(tokenizer, "is_fast", False):
        return f"This model's {type(tokenizer).__name__} does not say which letters each token came from."
    return None


def numbers(pipe, prompt: str, vocabulary: Iterable[str] | None = None) -> Numbers:
    """`Reader(pipe, vocabulary).numbers(prompt)`, for one prompt; keep a Reader where they come as fast as typing."""
    return Reader(pipe, vocabulary).numbers(prompt)


class Reader:
    """Reads prompts for one pipeline; `vocabulary` holds the words it was trained on. Raises ValueError if it cannot.

    The tokenizer is a copy, for the pipeline's own changes its settings in the middle of a run. Safe to share between
    threads.
    """

    def __init__(self, pipe, vocabulary: Iterable[str] | None = None):
        reason = can_show(pipe)
        if reason:
            raise ValueError(reason)
        self._pipe = pipe
        self._vocabulary = None if vocabulary is None else frozenset(word.casefold() for word in vocabulary)
        self._tokenizer = copy.deepcopy(pipe.tokenizer)
        self._lock = threading.Lock()

    def numbers(self, prompt: str) -> Numbers:
        """Any text, the empty one as well; the caller bounds its length."""
        kept = self._tokenize(prompt, padding="max_length", truncation=True)
        tokens = self._tokens(prompt, kept)
        words = sum(token.span is not None for token in tokens)
        typed = [token for token in self._tokens(prompt, self._tokenize(prompt)) if token.span is not None]
        cut = [replace(token, kind="cut") for token in typed[words:]]
        vectors = aside(encode, self._pipe, [kept.input_ids], [kept.attention_mask])[0]
        return Numbers(prompt, (*tokens, *cut), vectors, _note(self._pipe))

    @cached_property
    def atlas(self) -> Atlas:
        """The Atlas of the model's vocabulary; built when first asked for."""
        kind, words, vectors = ("words", *self._trained()) if self._vocabulary else ("embeddings", *self._table())
        centre, axes, explained = principal(vectors)
        return Atlas(kind, words, vectors, centre, axes, (vectors - centre) @ axes.T, explained)

    def _trained(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The trained words that have ids, and (n, D), the vector each gets after BEFORE, at its last token."""
        read = {word: self._tokenize(word) for word in sorted(self._vocabulary)}
        words = tuple(word for word, one in read.items() if self._stand_in not in one.input_ids)
        read = [self._tokenize(f"{BEFORE} {word}") for word in words]
        longest = max(len(one.input_ids) for one in read)
        # The encoder only looks back, so what is padded on behind a word changes nothing, and less of it is faster.
        ids = [one.input_ids + [self._tokenizer.pad_token_id] * (longest - len(one.input_ids)) for one in read]
        mask = [one.attention_mask + [0] * (longest - len(one.input_ids)) for one in read]
        last = [max(at for at, special in enumerate(one.special_tokens_mask) if not special) for one in read]
        return words, aside(encode, self._pipe, ids, mask)[np.arange(len(last)), last]

    def _table(self) -> tuple[tuple[str, ...], np.ndarray]:
        """The whole words of the tokenizer, and (n, D), their rows in the table of embeddings."""
        texts = self._tokenizer.convert_ids_to_tokens(range(len(self._tokenizer)))
        end = WORD_END if any(text.endswith(WORD_END) for text in texts) else ""
        special = set(self._tokenizer.all_special_tokens)
        rows = [row for row, text in enumerate(texts) if text not in special and _is_whole(text, end)]
        table = self._pipe.text_encoder.get_input_embeddings().weight.detach()
        return tuple(texts[row].removesuffix(end) for row in rows), table[rows].float().cpu().numpy()

    def _tokenize(self, text, **options):
        with self._lock:
            return self._tokenizer(
                text, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False, **options
            )

    def _tokens(self, prompt: str, encoded) -> list[Token]:
        texts = self._tokenizer.convert_ids_to_tokens(encoded.input_ids)
        return [self._token(prompt, encoded, at, text) for at, text in enumerate(texts)]

    def _token(self, prompt: str, encoded, at: int, text: str) -> Token:
        number = encoded.input_ids[at]
        if not encoded.attention_mask[at]:
            return Token(text, number, "padding", None, True)
        if encoded.special_tokens_mask[at]:
            return Token(text, number, "start" if number == self._tokenizer.bos_token_id else "end", None, True)
        span = encoded.offset_mapping[at]
        if number == self._stand_in:
            return Token(text, number, "unknown", span, False)
        around = tuple(encoded.word_to_chars(encoded.word_ids()[at]))
        known = self._knows(prompt[slice(*around)]) or self._knows(text)
        return Token(text, number, "word", span, known, whole=span == around)

    @property
    def _stand_in(self) -> int | None:
        """The id sent for what has none; CLIP's own tokenizer spells everything and never needs it."""
        tokenizer = self._tokenizer
        return None if tokenizer.unk_token_id == tokenizer.eos_token_id else tokenizer.unk_token_id

    def _knows(self, word: str) -> bool:
        return self._vocabulary is None or word.casefold() in self._vocabulary


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

    @classmethod
    def of(cls, pipe, vocabulary: Iterable[str] | None = None) -> Atlas:
        """The atlas of a pipeline; keep it, it costs a moment. Raises ValueError where there can be none."""
        return Reader(pipe, vocabulary).atlas

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


@torch.inference_mode()
def encode(pipe, ids: list[list[int]], mask: list[list[int]]) -> np.ndarray:
    """(B, T) ids and attention mask -> the text encoder's output, float32 (B, T, D)."""
    encoder = pipe.text_encoder
    ids, mask = torch.tensor(ids, device=encoder.device), torch.tensor(mask, device=encoder.device)
    masked = getattr(encoder.config, "use_attention_mask", False)  # else the padding takes part, as in the pipelines
    output = encoder(ids, attention_mask=mask if masked else None, output_hidden_states=True)
    # Two CLIP encoders are SDXL and SD3, which read the last layer but one.
    before_last = isinstance(getattr(pipe, "text_encoder_2", None), CLIP)
    vectors = output.hidden_states[-2] if before_last else output.last_hidden_state
    return vectors.float().cpu().numpy()


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


def _is_whole(text: str, end: str) -> bool:
    return text.endswith(end) and text.removesuffix(end).isalpha()


def _note(pipe) -> str | None:
    more = [name for name in ("text_encoder_2", "text_encoder_3") if getattr(pipe, name, None) is not None]
    if not more:
        return None
    return f"This model reads the prompt with {len(more) + 1} text encoders; these are the numbers of the first."
