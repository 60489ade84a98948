"""Values from outside, of whatever type and length, become a value or one BadRequest: text, numbers, names.

The one place that judges what was typed: a form, a link, the command line and a program may all send anything. Knows
the standard library alone.
"""

from __future__ import annotations

import math
import numbers
import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

MAX_PROMPT = 500  # code points, after normalisation
READ_AT_MOST = 100 * MAX_PROMPT  # code points that are normalised at all: longer text is refused unread
LONGEST_NUMBER = 64  # characters of a number that is read
BLANK = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # drawn as nothing, though Unicode calls them letters
CLOSING = tuple(",;:.!?")  # no space comes before these
WHOLE = re.compile(r"[+-]?[0-9]+")
DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class BadRequest(ValueError):
    """What was asked cannot be run; the text is one clear sentence for the visitor, `field` the form's name for it."""

    field: str | None = None

    def about(self, field: str) -> BadRequest:
        """The same error, with the field that it is about."""
        self.field = field
        return self


JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner


def normalised(text: str) -> str:
    """`text` as everything here reads it; doing it twice changes nothing.

    Letters in their usual form (NFKC: fullwidth letters become plain ones), control and format characters out (NUL,
    what turns the direction of writing, zero-width ones that join nothing), runs of blanks and line ends one blank,
    none at the ends; what draws nothing is the empty text. Anything else stays as it was typed. Raises BadRequest for
    half a character.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise BadRequest("The text holds half a character (a lone surrogate), which is no text.")
    seen = _joined(unicodedata.normalize("NFKC", _joined(text)))
    return seen if any(unicodedata.category(letter)[0] not in "MZC" and letter not in BLANK for letter in seen) else ""


def text_of(name: str, value: object) -> str:
    """`value` normalised, at most MAX_PROMPT code points, perhaps empty. Raises BadRequest, which calls it `name`."""
    if not isinstance(value, str):
        raise BadRequest(f"{name} must be text, not {shown(value)}.")
    if len(value) <= READ_AT_MOST:
        try:
            value = normalised(value)
        except BadRequest:
            raise BadRequest(f"{name} holds half a character (a lone surrogate), which is no text.") from None
    if len(value) > MAX_PROMPT:
        raise BadRequest(f"{name} has {len(value)} characters; at most {MAX_PROMPT} are allowed.")
    return value


def whole(name: str, value: object, low: int, high: int) -> int:
    """`value`, or what it spells, as an int from low to high. Raises BadRequest, which calls it `name`."""
    number = _within(value, low, high)
    if number is None or number != int(number):
        raise BadRequest(f"{name} must be a whole number from {low} to {high}, not {shown(value)}.")
    return int(number)


def between(name: str, value: object, low: float, high: float) -> float:
    """`value`, or what it spells, as a float from low to high. Raises BadRequest, which calls it `name`."""
    number = _within(value, low, high)
    if number is None:
        raise BadRequest(f"{name} must be a number from {low:g} to {high:g}, not {shown(value)}.")
    return min(max(float(number), low), high) + 0.0  # a fraction may round over the edge; no -0


def one_of(name: str, value: object, labels: dict[str, str]) -> str:
    """The key of `labels` that `value` spells, by key or label, large or small. Raises BadRequest, naming `name`."""
    if isinstance(value, str) and len(value) <= LONGEST_NUMBER:
        for key, label in labels.items():
            if value.strip().casefold() in (key, label.casefold()):
                return key
    raise BadRequest(f"{name} must be one of {', '.join(labels)}, not {shown(value)}.")


def without_word(prompt: str, start: int, end: int) -> str:
    """`prompt` without its characters start..end, closed up where they were; the rest stays as it was typed.

    Removing nothing returns the very prompt, so that the two runs are one. Raises BadRequest for a span outside of it.
    """
    if not isinstance(prompt, str):
        raise BadRequest(f"The prompt must be text, not {shown(prompt)}.")
    try:
        start = whole("The start", start, 0, len(prompt))
        end = whole("The end", end, start, len(prompt))
    except BadRequest:
        span = f"{shown(start)} to {shown(end)}"
        raise BadRequest(f"There are no characters {span} in a prompt of {len(prompt)}.") from None
    if start == end:
        return prompt
    before, after = prompt[:start].rstrip(), prompt[end:].lstrip()
    space = " " if len(before) < start or len(after) < len(prompt) - end else ""  # none inside a word
    if after[:1] in CLOSING and (not before or before[-1] in CLOSING):
        after = after[1:].lstrip()  # "a fox, [red], at night" keeps one comma, "[red], a fox" none
    if not after:
        return before.rstrip(",;:").rstrip()
    return before + after if not before or after[0] in CLOSING else before + space + after


def shown(value: object) -> str:
    """`value` as a sentence can carry it: quoted, short, on one line, whatever it is."""
    if isinstance(value, str | bytes):
        text = repr(value[:50])
    elif value is None or isinstance(value, numbers.Number | Decimal):
        text = _spelt(value)
    else:
        text = f"a {type(value).__name__}"
    return text if len(text) <= 40 else text[:37] + "..."


def _spelt(number: object) -> str:
    try:
        return str(number)
    except ValueError:  # Python does not write integers of more than 4,300 digits
        return "a number of thousands of digits"


def _joined(text: str) -> str:
    """Blanks one blank, controls and format characters out, but for joiners that have something to join."""
    pairs = zip(" " + text, text, text[1:] + " ", strict=False)
    kept = (
        letter for before, letter, after in pairs if _stays(letter) or (letter in JOINERS and _joins(before, after))
    )
    return " ".join("".join(kept).split())


def _joins(before: str, after: str) -> bool:
    """Whether a joiner between these two belongs to the writing: in emoji, in Persian, in the scripts of India."""
    return all(not letter.isascii() and not letter.isspace() and _stays(letter) for letter in (before, after))


def _stays(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf")


def _within(value: object, low: float, high: float) -> Any:
    """The real number that `value` is or spells if it lies from low to high, else None."""
    number = _number(value)
    try:
        return number if number is not None and low <= number <= high else None  # NaN is between nothing
    except (ArithmeticError, ValueError, TypeError):  # Decimal's NaN cannot be compared
        return None


def _number(value: object) -> Any:
    """The number that `value` is or spells, None where there is none; fullwidth digits are digits, "7_0" is nothing."""
    if isinstance(value, bool):
        return None
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Rational | Decimal):
        return value
    if isinstance(value, numbers.Real):
        return float(value)  # numpy's small floats compare in their own precision, where 10**9 is infinity
    if not isinstance(value, str) or len(value) > LONGEST_NUMBER:
        return None
    text = unicodedata.normalize("NFKC", value).strip()
    if WHOLE.fullmatch(text):
        return int(text)
    if DECIMAL.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else None
    return None


def count(number: int, noun: str, plural: str | None = None) -> str:
    """ "1 step", "2 steps"; `plural` where it is not the noun with an s."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listed(words: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *most, last = [*words] or [""]
    return f"{', '.join(most)} and {last}" if most else last
