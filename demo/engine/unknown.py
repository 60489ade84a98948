"""What of a prompt a model never met: its unknown tokens, put together to the words that a person typed.

Asked of the tokens alone, so that what is said to be unknown is what the tokenizer had no id for, or the training no
picture. Knows no model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from demo.run.numbers import Token

APOSTROPHES = "'’"


def unknown_words(prompt: str, tokens: Iterable[Token]) -> list[str]:
    """What of `prompt` the model never met, as typed, each once: its unknown tokens (all of it, in order) as words.

    Pieces without a gap are one word, for a tokenizer may tear what a person reads as one; punctuation is never met and
    never missed.
    """
    words: list[tuple[int, int]] = []
    for token in tokens:
        if token.span is None or token.known or not any(map(_belongs, prompt[slice(*token.span)])):
            continue
        start, end = token.span
        if words and words[-1][1] == start:
            start, _ = words.pop()
        while end < len(prompt) and unicodedata.category(prompt[end])[0] == "M":
            end += 1  # a mark that a normaliser has put into the letter before it
        words.append((start, end))
    typed = (_trimmed(prompt, *word) for word in words if not _is_ending(prompt, word[0]))
    return list(dict.fromkeys(word for word in typed if any(map(_counts, word))))


def _counts(letter: str) -> bool:
    """Letters, digits and pictures make a word; marks, joiners and apostrophes are only in it."""
    kind = unicodedata.category(letter)
    return kind[0] in "LN" or kind == "So"


def _belongs(letter: str) -> bool:
    """Whether it may be part of a word."""
    return _counts(letter) or letter in APOSTROPHES or unicodedata.category(letter)[0] in "MC"


def _is_ending(prompt: str, start: int) -> bool:
    """Whether what starts here is the "'s" of a word that is known."""
    return prompt[start] in APOSTROPHES and start > 0 and _counts(prompt[start - 1])


def _trimmed(prompt: str, start: int, end: int) -> str:
    """The letters start..end of the prompt without signs at either end, but with the "'s" that a tokenizer dropped."""
    ending = re.match(rf"[{APOSTROPHES}]\w+", prompt[end:])
    letters = prompt[start : end + len(ending[0]) if ending else end]
    signs = "".join({letter for letter in letters if not _belongs(letter)})
    return letters.strip(signs + APOSTROPHES)
