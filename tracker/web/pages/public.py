"""Published figures for everybody: nothing personal, small rows withheld, each with its digest."""

from __future__ import annotations

from typing import Any, Final

from litestar import Controller, get
from litestar.params import FromPath, FromQuery

from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.guard import PUBLIC
from tracker.api.conventions.replies import Header, Reply
from tracker.domain.text import search_key
from tracker.web import listing, view
from tracker.web.pages.market import breakdowns, unreported
from tracker.web.route import page

KEPT: Final[Header] = (b"cache-control", b"private, max-age=30")
"""A page that was just read is good for half a minute; it depends on the language's cookie."""


class Public(Controller):
    """No sign-in; whoever is signed in sees the same."""

    @get("/public", opt=page(PUBLIC))
    async def show_all(
        self, request: ApiRequest, q: FromQuery[str] = "", skip: FromQuery[str] = ""
    ) -> Reply:
        """The sum of the markets' latest published days, and each market."""
        rows, totals = await request.service.public.rows()
        wanted = search_key(q[:80])
        shown = [row for row in rows if wanted in search_key(row.name)] if wanted else rows
        return view.render(
            request,
            "public",
            200,
            KEPT,
            totals=totals,
            markets=len(rows),
            some=listing.some(shown, skip),
            q=q,
        )

    @get("/public/markets/{market:str}", opt=page(PUBLIC))
    async def show_one(self, request: ApiRequest, market: FromPath[str]) -> Reply:
        """A market's latest published day, with how to recompute it."""
        row, body = await request.service.public.one(market)
        shown: dict[str, Any] = {"breakdowns": breakdowns(body), "unreported": unreported(body)}
        return view.render(request, "public_market", 200, KEPT, row=row, body=body, **shown)
