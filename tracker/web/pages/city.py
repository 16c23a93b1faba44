"""The city: one number first, then its markets, and what needs attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Final

from litestar import Controller, get
from litestar.params import FromQuery
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.days import moment_text
from tracker.domain.text import search_key
from tracker.services.overview_rows import Row
from tracker.web import listing, view
from tracker.web.route import page
from tracker.web.words import bank_name

SHOWN: Final = 8
"""Markets named under each heading of what needs attention; the rest is counted."""

SORTS: Final[dict[str, Callable[[Row], Any]]] = {
    "left": lambda row: (row.attached - row.denominator, row.name),
    "rate": lambda row: (-(row.rate or 0), row.name),
    "gained": lambda row: (row.week_ago[0] - row.attached, row.name),
    "name": lambda row: search_key(row.name),
}
"""In which order markets stand; the first where nobody chose: most vendors without a code."""


class Goals(Struct, frozen=True):
    """The targets that are due on one day, summed: markets, vendors, what is reached, the paces."""

    due_on: str
    markets: int
    vendors: int
    attached: int
    pace_needed: float | None
    pace: int

    @property
    def state(self) -> str:
        """Whether it is reached, will be at the pace of the last 30 days, or will not."""
        if self.attached >= self.vendors:
            return "reached"
        if self.pace_needed is None:
            return "missed"
        return "in_time" if self.pace >= self.pace_needed else "too_slow"


class Concern(Struct, frozen=True):
    """One kind of what needs attention: the markets, with how many in each; or the silent banks,
    with in how many markets.
    """

    kind: str
    markets: Sequence[tuple[Row, int]] = ()
    banks: Sequence[tuple[str, int]] = ()

    @property
    def size(self) -> int:
        """How many it names."""
        return len(self.markets) + len(self.banks)


class City(Controller):
    """All markets that the reader may see."""

    @get("/city", opt=page(Permission.ADOPTION_READ))
    async def show(
        self,
        request: ApiRequest,
        sort: FromQuery[str] = "",
        q: FromQuery[str] = "",
        skip: FromQuery[str] = "",
    ) -> Reply:
        """The sum, the markets 50 a page, and what needs attention."""
        seen = await request.service.overview.glance(request.principal)
        by = sort if sort in SORTS else next(iter(SORTS))
        rows = seen.once(f"by {by}", lambda rows: sorted(rows, key=SORTS[by]))
        if wanted := search_key(q[:80]):
            rows = [row for row in rows if wanted in search_key(row.name)]
        return view.render(
            request,
            "city",
            totals=seen.totals,
            markets=len(seen.rows),
            as_of=moment_text(seen.as_of),
            some=listing.some(rows, skip),
            sort=by,
            sorts=list(SORTS),
            q=q,
            goals=seen.once("goals", goals),
            concerns=seen.once("concerns", concerns),
            shown=SHOWN,
        )


def goals(rows: Iterable[Row]) -> list[Goals]:
    """The markets' targets by the day due, soonest first; of a market and day there is one."""
    found: dict[str, list[tuple[Row, Any]]] = {}
    for row in rows:
        for goal in row.goals:
            found.setdefault(goal.due_on, []).append((row, goal))
    return [
        Goals(
            due_on=due_on,
            markets=len(some),
            vendors=sum(goal.vendors for _, goal in some),
            attached=sum(row.attached for row, _ in some),
            pace_needed=None
            if any(goal.pace_needed is None for _, goal in some)
            else round(sum(goal.pace_needed for _, goal in some), 2),
            pace=sum(goal.pace for _, goal in some),
        )
        for due_on, some in sorted(found.items(), key=lambda item: date.fromisoformat(item[0]))
    ]


def concerns(rows: Sequence[Row]) -> list[Concern]:
    """What needs attention, gravest first; kinds that no market has are left out."""
    silent = Counter(bin_ for row in rows for bin_ in row.silent)
    by_bank = [(bank_name(bin_), count) for bin_, count in silent.most_common()]
    found = [
        _flagged(rows, "swap_suspected"),
        Concern("silent", banks=by_bank),
        _flagged(rows, "registered_exceeds_census"),
        _flagged(rows, "no_census"),
    ]
    return [concern for concern in found if concern.size]


def _flagged(rows: Iterable[Row], flag: str) -> Concern:
    return Concern(flag, [(row, row.flags[flag]) for row in rows if row.flags.get(flag)])
