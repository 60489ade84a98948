"""How much one visitor may ask for. Who that is: a session of the page, and the address that it comes from.

Of one session two runs are under way or waiting at most; a minute has a bound for a session, and one for an address,
behind which a whole class may sit. Questions about runs have bounds of their own. An address is the one that the server
sees; what a proxy says of whom it speaks for counts where uvicorn was told to trust it (FORWARDED_ALLOW_IPS). Knows
nothing of runs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from demo.run.trace import BadRequest

AT_ONCE = 2  # runs of a session, under way or waiting
BUSY = "Two of your runs are under way or waiting already; nothing is lost, ask again when one of them has ended."
OFTEN = "{} {} a minute are what {} may ask for, and that was one more; nothing is lost, ask again in {} seconds."


class Who(NamedTuple):
    """A visitor; session is None where nobody can be known by it, as over the API."""

    session: str | None = None
    address: str | None = None


NOBODY = Who()


class Limits:
    """Runs a minute for a session and for an address; safe to use from several threads.

    Of `questions` an address may ask as many times more than a session as of runs.
    """

    def __init__(self, session: int, address: int, questions: int = 10**9):
        self._counted = MovingWindowRateLimiter(MemoryStorage())
        asked = questions, math.ceil(questions * address / session)
        self._most = {
            kind: tuple(RateLimitItemPerMinute(most, namespace=kind) for most in bounds)
            for kind, bounds in (("runs", (session, address)), ("questions", asked))
        }

    def admit(self, who: Who, under_way: Sequence[Who]) -> None:
        """Count one more run, beside those `under_way`. Raises BadRequest in one sentence where it is one too many."""
        if who.session is not None and sum(one.session == who.session for one in under_way) >= AT_ONCE:
            raise BadRequest(BUSY)
        self._count("runs", who)

    def ask(self, who: Who) -> None:
        """Count one more question. Raises BadRequest in one sentence where it is one too many."""
        self._count("questions", who)

    def _count(self, kind: str, who: Who) -> None:
        session, address = self._most[kind]
        bounds = [
            (item, f"{part} {name}", named)
            for item, part, name, named in (
                (session, "session", who.session, "a page"),
                (address, "address", who.address, "an address"),
            )
            if name is not None
        ]
        for item, key, named in bounds:
            if not self._counted.test(item, key):
                again = self._counted.get_window_stats(item, key).reset_time - time.time()
                raise BadRequest(OFTEN.format(item.amount, kind, named, max(1, math.ceil(again))))
        for item, key, _ in bounds:
            self._counted.hit(item, key)
