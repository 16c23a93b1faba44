"""How a market stands to a target: what is reached, what it takes, and where the pace leads."""

from __future__ import annotations

from typing import Any, Literal

from tracker.domain.days import day_date
from tracker.domain.market import Target

PACE_DAYS = 30
"""A pace is vendors in so many days: what the market gained in the last ones, or has to gain."""

SIGHT_DAYS = 36_525
"""A projection beyond a hundred years is none."""

Basis = Literal["reached", "pace_30d", "not_growing", "out_of_sight"]


def outlook(target: Target, day: int, count: int, before: int) -> dict[str, Any]:
    """A target on a day, with its figure's count at the end of that day and 30 days before.

    `progress` is the share of the target in percent, `pace_needed` the vendors in 30 days that
    would reach it by the day due (None once that is over), `pace_30d` those of the last 30 days.
    `projected_on` is the day on which the pace of the last 30 days, kept up, reaches the target;
    `projected_by` says why it is that day, or why there is none.
    """
    left, days_left = max(target.vendors - count, 0), target.due_on - day
    pace = count - before
    projected, basis = _projected(day, left, pace)
    return {
        "figure": target.figure,
        "due_on": day_date(target.due_on).isoformat(),
        "vendors": target.vendors,
        "count": count,
        "progress": _hundredths(100 * count, target.vendors),
        "remaining": left,
        "days_left": days_left,
        "pace_needed": _hundredths(left * PACE_DAYS, days_left) if days_left > 0 else None,
        "pace_30d": pace,
        "projected_on": None if projected is None else day_date(projected).isoformat(),
        "projected_by": basis,
    }


def _projected(day: int, left: int, pace: int) -> tuple[int | None, Basis]:
    if left == 0:
        return None, "reached"
    if pace <= 0:
        return None, "not_growing"
    days = -(-left * PACE_DAYS // pace)
    return (None, "out_of_sight") if days > SIGHT_DAYS else (day + days, "pace_30d")


def _hundredths(value: int, by: int) -> int | float:
    """A quotient with two decimals, half up; an integer where it is whole."""
    hundredths = (200 * value + by) // (2 * by)
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100
