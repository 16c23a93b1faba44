"""Strangers' codes at the stalls of a market: what is open, where else, and who handles it."""

from __future__ import annotations

from typing import Final

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery
from msgspec import json

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.conditional import tag_of
from tracker.api.conventions.replies import Reply
from tracker.api.resources.incidents import Handling
from tracker.domain.vendor import IncidentState
from tracker.services import incidents, who
from tracker.services.incidents import IncidentOut
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.pages import acting
from tracker.web.route import page
from tracker.web.story import Story
from tracker.web.words import bank_name

PAGE: Final = 50
SIGNS: Final[dict[IncidentState, str]] = {
    "open": "bad",
    "confirmed": "warn",
    "dismissed": "",
    "resolved": "good",
}
NEXT: Final[dict[IncidentState, tuple[IncidentState, ...]]] = {
    "open": ("confirmed", "resolved", "dismissed"),
    "confirmed": ("resolved", "dismissed"),
    "dismissed": (),
    "resolved": (),
}
"""What may be found out about an incident that stands so."""


class IncidentPages(Controller):
    """The list of a market, and each incident."""

    @get("/markets/{market:str}/incidents", opt=page(Permission.INCIDENTS_READ))
    async def show_all(
        self,
        request: ApiRequest,
        market: FromPath[str],
        ended: FromQuery[str] = "",
        start: FromQuery[str] = "",
    ) -> Reply:
        """Those that nobody has ended, oldest first; or with `ended` those that somebody did."""
        place = await request.tracker.market(market)
        found = await incidents.listed(request.tracker, request.principal, market=market)
        ends = {bool(ended): [one for one in found if (not NEXT[one.state]) is bool(ended)]}
        chosen = ends[bool(ended)]
        if ended:
            chosen.reverse()
        first = int(start) if start.isascii() and start.isdigit() else 0
        some = chosen[first : first + PAGE]
        return view.render(
            request,
            "incidents",
            market=place,
            incidents=some,
            people=await _people(request, some),
            counts=(sum(bool(NEXT[one.state]) for one in found), len(found)),
            ended=bool(ended),
            first=first,
            more=first + PAGE if len(chosen) > first + PAGE else None,
            signs=SIGNS,
            bank=bank_name,
        )

    @get("/incidents/{incident:str}", opt=page(Permission.INCIDENTS_READ))
    async def show(self, request: ApiRequest, incident: FromPath[str]) -> Reply:
        """One, with the form of what was found out."""
        return await _one(request, incident, Typed())

    @post("/incidents/{incident:str}", opt=page(Permission.INCIDENTS_WRITE), status_code=303)
    async def handle(self, request: ApiRequest, incident: FromPath[str]) -> Reply:
        """Confirms, resolves or dismisses."""

        async def form(typed: Typed) -> Reply:
            return await _one(request, incident, typed)

        async def deed(given: dict[str, str]) -> Reply:
            wanted = forms.read(given, Handling)

            def check(standing: IncidentOut) -> None:
                if given.get("version") != _version(standing):
                    raise acting.outdated()

            await incidents.handle(
                request.tracker,
                request.principal,
                incident,
                state=wanted.state,
                reason=wanted.reason,
                check=check,
            )
            return view.see(f"/incidents/{incident}", f"incident_{wanted.state}")

        return await acting.attempt(request, form, deed)


async def _one(request: ApiRequest, incident: str, typed: Typed) -> Reply:
    found = await incidents.get(request.tracker, request.principal, incident)
    return view.render(
        request,
        "incident",
        acting.status_of(typed),
        market=await request.tracker.market(found.market),
        one=found,
        version=_version(found),
        people=await _people(request, [found]),
        choices=NEXT[found.state],
        signs=SIGNS,
        bank=bank_name,
        typed=typed,
    )


async def _people(request: ApiRequest, some: list[IncidentOut]) -> Story:
    """Who handled them, by name where the reader may know it."""
    ids = [one.handled_by for one in some if one.handled_by is not None]
    names = await who.named(request.tracker, request.principal, ids)
    return Story(view.reader_of(request).language, request.principal, [], names)


def _version(incident: IncidentOut) -> str:
    return tag_of(json.encode(incident))
