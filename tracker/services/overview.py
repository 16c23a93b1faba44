"""All markets at a glance: a row a market, and their sums, for who may see them.

The figures are those of `tracker.services.adoption`. Looking whether any of a country's markets
changed takes some 50 ms, so what was found is shown for up to twenty times as long as finding it
took, and says as of when it is: a city of ten markets is never seconds behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter_ns
from typing import Any, TypeVar

from msgspec import Struct, json
from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.domain import lines
from tracker.domain.days import day_of
from tracker.domain.figures import rate
from tracker.domain.lines import Falls
from tracker.domain.market import denominator
from tracker.services.adoption import Kept, LiveFigures
from tracker.services.context import Tracker

T = TypeVar("T")

BATCH = 200
WEEK_DAYS = 7
SHARE = 20
"""Finding the rows anew takes at most one twentieth of the time."""

KEPT_MS_MAX = 10_000


class Goal(Struct, frozen=True):
    """A market's target on its attached vendors: so many by a day, and the paces (30 days)."""

    due_on: str
    vendors: int
    pace_needed: float | None
    pace: int


class Row(Struct, frozen=True):
    """One open market: counts, those of a week ago, and what needs somebody's attention."""

    market: str
    name: str
    area: str | None
    attached: int
    denominator: int
    registered: int
    issued: int
    active: int
    week_ago: tuple[int, int]
    goals: tuple[Goal, ...]
    flags: dict[str, int]
    silent: tuple[str, ...]

    @property
    def rate(self) -> float | None:
        """Attached of the denominator, in percent."""
        return rate(self.attached, self.denominator)


class Totals(Struct, frozen=True):
    """Sums over rows: the attached of the denominators, now and a week ago."""

    attached: int
    denominator: int
    week_ago: tuple[int, int]

    @property
    def rate(self) -> float | None:
        """In percent."""
        return rate(self.attached, self.denominator)

    @property
    def gained(self) -> int:
        """Vendors in a week."""
        return self.attached - self.week_ago[0]

    @property
    def points(self) -> float | None:
        """Percentage points in a week; None where there was no rate."""
        now, before = self.rate, rate(*self.week_ago)
        return None if now is None or before is None else round(now - before, 2)


class Glance(Struct, frozen=True):
    """The rows that somebody may see, as of a moment (ms)."""

    rows: Sequence[Row]
    totals: Totals
    as_of: int
    known: dict[str, Any] = {}

    def once(self, what: str, work: Callable[[Sequence[Row]], T]) -> T:
        """What `work` makes of the rows; it works once for as long as they stay the same.

        To sort a country's rows for each reader would take longer than all the rest of a page.
        """
        if what not in self.known:
            self.known[what] = work(self.rows)
        found: T = self.known[what]
        return found


class Overview:
    """The rows of all open markets, found anew when they have aged."""

    def __init__(self, tracker: Tracker, live: LiveFigures) -> None:
        self._tracker = tracker
        self._live = live
        self._known: dict[str, tuple[Kept, Row | None]] = {}
        self._all = Glance((), Totals(0, 0, (0, 0)), 0)
        self._until_ns = 0
        self._turn = asyncio.Lock()

    async def glance(self, principal: Principal) -> Glance:
        """What this principal sees: all open markets, or those in scope."""
        async with self._turn:
            if perf_counter_ns() >= self._until_ns:
                await self._find()
        if not principal.markets and principal.may_market(""):
            return self._all
        rows = [row for row in self._all.rows if principal.may_market(row.market)]
        return Glance(rows, totals(rows), self._all.as_of)

    async def _find(self) -> None:
        began, now = perf_counter_ns(), self._tracker.now()
        today = day_of(now)
        standing = await self._live.standing(list(await self._tracker.reader.markets()))
        known = self._known
        changed = [
            market
            for market, kept in standing.items()
            if market not in known or known[market][0] is not kept
        ]
        found = {market: known[market] for market in standing if market in known}
        for start in range(0, len(changed), BATCH):
            some = changed[start : start + BATCH]
            week = await self._tracker.reader.falls(some, today - WEEK_DAYS + 1, today)
            found |= {m: (standing[m], _row(standing[m], week[m], today)) for m in some}
        self._known = {market: found[market] for market in standing}
        rows = [row for _, row in self._known.values() if row is not None]
        if changed or len(rows) != len(self._all.rows):
            self._all = Glance(rows, totals(rows), now)
        else:
            self._all = replace(self._all, as_of=now)
        took = perf_counter_ns() - began
        self._until_ns = perf_counter_ns() + min(SHARE * took, KEPT_MS_MAX * 1_000_000)


def totals(rows: Iterable[Row]) -> Totals:
    """The sums of rows: numerators and denominators, never a mean of rates."""
    attached = base = attached_before = base_before = 0
    for row in rows:
        attached += row.attached
        base += row.denominator
        attached_before += row.week_ago[0]
        base_before += row.week_ago[1]
    return Totals(attached, base, (attached_before, base_before))


def _row(kept: Kept, week: Falls, today: int) -> Row | None:
    if not kept.is_open:
        return None
    market, body = kept.market, json.decode(kept.content)
    figures: dict[str, Any] = body["figures"]
    attached, registered = figures["attached"]["count"], figures["registered"]["count"]
    days = range(today - WEEK_DAYS + 1, today + 1)
    gained = sum(
        week.on(day, lines.ATTACHED)
        + week.on(day, lines.REATTACHED)
        - week.on(day, lines.LEFT)
        - sum(week.removed(day).values())
        for day in days
    )
    joined = sum(week.on(day, lines.REGISTERED) for day in days)
    before = today - WEEK_DAYS
    base = denominator(market.census_on(before), registered - joined).value
    was_open = market.open_on(before)
    return Row(
        market=market.id,
        name=market.name,
        area=body["area_code"],
        attached=attached,
        denominator=body["denominator"]["value"],
        registered=registered,
        issued=figures["issued"]["count"],
        active=figures["active_30d"]["count"],
        week_ago=(attached - gained, base) if was_open else (0, 0),
        goals=tuple(
            Goal(goal["due_on"], goal["vendors"], goal["pace_needed"], goal["pace_30d"])
            for goal in body["targets"]
            if goal["figure"] == "attached"
        ),
        flags={flag["code"]: flag["count"] for flag in body["flags"]},
        silent=kept.silent,
    )
