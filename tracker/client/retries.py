"""When a call is sent again, and how long it waits before that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct

AGAIN: Final = frozenset({429, 502, 503, 504})
"""Statuses that say: not now. 500 is not among them: it would most likely be 500 again."""

AGAIN_CODES: Final = frozenset({"BULK_IN_PROGRESS"})
"""Conflicts that end by themselves: the first of two equal calls is still at work."""

SAFE: Final = frozenset({"GET", "HEAD", "PUT"})
"""Methods that may be repeated without a key. A PUT says what is to be; twice is the same.
DELETE is not: of two, the second would be told that there is nothing."""


class Retries(Struct, frozen=True):
    """How often and how long. Seconds; `tries_max` 1 is never again.

    Before try n + 1 it waits a random time between a half and the whole of `first_s` × 2ⁿ⁻¹, at
    most `wait_s_max`, so that clients that failed together do not come back together; what the
    service names in `Retry-After` is waited for in full. A call whose next wait would end after
    `total_s` gives up at once.
    """

    tries_max: int = 8
    first_s: float = 0.25
    wait_s_max: float = 30.0
    total_s: float = 300.0

    def wait_s(self, tried: int, retry_after_s: float | None, random: Callable[[], float]) -> float:
        """How long to wait after so many tries; `random` gives 0 ≤ x < 1."""
        # Bounded before it is a power: 2 to the thousandth is no float.
        whole = min(self.wait_s_max, self.first_s * 2.0 ** min(tried - 1, 32))
        own = whole * (0.5 + random() / 2)
        return own if retry_after_s is None else max(own, retry_after_s)


def retry_after_s(value: str | None, now: Callable[[], datetime] | None = None) -> float | None:
    """The seconds that `Retry-After` names (RFC 9110 §10.2.3), a number or a date; else None."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    here = datetime.now(UTC) if now is None else now()
    return max(0.0, (moment - here).total_seconds())
