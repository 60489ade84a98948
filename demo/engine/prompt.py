"""A prompt as the model gets it: tokens, their ids, the vectors the text encoder makes of them, and the words nearby.

Knows any pipeline whose first text encoder is CLIP's (the embedded model, SD 1 and 2, SDXL, SD3), and those whose
denoiser hears T5's vectors (FLUX, PixArt, IF). What is shown
is computed by the model's own tokenizer and text encoder, the same way as its pipeline does. Nothing is cached here
but in a Reader, and no run is started.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch
from transformers import CLIPTextModel, CLIPTextModelWithProjection, T5EncoderModel

from demo.engine.api import BrokenRun
from demo.engine.stream import aside
from demo.engine.unknown import unknown_words
from demo.run.numbers import WORD_BEGIN, WORD_END, Atlas, Numbers, Token, principal
from demo.run.trace import normalised

CLIP = (CLIPTextModel, CLIPTextModelWithProjection)
BEFORE = "a"  # words of an atlas are encoded after it: few captions begin with a bare noun, and few encoders expect one


@dataclass(frozen=True)
class HeardT5:
    """How a pipeline reads with T5: which of its parts that is, how many tokens it sends, whether padding is masked."""

    part: str
    tokens: int
    masked: bool


T5 = {  # as each pipeline's encode_prompt has it
    "FluxPipeline": HeardT5("_2", 512, False),
    "PixArtSigmaPipeline": HeardT5("", 300, True),
    "IFPipeline": HeardT5("", 77, True),
}


def reading_parts(pipe) -> tuple:
    """(tokenizer, text encoder) whose vectors are shown; None for what is not there."""
    part = T5[type(pipe).__name__].part if type(pipe).__name__ in T5 else ""
    return getattr(pipe, f"tokenizer{part}", None), getattr(pipe, f"text_encoder{part}", None)


def can_show(pipe) -> str | None:
    """None where a model's prompt can be shown as numbers, else one sentence that says why not."""
    tokenizer, encoder = reading_parts(pipe)
    if tokenizer is None or encoder is None:
        return f"This model, a {type(pipe).__name__}, has no tokenizer and text encoder of the kind shown here."
    shown = isinstance(encoder, T5EncoderModel) if type(pipe).__name__ in T5 else isinstance(encoder, CLIP)
    if not shown:
        return f"This model reads its prompt with a {type(encoder).__name__}; only CLIP and T5 are shown here."
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
        self._t5 = T5.get(type(pipe).__name__)
        self._tokenizer = copy.deepcopy(reading_parts(pipe)[0])
        self._lock = threading.Lock()

    def numbers(self, prompt: str) -> Numbers:
        """Any text, the empty one as well, normalised as a run's prompt is; the caller bounds its length.

        Spans count in the normalised text, which `Numbers.prompt` holds. Raises BadRequest for what is no text.
        """
        prompt = normalised(prompt)
        length = {"max_length": self._t5.tokens} if self._t5 else {}
        kept = self._tokenize(prompt, padding="max_length", truncation=True, **length)
        tokens = self._tokens(prompt, kept)
        words = sum(token.span is not None for token in tokens)
        typed = self._typed(prompt)
        cut = [replace(token, kind="cut") for token in typed[words:]]
        vectors = aside(encode, self._pipe, [kept.input_ids], [kept.attention_mask])[0]
        return Numbers(prompt, (*tokens, *cut), vectors, _note(self._pipe))

    def unknown_words(self, prompt: str) -> list[str]:
        """What of `prompt` the model was not trained on, whether it fits or not; no run is in its way."""
        prompt = normalised(prompt)
        return unknown_words(prompt, self._typed(prompt))

    def atlas(self) -> Atlas:
        """The Atlas of the model's vocabulary; it costs a moment, so keep it."""
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
        begin = WORD_BEGIN if any(text.startswith(WORD_BEGIN) for text in texts) else ""
        special = set(self._tokenizer.all_special_tokens)
        rows = [row for row, text in enumerate(texts) if text not in special and _is_whole(text, begin, end)]
        table = reading_parts(self._pipe)[1].get_input_embeddings().weight.detach()
        words = tuple(texts[row].removeprefix(begin).removesuffix(end) for row in rows)
        return words, table[rows].float().cpu().numpy()

    def _tokenize(self, text, **options):
        tidy = getattr(self._pipe, "_text_preprocessing", None)  # PixArt and IF read small letters alone
        tidied = tidy(text)[0] if tidy else text
        text = tidied if len(tidied) == len(text) else text  # else places in it would not be those of what was typed
        with self._lock:
            return self._tokenizer(
                text, return_offsets_mapping=True, return_special_tokens_mask=True, verbose=False, **options
            )

    def _typed(self, prompt: str) -> list[Token]:
        return [token for token in self._tokens(prompt, self._tokenize(prompt)) if token.span is not None]

    def _tokens(self, prompt: str, encoded) -> list[Token]:
        texts = self._tokenizer.convert_ids_to_tokens(encoded.input_ids)
        return [self._token(prompt, encoded, at, text) for at, text in enumerate(texts)]

    def _token(self, prompt: str, encoded, at: int, text: str) -> Token:
        number = encoded.input_ids[at]
        if not encoded.attention_mask[at]:
            return Token(text, number, "padding", None, True)
        if encoded.special_tokens_mask[at]:
            return Token(text, number, "start" if number == self._tokenizer.bos_token_id else "end", None, True)
        span = _without_blanks(prompt, encoded.offset_mapping[at])
        if number == self._stand_in:
            return Token(text, number, "unknown", span, False)
        around = _without_blanks(prompt, tuple(encoded.word_to_chars(encoded.word_ids()[at])))
        known = self._knows(prompt[slice(*around)]) or self._knows(text)
        return Token(text, number, "word", span, known, whole=span == around)

    @property
    def _stand_in(self) -> int | None:
        """The id sent for what has none; CLIP's own tokenizer spells everything and never needs it."""
        tokenizer = self._tokenizer
        return None if tokenizer.unk_token_id == tokenizer.eos_token_id else tokenizer.unk_token_id

    def _knows(self, word: str) -> bool:
        return self._vocabulary is None or word.casefold() in self._vocabulary


