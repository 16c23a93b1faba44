"""A market: where it stands, how it got there, and who is left and why."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from litestar import Controller, get
from litestar.params import FromPath, FromQuery
from msgspec import Struct, json

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.days import day_date, moment_text
from tracker.domain.text import search_key
from tracker.services.market_periods import MarketPeriod
from tracker.web import view
from tracker.web.charts import Aim, Point
from tracker.web.route import page
from tracker.web.words import bank_name

DAYS: Final = (30, 7, 90, 365)
"""Lengths of the period that may be looked at; the first where nobody chose."""

TABLE_ROWS: Final = 12
"""Rows of the table under the trend: enough to read it by."""


class Cause(Struct, frozen=True):
    """Why some are not attached: a cause, for a removal also its reason; and how many."""

    cause: str
    reason: str
    count: int

    @property
    def filter(self) -> str:
        """What the roster's filter calls it."""
        return f"{self.cause}:{self.reason}" if self.reason else self.cause


class MarketPage(Controller):
    """One market at a glance."""

    @get("/markets/{market:str}", opt=page(Permission.ADOPTION_READ))
    async def show(
        self, request: ApiRequest, market: FromPath[str], days: FromQuery[str] = ""
    ) -> Reply:
        """The figures now, and the last `days` days."""
        length = int(days) if days in map(str, DAYS) else DAYS[0]
        live = await request.service.live.market(request.principal, market)
        body: dict[str, Any] = json.decode(live.body)
        period = await request.service.periods.last_days(request.principal, market, length)
        goal = next((goal for goal in body["targets"] if goal["figure"] == "attached"), None)
        return view.render(
            request,
            "market",
            market=period.market,
            body=body,
            period=period.period,
            bases=period.denominators,
            days=length,
            lengths=sorted(DAYS),
            gained=period.period.closing - period.period.opening,
            left=body["denominator"]["value"] - body["figures"]["attached"]["count"],
            points=points(period),
            table=table(period),
            aim=goal and Aim(date.fromisoformat(goal["due_on"]), goal["vendors"]),
            goal=goal,
            causes=causes(period),
            unlisted=body["denominator"]["value"] - body["figures"]["registered"]["count"],
            breakdowns=breakdowns(body),
            unreported=unreported(body),
            flags={flag["code"]: flag["count"] for flag in body["flags"]},
            as_of=moment_text(request.tracker.now()),
        )


def points(of: MarketPeriod) -> list[Point]:
    """The attached at the end of each day of the period, and of the day before it."""
    first = of.period.first - 1
    return [Point(day_date(first + n), count) for n, count in enumerate(of.period.attached_on)]


def table(of: MarketPeriod) -> list[Point]:
    """Some days of the trend, evenly, the newest first."""
    every = points(of)
    step = max(1, (len(every) - 1) // (TABLE_ROWS - 1))
    return every[::-1][::step]


def causes(of: MarketPeriod) -> list[Cause]:
    """Why those left are left, the most frequent cause first."""
    return [Cause(*key.partition(":")[::2], count) for key, count in of.period.why_left.items()]


def unreported(body: dict[str, Any]) -> bool:
    """Whether no bank has ever reported a payment: then nobody's activity is known, not none."""
    paid = body["figures"]["transacting"]["count"]
    return paid == 0 and body["activity"]["month_to_date"].get("payments") is None


def breakdowns(body: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The tables by zone, category and bank, as far as the reader may see them.

    A table of one row says nothing that the market's own figures do not.
    """
    found = []
    for kind in ("zone", "category", "bank"):
        rows = [
            {**row, "name": bank_name(row["key"]) if kind == "bank" else row["key"]}
            for row in body["breakdowns"][kind]
        ]
        rows.sort(key=lambda row: (row["name"] is None, search_key(row["name"] or "")))
        if len(rows) > 1 or (kind == "bank" and rows):
            found.append((kind, rows))
    return found
