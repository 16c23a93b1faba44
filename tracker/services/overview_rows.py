"""One market's row of what is seen at a glance, and the sums over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from msgspec import Struct, json

from tracker.domain import lines
from tracker.domain.figures import rate
from tracker.domain.lines import Falls
from tracker.domain.market import denominator
from tracker.services.adoption import Kept

T = TypeVar("T")

WEEK_DAYS = 7


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


def totals(rows: Iterable[Row]) -> Totals:
    """The sums of rows: numerators and denominators, never a mean of rates."""
    attached = base = attached_before = base_before = 0
    for row in rows:
        attached += row.attached
        base += row.denominator
        attached_before += row.week_ago[0]
        base_before += row.week_ago[1]
    return Totals(attached, base, (attached_before, base_before))


def row_of(kept: Kept, week: Falls, today: int) -> Row | None:
    """The row of a market with the day lines of its last week; None where it is not open."""
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
