"""What a market is measured by: its declared number of vendors, and its targets."""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.markets import NewCensus
from tracker.api.resources.targets import NewTarget
from tracker.domain.days import day_date, day_number, day_of
from tracker.services import approvals, markets, targets
from tracker.services.approval_shapes import Pending
from tracker.services.targets import TargetOut
from tracker.web import forms, listing, view
from tracker.web.forms import Typed
from tracker.web.pages import acting, admin_forms
from tracker.web.route import page

WAITING_MAX = 20


class MarketNumbers(Controller):
    """Managers declare the number; the department sets the targets; others may look."""

    @get("/markets/{market:str}/census", opt=page(Permission.CENSUS_READ))
    async def show_census(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """The number in force, those before it, what waits for a second person."""
        return await _census(request, market, Typed())

    @post("/markets/{market:str}/census", opt=page(Permission.CENSUS_WRITE), status_code=303)
    async def declare(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Declares another; a lower one waits for a second person."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(given, NewCensus)
            done = await markets.declare_census(
                request.tracker,
                request.principal,
                market,
                effective_on=day_number(new.effective_on),
                vendors=new.vendors,
                source=new.source,
            )
            if isinstance(done, Pending):
                return view.see(f"/approvals/{done.approval.id}", "asked")
            return view.see(f"/markets/{market}/census", "census_declared")

        return await admin_forms.attempt(request, partial(_census, request, market), deed)

    @get("/markets/{market:str}/targets", opt=page(Permission.MARKETS_READ))
    async def show_targets(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """What stands, and all that was ever stated."""
        return await _targets(request, market, Typed())

    @post("/markets/{market:str}/targets", opt=page(Permission.MARKETS_WRITE), status_code=303)
    async def set_target(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """Sets one, or takes it back (0 vendors)."""

        async def deed(given: dict[str, str]) -> Reply:
            new = forms.read(given, NewTarget)
            since = None if new.effective_on is None else day_number(new.effective_on)
            await targets.state(
                request.tracker,
                request.principal,
                market,
                figure=new.figure,
                due_on=day_number(new.due_on),
                vendors=new.vendors,
                effective_on=since,
            )
            said = "target_set" if new.vendors else "target_taken_back"
            return view.see(f"/markets/{market}/targets", said)

        return await admin_forms.attempt(request, partial(_targets, request, market), deed)


async def _census(request: ApiRequest, market: str, typed: Typed) -> Reply:
    tracker, me = request.tracker, request.principal
    found = await markets.censuses(tracker, me, market)
    place = await tracker.market(market)
    today = day_of(tracker.now())
    waits: list[Any] = []
    if view.reader_of(request).sees("approvals.read") and me.role != "ioc":
        asked, _ = await approvals.listed(
            tracker, me, market=market, state="waiting", after=None, limit=WAITING_MAX
        )
        waits = [one for one in asked if one.census is not None]
    return view.render(
        request,
        "admin_census",
        acting.status_of(typed),
        market=place,
        some=listing.some(found[::-1], request.query_params.get("page", "")),
        now=place.census_on(today),
        today=day_date(today).isoformat(),
        waits=waits,
        typed=typed,
    )


async def _targets(request: ApiRequest, market: str, typed: Typed) -> Reply:
    found = await targets.listed(request.tracker, request.principal, market)
    place = await request.tracker.market(market)
    today = day_date(day_of(request.tracker.now())).isoformat()
    return view.render(
        request,
        "admin_targets",
        acting.status_of(typed),
        market=place,
        standing=standing(found, today),
        ahead=[one for one in found if one.effective_on > today],
        some=listing.some(found[::-1], request.query_params.get("page", "")),
        today=today,
        typed=typed,
    )


def standing(found: list[TargetOut], today: str) -> list[TargetOut]:
    """Of each figure and day due the last that was stated and counts, if it was not taken back."""
    last = {(one.due_on, one.figure): one for one in found if one.effective_on <= today}
    return [one for _, one in sorted(last.items()) if one.vendors]
