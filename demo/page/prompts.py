"""Prompts as their engine reads them, and the map of its vocabulary: asked once, kept for a moment, as plain JSON.

The numbers are the engine's own (`engine.numbers`); here they are checked, kept, because one prompt is asked for often
while somebody types and looks, and rounded to what a screen can show.
"""

from __future__ import annotations

import contextlib
import logging
import threading

from cachetools import LRUCache

from demo.engine.api import Engine
from demo.run.numbers import Atlas, Numbers
from demo.run.trace import MAX_PROMPT, BadRequest, whole

KEPT_BYTES = 8 * 2**20  # of vectors: 150 prompts of ours, 20 of SDXL's 77 x 2048 numbers
MAPPED = 2000  # words of a large model's map; its tokenizer has the frequent ones first
CLOSEST = 8
TOO_LONG = f"Only prompts of at most {MAX_PROMPT} characters are read."
log = logging.getLogger(__name__)


class Prompts:
    """What one engine reads in prompts; safe to share between threads."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._kept: LRUCache[str, Numbers] = LRUCache(KEPT_BYTES, getsizeof=lambda read: read.vectors.nbytes + 4096)
        self._lock = threading.Lock()
        self._map: dict | None = None

    def numbers(self, prompt) -> dict:
        """{"tokens", "width", "atlas", "note"}; width is how many numbers a token becomes. Raises BadRequest."""
        read = self._read(prompt)
        return {
            "tokens": self._tokens(read),
            "width": int(read.vectors.shape[1]),
            "atlas": self._engine.atlas().kind,
            "note": read.note,
        }

    def tokens(self, prompt: str) -> list[dict] | None:
        """The tokens of a prompt about to run, None where this model's cannot be shown; never in the way of a run."""
        if not self._engine.abilities.can("numbers"):
            return None
        try:
            return self._tokens(self._read(prompt))
        except Exception as error:  # whatever a stranger's tokenizer may raise
            log.error("the tokens of a prompt could not be read", exc_info=error)
            return None

    def token(self, prompt, index) -> dict:
        """{"vector", "length", "word", "neighbours", "place"} of the token at `index` of what the model gets.

        word is its name in the atlas; where it has none (signs, pieces, words never met), it has no neighbours and no
        place either. Raises BadRequest.
        """
        read = self._read(prompt)
        index = whole("The token", index, 0, len(read.vectors) - 1)
        atlas = self._engine.atlas()
        word = atlas.find(read.tokens[index])
        near = [] if word is None else atlas.neighbours(word, CLOSEST)
        return {
            "vector": [round(float(number), 4) for number in read.vectors[index]],
            "length": round(float(read.lengths[index]), 3),
            "word": word,
            "neighbours": [[other, round(cosine, 4)] for other, cosine in near],
            "place": _place(atlas, word),
        }

    def atlas(self) -> dict:
        """{"kind", "words", "map", "explained"}: one place on the map for each word. Raises BadRequest."""
        self._must()
        with self._lock:
            if self._map is None:
                atlas = self._engine.atlas()
                self._map = {
                    "kind": atlas.kind,
                    "words": list(atlas.words[:MAPPED]),
                    "map": [[round(float(x), 3), round(float(y), 3)] for x, y in atlas.map[:MAPPED]],
                    "explained": [round(share, 4) for share in atlas.explained],
                }
            return self._map

    def _tokens(self, read: Numbers) -> list[dict]:
        atlas = self._engine.atlas()
        told = []
        for at, token in enumerate(read.tokens):
            sent = at < len(read.vectors)  # those that were cut have no vector
            told.append(
                {
                    "text": token.text,
                    "id": int(token.id),
                    "kind": token.kind,
                    "span": None if token.span is None else list(token.span),
                    "known": bool(token.known),
                    "typed": read.typed(token),
                    "length": round(float(read.lengths[at]), 3) if sent else None,
                    "place": _place(atlas, atlas.find(token)) if sent else None,
                }
            )
        return told

    def known(self, prompt) -> bool:
        """Whether this prompt has just been read, so that asking again costs nothing."""
        with self._lock:
            return isinstance(prompt, str) and prompt in self._kept

    def _read(self, prompt) -> Numbers:
        self._must()
        if not isinstance(prompt, str) or len(prompt) > MAX_PROMPT:
            raise BadRequest(TOO_LONG)
        prompt = prompt.encode("utf-8", "replace").decode()  # half a character is no text
        with self._lock:
            if prompt in self._kept:
                return self._kept[prompt]
        read = self._engine.numbers(prompt)
        with self._lock, contextlib.suppress(ValueError):  # one that is too large to be kept
            self._kept[prompt] = read
        return read

    def _must(self) -> None:
        why = self._engine.abilities.cannot.get("numbers")
        if why is not None:
            raise BadRequest(why)


def _place(atlas: Atlas, word: str | None) -> list[float] | None:
    return None if word is None else [round(float(at), 3) for at in atlas.map[atlas.rows[word]]]
