"""A prompt's tokens and the map of the model's vocabulary, as plain JSON for the page.

The numbers are the engine's own (`engine.numbers`); here they are checked, kept for a moment, because one
prompt is asked for several times while somebody types and looks, and rounded to what a screen can show.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

from demo.run.trace import MAX_PROMPT, BadRequest, whole

KEPT = 16  # prompts
MAPPED = 2000  # words of a large model's map; its tokenizer has the frequent ones first
CLOSEST = 8
TOO_LONG = f"Only prompts of at most {MAX_PROMPT} characters are read."
log = logging.getLogger(__name__)


class Reading:
    """What one engine reads in prompts; safe to share between threads."""

    def __init__(self, engine):
        self._engine = engine
        self._kept: OrderedDict[str, object] = OrderedDict()
        self._lock = threading.Lock()

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
        atlas = self._engine.atlas()
        return {
            "kind": atlas.kind,
            "words": list(atlas.words[:MAPPED]),
            "map": [[round(float(x), 3), round(float(y), 3)] for x, y in atlas.map[:MAPPED]],
            "explained": [round(share, 4) for share in atlas.explained],
        }

    def _tokens(self, read) -> list[dict]:
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

    def _read(self, prompt):
        self._must()
        if not isinstance(prompt, str) or len(prompt) > MAX_PROMPT:
            raise BadRequest(TOO_LONG)
        prompt = prompt.encode("utf-8", "replace").decode()  # half a character is no text
        with self._lock:
            if prompt in self._kept:
                self._kept.move_to_end(prompt)
                return self._kept[prompt]
        read = self._engine.numbers(prompt)
        with self._lock:
            self._kept[prompt] = read
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return read

    def _must(self) -> None:
        why = self._engine.abilities.cannot.get("numbers")
        if why is not None:
            raise BadRequest(why)


def _place(atlas, word: str | None) -> list[float] | None:
    return None if word is None else [round(float(at), 3) for at in atlas.map[atlas.rows[word]]]
