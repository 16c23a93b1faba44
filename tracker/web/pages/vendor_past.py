"""What was recorded about a trader: taken back, given to them, forgotten."""

from __future__ import annotations

from functools import partial

from litestar import Controller, get, post
from litestar.params import FromPath
from msgspec import json

from tracker.access.roles import Permission, hidden
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.events import NewVoid
from tracker.domain.codes import event_id
from tracker.domain.errors import Fault, Invalid
from tracker.services import erasure, personal_data, voids
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.pages import acting
from tracker.web.pages.vendor import known_of, story_of, title
from tracker.web.route import page


class VendorPast(Controller):
    """Nothing is deleted but what would still tell who somebody was."""

    @get("/vendors/{vendor:str}/take-back/{ordinal:int}", opt=page(Permission.EVENTS_VOID))
    async def show_fact(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """The fact, and what taking it back means."""
        return await _fact(request, vendor, ordinal, Typed())

    @post(
        "/vendors/{vendor:str}/take-back/{ordinal:int}",
        opt=page(Permission.EVENTS_VOID),
        status_code=303,
    )
    async def take_back(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """Takes it back, or asks a second person to."""

        async def deed(given: dict[str, str]) -> Reply:
            known = await known_of(request, vendor)
            reason = forms.read(given, NewVoid).reason
            event = event_id(known.code, ordinal)
            result = await voids.void(request.tracker, request.principal, event, reason=reason)
            return acting.done(result, f"/vendors/{known.code}", "taken_back")

        return await acting.attempt(request, partial(_fact, request, vendor, ordinal), deed)

    @get("/vendors/{vendor:str}/personal-data", opt=page(Permission.PERSONAL_READ))
    async def show_export(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Says what comes, and that reading it is recorded."""
        return await _page(request, "export", vendor, Typed())

    @post("/vendors/{vendor:str}/personal-data", opt=page(Permission.PERSONAL_READ))
    async def export(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Everything held about the trader, as a file."""
        held = await personal_data.export(request.tracker, request.principal, vendor)
        saved = f'attachment; filename="{held.vendor}-du-lieu-ca-nhan.json"'.encode()
        return replies.content(
            json.format(json.encode(held), indent=2),
            replies.JSON,
            200,
            (b"content-disposition", saved),
            (b"cache-control", b"no-store"),
        )

    @get("/vendors/{vendor:str}/erasure", opt=page(Permission.PERSONAL_ERASE))
    async def show_erasure(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Says what is lost for ever."""
        return await _page(request, "erase", vendor, Typed())

    @post("/vendors/{vendor:str}/erasure", opt=page(Permission.PERSONAL_ERASE), status_code=303)
    async def erase(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Forgets the trader."""

        async def deed(given: dict[str, str]) -> Reply:
            if "sure" not in given:
                fault = Fault("/sure", "UNSURE", "Tick the box: this cannot be undone.")
                raise Invalid("This was not confirmed.", code="INVALID_BODY", faults=(fault,))
            check = acting.unchanged(given)
            await erasure.erase(request.tracker, request.principal, vendor, check)
            return view.see(f"/vendors/{vendor}", "erased")

        return await acting.attempt(request, partial(_page, request, "erase", vendor), deed)


async def _fact(request: ApiRequest, vendor: str, ordinal: int, typed: Typed) -> Reply:
    known = await known_of(request, vendor)
    story = await story_of(request, known.facts)
    try:
        told = story.one(event_id(known.code, ordinal))
    except KeyError:
        raise hidden() from None
    return view.render(
        request,
        "vendor_past",
        acting.status_of(typed),
        act="take_back",
        market=known.market,
        code=known.code,
        title=title(known),
        told=told,
        version=0,
        typed=typed,
    )


async def _page(request: ApiRequest, act: str, vendor: str, typed: Typed) -> Reply:
    known = await known_of(request, vendor)
    if known.shown is None:
        raise hidden()
    return view.render(
        request,
        "vendor_past",
        acting.status_of(typed),
        act=act,
        market=known.market,
        code=known.code,
        title=title(known),
        told=None,
        version=known.shown.version,
        typed=typed,
    )
