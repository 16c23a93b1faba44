"""Reports to print and to hand on, of a market or of all, and the workbook with the numbers."""

from __future__ import annotations

import asyncio
import io
from datetime import date
from typing import Any, Final

from litestar import Controller, get
from litestar.params import FromPath, FromQuery

from tracker.access.roles import Permission
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.tables import XLSX
from tracker.domain.days import day_date, day_number, moment_text
from tracker.domain.errors import Invalid, TrackerError
from tracker.domain.figures import FIGURES, rate
from tracker.services import reports
from tracker.services.vendor_reading import Filter
from tracker.services.vendor_table import COLUMNS, roster
from tracker.tables.writing import OutCell, Sheet, write_book
from tracker.web import view
from tracker.web.forms import Typed
from tracker.web.pages.market import breakdowns, points, unreported
from tracker.web.route import page
from tracker.web.texts import Language, say
from tracker.web.words import bank_name

DEFINED: Final = ("registered", "denominator", "issued", "attached", "active_30d", "rate")
"""The terms that a printed report explains."""


class Reports(Controller):
    """Two pages of paper; the same numbers as a workbook."""

    @get("/markets/{market:str}/report", opt=page(Permission.SNAPSHOTS_READ))
    async def show_market(
        self,
        request: ApiRequest,
        market: FromPath[str],
        first: FromQuery[str] = "",
        last: FromQuery[str] = "",
    ) -> Reply:
        """A market over some days, by default the seven up to yesterday."""
        on, typed = _days(request, first, last)
        service = request.service
        report = await reports.of_market(
            request.tracker, service.periods, request.principal, market, on=on
        )
        after = report.after
        return view.render(
            request,
            "report",
            400 if typed.refused else 200,
            typed=typed,
            market=report.of.market,
            of=report.of,
            before=report.before,
            after=after,
            points=points(report.of),
            breakdowns=[] if after is None else breakdowns(dict(after)),
            unreported=after is None or unreported(dict(after)),
            rates=_rates(report.of),
            **_surroundings(request, on),
        )

    @get("/markets/{market:str}/report.xlsx", opt=page(Permission.SNAPSHOTS_READ))
    async def get_workbook(
        self,
        request: ApiRequest,
        market: FromPath[str],
        first: FromQuery[str] = "",
        last: FromQuery[str] = "",
    ) -> Reply:
        """All figures of each day, the rows as far as the reader may see them, and the roster."""
        on, typed = _days(request, first, last)
        if typed.refused is not None:
            raise typed.refused
        reader = view.reader_of(request)
        found = await reports.bodies(request.tracker, request.principal, market, on=on)
        vendors: list[list[OutCell]] = []
        if reader.may("vendors.read", market):
            async for some in roster(request.tracker, request.principal, market, Filter()):
                vendors += some
        sheets = _sheets(reader.language, found, vendors)
        out = io.BytesIO()
        await asyncio.to_thread(write_book, out, sheets)
        name = f"{market}-{day_date(on[0])}-{day_date(on[1])}.xlsx"
        saved = b"content-disposition", f'attachment; filename="{name}"'.encode()
        return replies.content(out.getvalue(), XLSX, 200, saved)

    @get("/city/report", opt=page(Permission.SNAPSHOTS_READ))
    async def show_city(
        self, request: ApiRequest, first: FromQuery[str] = "", last: FromQuery[str] = ""
    ) -> Reply:
        """All markets in scope over some days."""
        on, typed = _days(request, first, last)
        report = await reports.of_city(
            request.tracker, request.service.periods, request.principal, on=on
        )
        return view.render(
            request,
            "report_city",
            400 if typed.refused else 200,
            typed=typed,
            report=report,
            rows=[(one, _rates(one)) for one in report.markets],
            rates=tuple(map(rate, report.attached, report.denominators)),
            **_surroundings(request, on),
        )


def _days(request: ApiRequest, first: str, last: str) -> tuple[reports.Days, Typed]:
    """The days that were asked for; what cannot be had is told, and the usual days are shown."""
    try:
        given = [day_number(date.fromisoformat(text)) if text else None for text in (first, last)]
        return reports.days(request.tracker, *given), Typed({"first": first, "last": last})
    except ValueError:
        refused: TrackerError = Invalid("A day is written as 2026-11-21.", code="RANGE")
    except Invalid as wrong:
        refused = wrong
    typed = Typed({"first": first, "last": last}, refused)
    return reports.days(request.tracker, None, None), typed


def _surroundings(request: ApiRequest, on: reports.Days) -> dict[str, Any]:
    first, last = day_date(on[0]), day_date(on[1])
    return {
        "first": first,
        "last": last,
        "days": on[1] - on[0] + 1,
        "opening_day": day_date(on[0] - 1),
        "made": moment_text(request.tracker.now()),
        "defined": DEFINED,
    }


def _rates(of: Any) -> tuple[float | None, float | None]:
    period, bases = of.period, of.denominators
    return rate(period.opening, bases[0]), rate(period.closing, bases[1])


def _sheets(
    language: Language, found: list[dict[str, Any]], vendors: list[list[OutCell]]
) -> list[Sheet]:
    def t(key: str) -> str:
        return say(language, key)

    daily = [
        [
            date.fromisoformat(body["date"]),
            body["revision"],
            body["denominator"]["value"],
            body["denominator"]["basis"],
            *(body["figures"][name]["count"] for name in FIGURES),
            body["figures"]["attached"]["rate"],
            body["activity"]["payments"],
            body["activity"]["amount_vnd"],
            body["digest"],
        ]
        for body in found
    ]
    heads = [t("report.day"), t("public.revision"), t("report.denominator"), t("report.basis")]
    heads += [t(f"report.figure_{name}") for name in FIGURES]
    heads += [t("market.rate"), t("report.payments"), t("report.amount"), t("public.digest")]
    parts_ = [
        [
            date.fromisoformat(body["date"]),
            t(f"market.kind_{kind}"),
            bank_name(row["key"]) if kind == "bank" else row["key"],
            *(
                None if row.get("withheld") and kind != "bank" else row[name]["count"]
                for name in ("registered", "issued", "attached", "active_30d")
            ),
        ]
        for body in found
        for kind in ("zone", "category", "bank")
        for row in body["breakdowns"][kind]
    ]
    columns = [t("report.day"), t("report.kind"), t("report.key")]
    columns += [
        t(f"figure.short_{name}") for name in ("registered", "issued", "attached", "active_30d")
    ]
    terms = [[t(f"define.{name}_term"), t(f"define.{name}")] for name in DEFINED]
    sheets = [
        Sheet(t("report.sheet_days"), heads, daily, (12, 8, 10, 10)),
        Sheet(t("report.sheet_parts"), columns, parts_, (12, 14, 28)),
        Sheet(t("report.sheet_terms"), [t("report.term"), t("report.meaning")], terms, (24, 100)),
    ]
    if vendors:
        sheets.insert(0, Sheet(t("report.sheet_roster"), [*COLUMNS.values()], vendors))
    return sheets
