"""Prompts as their engine reads them, and the map of its vocabulary: asked once, kept for a moment, as plain JSON.

The numbers are the engine's own (`engine.numbers`); here they are checked and kept, because one prompt is asked for
often while somebody types and looks.
"""

from __future__ import annotations

import contextlib
import logging
import threading

from cachetools import LRUCache

from demo.engine.api import Engine
from demo.run.numbers import Numbers
from demo.run.trace import MAX_PROMPT, BadRequest, whole

KEPT_BYTES = 8 * 2**20  # of vectors: 150 prompts of ours, 20 of SDXL's 77 x 2048 numbers
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
        return self._read(prompt).to_json(self._engine.atlas())

    def tokens(self, prompt: str) -> list[dict] | None:
        """The tokens of a prompt about to run, None where this model's cannot be shown; never in the way of a run."""
        if not self._engine.abilities.can("numbers"):
            return None
        try:
            return [dict(told) for told in self._read(prompt).told(self._engine.atlas())]
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
        return read.told_one(index, self._engine.atlas())

    def atlas(self) -> dict:
        """{"kind", "words", "map", "explained"}: one place on the map for each word. Raises BadRequest."""
        self._must()
        with self._lock:
            if self._map is None:
                self._map = self._engine.atlas().to_json()
            return self._map

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