@torch.inference_mode()
def encode(pipe, ids: list[list[int]], mask: list[list[int]]) -> np.ndarray:
    """(B, T) ids and attention mask -> the text encoder's output, float32 (B, T, D). Raises BrokenRun if not finite."""
    encoder, t5 = reading_parts(pipe)[1], T5.get(type(pipe).__name__)
    ids, mask = torch.tensor(ids, device=encoder.device), torch.tensor(mask, device=encoder.device)
    # Where it is not masked the padding takes part, as in the pipelines.
    masked = t5.masked if t5 else getattr(encoder.config, "use_attention_mask", False)
    output = encoder(ids, attention_mask=mask if masked else None, output_hidden_states=True)
    # Two CLIP encoders are SDXL and SD3, which read the last layer but one.
    before_last = t5 is None and isinstance(getattr(pipe, "text_encoder_2", None), CLIP)
    vectors = output.hidden_states[-2] if before_last else output.last_hidden_state
    if not torch.isfinite(vectors).all():
        raise BrokenRun("The model's text encoder gave numbers that are not finite, so there are none to show.")
    return vectors.float().cpu().numpy()


def _is_whole(text: str, begin: str, end: str) -> bool:
    name = text.removeprefix(begin).removesuffix(end)
    return text.startswith(begin) and text.endswith(end) and name.isalpha() and name == name.casefold()


def _without_blanks(prompt: str, span: tuple[int, int]) -> tuple[int, int]:
    """The span without the blank before it, which T5's tokenizer counts in."""
    start, end = span
    while start < end and prompt[start].isspace():
        start += 1
    return start, end


def _note(pipe) -> str | None:
    if type(pipe).__name__ in T5:
        other = " Of CLIP this model hears one vector for the whole prompt." if hasattr(pipe, "text_encoder_2") else ""
        return f"These are T5's numbers; it reads both ways, so each token knows of those behind it, too.{other}"
    more = [name for name in ("text_encoder_2", "text_encoder_3") if getattr(pipe, name, None) is not None]
    if not more:
        return None
    return f"This model reads the prompt with {len(more) + 1} text encoders; these are the numbers of the first."
