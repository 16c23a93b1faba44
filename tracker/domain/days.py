"""Moments and days.

A moment is an integer of milliseconds since 1970-01-01T00:00Z. A day is the Asia/Ho_Chi_Minh
calendar day, held as the number of days since 1970-01-01; the public forms are RFC 3339 and
`date`. Vietnam has kept UTC+7 without daylight saving since 13 June 1975, so a day is plain
arithmetic; a test compares it with the zone database.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

OFFSET_MS = 7 * 3_600_000
DAY_MS = 86_400_000
VIETNAM = timezone(timedelta(hours=7))
_EPOCH = date(1970, 1, 1).toordinal()


def day_of(moment: int) -> int:
    """The local day that a moment (ms) lies in."""
    return (moment + OFFSET_MS) // DAY_MS


def start_of(day: int) -> int:
    """The first moment (ms) of a local day; the end of day D is `start_of(D + 1)`."""
    return day * DAY_MS - OFFSET_MS


def day_number(value: date) -> int:
    """A calendar date as a day."""
    return value.toordinal() - _EPOCH


def day_date(day: int) -> date:
    """A day as a calendar date."""
    return date.fromordinal(day + _EPOCH)


def moment_of(value: datetime) -> int:
    """An aware datetime as a moment; fractions of a millisecond are cut."""
    return (value - _ZERO) // _ONE_MS


@lru_cache(maxsize=1_024)
def moment_text(moment: int) -> str:
    """A moment as RFC 3339 in Vietnam's offset, to the second where it is whole."""
    value = _ZERO_VIETNAM + timedelta(milliseconds=moment)
    return value.isoformat(timespec="milliseconds" if moment % 1000 else "seconds")


def moment_on(day: int, anchor: int) -> int:
    """When a fact that is known by its day alone happened.

    At the start of that day or, if `anchor` (the moment of what it belongs to) lies later on the
    same day, at the anchor (the dating rule of the offices' files).
    """
    return anchor if day_of(anchor) == day else start_of(day)


_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO_VIETNAM = _ZERO.astimezone(VIETNAM)
_ONE_MS = timedelta(milliseconds=1)
