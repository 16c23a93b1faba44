"""The review list of a market: likenesses that a manager looks at once, and decides."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final, get_args

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from tracker.access.roles import Permission, hidden
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.doubts import DoubtDecision
from tracker.domain.doubts import State
from tracker.domain.market import Market
from tracker.services import doubt_list, who
from tracker.services.doubt_list import MarketDoubtOut
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.pages import acting
from tracker.web.route import page
from tracker.web.story import Story
from tracker.web.words import bank_name

PAGE: Final = 50
STATES: Final[dict[State, str]] = {"open": "warn", "to_correct": "bad", "accepted": "good"}
"""State of a doubt: the sign of its tag."""


class DoubtPages(Controller):
    """The list, and each doubt."""

    @get("/markets/{market:str}/doubts", opt=page(Permission.DOUBTS_READ))
    async def show_all(
        self,
        request: ApiRequest,
        market: FromPath[str],
        wanted: Annotated[str, QueryParameter(name="state")] = "open",
        start: FromQuery[str] = "",
    ) -> Reply:
        """Doubts that stand so, fifty at a time."""
        place = await request.tracker.market(market)
        standing: State = next((one for one in get_args(State) if one == wanted), "open")
        found = await doubt_list.listed(request.tracker, request.principal, market)
        chosen = [one for one in found if one.state == standing]
        first = int(start) if start.isascii() and start.isdigit() else 0
        some = chosen[first : first + PAGE]
        return view.render(
            request,
            "doubts",
            market=place,
            doubts=some,
            names=await _names(request, place, some),
            people=await _people(request, some),
            counts=Counter(one.state for one in found),
            states=STATES,
            state=standing,
            first=first,
            more=first + PAGE if len(chosen) > first + PAGE else None,
            bank=bank_name,
        )

    @get("/markets/{market:str}/doubts/{doubt:str}", opt=page(Permission.DOUBTS_READ))
    async def show(self, request: ApiRequest, market: FromPath[str], doubt: FromPath[str]) -> Reply:
        """One, with the form of the decision."""
        return await _one(request, market, doubt, Typed())

    @post(
        "/markets/{market:str}/doubts/{doubt:str}",
        opt=page(Permission.DOUBTS_DECIDE),
        status_code=303,
    )
    async def decide(
        self, request: ApiRequest, market: FromPath[str], doubt: FromPath[str]
    ) -> Reply:
        """Decides; on to what is still open."""

        async def form(typed: Typed) -> Reply:
            return await _one(request, market, doubt, typed)

        async def deed(given: dict[str, str]) -> Reply:
            wanted = forms.read(given, DoubtDecision)
            await doubt_list.decide_one(
                request.tracker,
                request.principal,
                market,
                doubt,
                decision=wanted.decision,
                reason=wanted.reason,
            )
            return view.see(f"/markets/{market}/doubts", "doubt_decided")

        return await acting.attempt(request, form, deed)


async def _one(request: ApiRequest, market: str, doubt: str, typed: Typed) -> Reply:
    place = await request.tracker.market(market)
    found = await doubt_list.listed(request.tracker, request.principal, market)
    one = next((one for one in found if one.id == doubt), None)
    if one is None:
        raise hidden()
    return view.render(
        request,
        "doubt",
        acting.status_of(typed),
        market=place,
        one=one,
        names=await _names(request, place, [one]),
        people=await _people(request, [one]),
        states=STATES,
        bank=bank_name,
        typed=typed,
    )


async def _names(request: ApiRequest, place: Market, some: list[MarketDoubtOut]) -> dict[str, str]:
    """The names of the market's vendors that these doubts are about, as the reader sees them."""
    codes = {about.vendor for one in some for about in one.vendors if about.stall is not None}
    seen = await request.service.rosters.some(request.principal, place.id, codes)
    return {one.vendor: one.name for one in seen if one.name}


async def _people(request: ApiRequest, some: list[MarketDoubtOut]) -> Story:
    """Who decided, by name where the reader may know it."""
    ids = [one.decided_by for one in some if one.decided_by is not None]
    names = await who.named(request.tracker, request.principal, ids)
    return Story(view.reader_of(request).language, request.principal, [], names)
