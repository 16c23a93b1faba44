"""Markets: find, rename, place in their units over time, close."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any, Final

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from tracker.access.roles import Permission
from tracker.api.conventions import bodies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.one_market import Closure, MarketChange
from tracker.domain.areas import Unit
from tracker.domain.days import day_number, day_of
from tracker.domain.errors import Fault, TrackerError
from tracker.domain.text import search_key
from tracker.services import areas, market_changes, markets
from tracker.services.market_changes import Period
from tracker.services.markets import MarketOut
from tracker.web import forms, listing, view
from tracker.web.forms import Typed
from tracker.web.pages import acting, admin_forms
from tracker.web.route import page

CHOICES_MAX: Final = 300
ROWS_MORE: Final = 2
"""Empty rows under the units of a market: one that goes, one that comes."""

_PERIOD: Final = re.compile(r"areas\.([0-9]{1,3})\.(area_code|from|to)", re.ASCII)


class AdminMarkets(Controller):
    """The list and each of it."""

    @get("/admin/markets", opt=page(Permission.MARKETS_WRITE))
    async def show_all(
        self,
        request: ApiRequest,
        q: FromQuery[str] = "",
        skip: Annotated[str, QueryParameter(name="page")] = "",
    ) -> Reply:
        """By name; `q` is a part of a name, id or prefix, without diacritics."""
        places = await markets.listed(request.tracker, request.principal)
        wanted = search_key(q)
        found = [one for one in places if wanted in search_key(f"{one.name} {one.id} {one.prefix}")]
        found.sort(key=lambda one: (one.closed_on is not None, search_key(one.name)))
        return view.render(
            request,
            "admin_markets",
            some=listing.some(found, skip),
            names=_names(await areas.units(request.tracker), day_of(request.tracker.now())),
            typed=Typed({"q": q}),
            q=q,
        )

    @get("/admin/markets/{market:str}", opt=page(Permission.MARKETS_WRITE))
    async def show(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Its particulars, and what can be changed."""
        return await _one(request, market, Typed())

    @post("/admin/markets/{market:str}", opt=page(Permission.MARKETS_WRITE), status_code=303)
    async def change(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Another name; its units over time, a row each, an empty row is none."""

        async def deed(given: dict[str, str]) -> Reply:
            rows = periods(given)
            new = bodies.check({"name": given.get("name"), "areas": rows}, MarketChange)
            wanted = [
                Period(
                    one.area_code,
                    day_number(one.first),
                    None if one.end is None else day_number(one.end),
                )
                for one in new.areas or ()
            ]

            def check(standing: MarketOut) -> None:
                acting.unchanged(given)(standing.version)

            await market_changes.change(
                request.tracker,
                request.principal,
                market,
                name=new.name if isinstance(new.name, str) else None,
                periods=wanted,
                check=check,
            )
            return view.see(f"/admin/markets/{market}", "market_changed")

        async def form(typed: Typed) -> Reply:
            return await _one(request, market, Typed(packed(typed.values), typed.refused))

        return await admin_forms.attempt(request, form, deed)

    @get("/admin/markets/{market:str}/closure", opt=page(Permission.MARKETS_WRITE))
    async def show_closure(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """What closing means, and the form."""
        return await _closure(request, market, Typed())

    @post("/admin/markets/{market:str}/closure", opt=page(Permission.MARKETS_WRITE))
    async def close(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Closes it, or merges it into another; for good."""

        async def deed(given: dict[str, str]) -> Reply:
            faults: list[Fault] = []
            try:
                new = forms.read(given, Closure)
            except TrackerError as refused:
                faults += refused.faults
            if "sure" not in given:
                faults.append(Fault("/sure", "UNSURE", "Tick the box."))
            if faults:
                raise bodies.refusal(faults)
            await market_changes.close(
                request.tracker,
                request.principal,
                market,
                closed_on=day_number(new.closed_on),
                into=new.into,
                reason=new.reason,
            )
            return view.see(f"/admin/markets/{market}", "market_closed")

        return await admin_forms.attempt(request, partial(_closure, request, market), deed)


def periods(given: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of units that were filled in at all, in their order."""
    rows: dict[int, dict[str, Any]] = {}
    for name, value in given.items():
        part = _PERIOD.fullmatch(name)
        if part is not None and value.strip():
            rows.setdefault(int(part[1]), {})[part[2]] = value.strip()
    return [rows[n] for n in sorted(rows)]


def packed(given: Mapping[str, str]) -> dict[str, str]:
    """What was typed with its rows numbered as the faults number them."""
    others = {name: value for name, value in given.items() if not _PERIOD.fullmatch(name)}
    return others | {
        f"areas.{n}.{name}": value
        for n, row in enumerate(periods(given))
        for name, value in row.items()
    }


def _names(units: Sequence[Unit], day: int) -> dict[str, str]:
    """What each code names on that day."""
    return {unit.code: unit.name for unit in units if unit.valid_on(day)}


async def _one(request: ApiRequest, market: str, typed: Typed) -> Reply:
    found = await markets.get(request.tracker, request.principal, market)
    known = {
        f"areas.{n}.{name}": value or ""
        for n, area in enumerate(found.areas)
        for name, value in (("area_code", area.area_code), ("from", area.from_), ("to", area.to))
    }
    filled = periods(typed.values) if typed.refused else found.areas
    units = await areas.units(request.tracker)
    return view.render(
        request,
        "admin_market",
        acting.status_of(typed),
        market=found,
        typed=typed,
        known_areas={} if typed.refused else known,
        rows=range(len(filled) + ROWS_MORE),
        area_names=[_unit_name(units, area.area_code, area.from_) for area in found.areas],
        reason=(await request.tracker.market(market)).closed_for,
    )


def _unit_name(units: Sequence[Unit], code: str, day: str) -> str:
    names = _names(units, day_number(date.fromisoformat(day)))
    return names.get(code, code)


async def _closure(request: ApiRequest, market: str, typed: Typed) -> Reply:
    found = await markets.get(request.tracker, request.principal, market)
    others = [
        (one.id, one.name)
        for one in await markets.listed(request.tracker, request.principal)
        if one.id != market and one.closed_on is None
    ]
    return view.render(
        request,
        "admin_market_closure",
        acting.status_of(typed),
        market=found,
        others=others if len(others) <= CHOICES_MAX else None,
        typed=typed,
    )
