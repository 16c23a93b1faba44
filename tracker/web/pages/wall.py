"""The wall of the operations centre: dark, readable from across the room, fresh by itself."""

from __future__ import annotations

from typing import Final

from litestar import Controller, get
from litestar.params import FromQuery

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.days import moment_text
from tracker.web import listing, view
from tracker.web.pages.city import SORTS, concerns, goals
from tracker.web.route import page

MARKETS: Final = 14
"""As many markets as a screen of 1080 lines shows."""

REFRESH_S: Final = 20


class Wall(Controller):
    """No hands needed: the page asks for the next one, round and round the markets."""

    @get("/wall", opt=page(Permission.ADOPTION_READ))
    async def show(self, request: ApiRequest, skip: FromQuery[str] = "") -> Reply:
        """The city's number, the markets some at a time, what needs attention."""
        seen = await request.service.overview.glance(request.principal)
        rows = seen.once("by rate", lambda rows: sorted(rows, key=SORTS["rate"]))
        some = listing.some(rows, skip, MARKETS)
        return view.render(
            request,
            "wall",
            totals=seen.totals,
            as_of=moment_text(seen.as_of),
            some=some,
            next=f"/wall?skip={some.more}" if some.more else "/wall",
            refresh=REFRESH_S,
            goals=seen.once("goals", goals),
            concerns=seen.once("concerns", concerns),
        )
