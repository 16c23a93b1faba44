"""A trader's page: who, how far, what happened, and from where everything is done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from litestar import Controller, get
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.domain.codes import parse_vendor_code, vendor_code
from tracker.domain.errors import NotFound
from tracker.domain.facts import Status
from tracker.domain.market import Market
from tracker.services import events, incidents, vendor_reading, who
from tracker.services.events import FactOut
from tracker.services.incidents import IncidentOut
from tracker.services.shapes import VendorOut
from tracker.web import view
from tracker.web.roster_rows import STAGES
from tracker.web.route import page
from tracker.web.story import Story
from tracker.web.words import bank_name, why_left

FACTS_SHOWN: Final = 30
"""Of what happened, before somebody asks for all of it."""

CHANGES: Final[dict[Status, tuple[Status, ...]]] = {
    "trading": ("suspended", "left"),
    "suspended": ("trading", "left"),
    "left": ("trading",),
}
"""Which status may come after which."""


class Known(Struct, frozen=True):
    """A vendor with the facts; no `shown` where the registration was taken back."""

    market: Market
    code: str
    shown: VendorOut | None
    facts: Sequence[FactOut]


class VendorPage(Controller):
    """One trader."""

    @get("/vendors/{vendor:str}", opt=page(Permission.VENDORS_READ))
    async def show(
        self,
        request: ApiRequest,
        vendor: FromPath[str],
        all: FromQuery[str] = "",  # noqa: A002  # the word of the link
    ) -> Reply:
        """As far as the reader may see; `all` for the whole of what happened."""
        known = await known_of(request, vendor)
        shown, language = known.shown, view.reader_of(request).language
        story = await story_of(request, known.facts)
        told = story.told()
        left = shown is not None and shown.status == "left"
        return view.render(
            request,
            "vendor",
            market=known.market,
            code=known.code,
            vendor=shown,
            title=title(known),
            stages=STAGES,
            why=why_left(language, shown.reason) if shown and shown.reason else None,
            bank=bank_name,
            changes=CHANGES.get(shown.status, ()) if shown and shown.status else (),
            issuable=[] if left else issuable(shown),
            incidents=await _incidents(request, known.facts),
            story=told if all else told[:FACTS_SHOWN],
            told=len(told),
            ordinal=lambda code_id: code_id.rpartition(".c")[2],
        )


async def known_of(request: ApiRequest, vendor: str) -> Known:
    """The vendor as the reader may see it; raises `NotFound`."""
    tracker, me = request.tracker, request.principal
    facts = await events.of_vendor(tracker, me, vendor)
    shown = None
    with suppress(NotFound):  # the registration was taken back: what happened remains
        shown = await vendor_reading.get(tracker, me, vendor)
    prefix, number = parse_vendor_code(vendor)
    place = await tracker.market(await tracker.market_id(prefix))
    return Known(place, vendor_code(prefix, number), shown, facts)


async def standing_of(request: ApiRequest, vendor: str) -> tuple[Market, VendorOut]:
    """A vendor to whom something is to be done, and the market; raises `NotFound`."""
    shown = await vendor_reading.get(request.tracker, request.principal, vendor)
    return await request.tracker.market(shown.market), shown


async def story_of(request: ApiRequest, facts: Sequence[FactOut]) -> Story:
    """What happened, in the reader's language."""
    me = request.principal
    names = await who.named(request.tracker, me, [fact.by for fact in facts if fact.by])
    return Story(view.reader_of(request).language, me, facts, names)


def title(known: Known) -> str:
    """The name where the reader may read it, else the code."""
    name = None if known.shown is None else known.shown.name
    return name or known.code


def issuable(shown: VendorOut | None) -> list[str]:
    """The banks with an account and no live code over it."""
    if shown is None:
        return []
    live = {code.bin for code in shown.codes if code.state == "live"}
    return [account.bin for account in shown.accounts if account.bin not in live]


async def _incidents(request: ApiRequest, facts: Sequence[FactOut]) -> list[IncidentOut]:
    """The strangers' codes that were seen at the stall, as far as the reader may know of them."""
    if not view.reader_of(request).sees(Permission.INCIDENTS_READ):
        return []
    found = []
    for fact in facts:
        if fact.kind == "incident_opened" and fact.voided_by is None:
            with suppress(NotFound):  # erased, or another bank's
                found.append(await incidents.get(request.tracker, request.principal, fact.id))
    return found[::-1]
