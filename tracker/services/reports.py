"""A report of a market over some days: what was published at both ends, and what changed between.

Printed reports are handed on, so they show what everybody may see. What a reader may see beyond
that is in the workbook.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, json

from tracker.access.keys import Principal
from tracker.domain.days import day_of
from tracker.domain.errors import Invalid, NotFound
from tracker.domain.withholding import restore
from tracker.services import published
from tracker.services.context import Tracker
from tracker.services.market_periods import MarketPeriod, MarketPeriods
from tracker.services.overview_rows import WEEK_DAYS

DAYS_MAX = 366
"""A year: longer ones are read year by year."""

MARKETS_MAX = 200
"""Markets of one city report: each one's vendors are read."""

Body = Mapping[str, Any]

Days = tuple[int, int]
"""First and last day."""


class MarketReport(Struct, frozen=True):
    """A market's period; the published bodies of the day before it and of its last day, if any."""

    of: MarketPeriod
    before: Body | None
    after: Body | None


class CityReport(Struct, frozen=True):
    """Markets' periods by name, as many as a report takes; `left_out` is how many more there are.

    The sums are over the markets that are shown; `published` has, by market, the body of the last
    day where it was closed.
    """

    markets: list[MarketPeriod]
    left_out: int
    attached: tuple[int, int]
    denominators: tuple[int, int]
    lines: dict[str, int]
    removed: dict[str, int]
    published: dict[str, Body]


def days(tracker: Tracker, first: int | None, last: int | None) -> tuple[int, int]:
    """The days that are asked for; by default the seven up to yesterday.

    Raises `Invalid` `RANGE`: the last day is over, and the range is one of up to a year.
    """
    yesterday = day_of(tracker.now()) - 1
    end = yesterday if last is None else last
    begin = end - WEEK_DAYS + 1 if first is None else first
    if end > yesterday or not 0 <= end - begin < DAYS_MAX:
        raise Invalid(
            f"A report is of 1 to {DAYS_MAX} days, the last of them yesterday or before.",
            code="RANGE",
        )
    return begin, end


async def of_market(
    tracker: Tracker, periods: MarketPeriods, principal: Principal, market: str, *, on: Days
) -> MarketReport:
    """The report of one market. Raises `NotFound` out of scope."""
    period = await periods.between(principal, market, *on)
    return MarketReport(
        period,
        await _published(tracker, principal, market, on[0] - 1),
        await _published(tracker, principal, market, on[1]),
    )


async def of_city(
    tracker: Tracker, periods: MarketPeriods, principal: Principal, *, on: Days
) -> CityReport:
    """The report of all markets in scope that are open on the last day."""
    ids = [m for m in await tracker.reader.markets() if principal.may_market(m)]
    open_ = [p for p in await tracker.reader.some_markets(ids) if p.open_on(on[1])]
    open_.sort(key=lambda place: place.name)
    found = [await periods.between(principal, p.id, *on) for p in open_[:MARKETS_MAX]]
    shown = [one.market.id for one in found]
    latest = await tracker.publications.latest_of(shown, on[1])
    raws = await tracker.publications.bodies([(m, on[1], n) for m, n in latest.items()])
    removed: dict[str, int] = {}
    for one in found:
        for reason, count in one.period.removed.items():
            removed[reason] = removed.get(reason, 0) + count
    return CityReport(
        markets=found,
        left_out=max(0, len(open_) - MARKETS_MAX),
        attached=(
            sum(one.period.opening for one in found),
            sum(one.period.closing for one in found),
        ),
        denominators=(
            sum(one.denominators[0] for one in found),
            sum(one.denominators[1] for one in found),
        ),
        lines={
            name: sum(getattr(one.period, name) for one in found)
            for name in ("attached", "reattached", "left")
        },
        removed=dict(sorted(removed.items())),
        published={m: json.decode(raw) for m, raw in zip(latest, raws, strict=True) if raw},
    )


async def bodies(
    tracker: Tracker, principal: Principal, market: str, *, on: Days
) -> list[dict[str, Any]]:
    """The published bodies of the period's days, with what this reader may see beyond them."""
    found = []
    for day in range(on[0], on[1] + 1):
        body = await _published(tracker, principal, market, day, details=True)
        if body is not None:
            found.append(body)
    return found


async def _published(
    tracker: Tracker, principal: Principal, market: str, day: int, *, details: bool = False
) -> dict[str, Any] | None:
    """A day's latest published body, None where there is none."""
    wanted = details and published.sees_details(principal)
    try:
        raw = await published.one(tracker, principal, market, day, details=wanted)
    except NotFound:
        return None
    body: dict[str, Any] = json.decode(raw)
    taken = body.pop("details", None)
    return restore(body, taken) if taken else body
