"""What was stated about vendors and markets, and how a wrong fact is taken back."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.approvals import WAITS, waits
from tracker.api.resources.fields import Label
from tracker.services import events, voids
from tracker.services.approval_shapes import Pending
from tracker.services.context import Once
from tracker.services.events import FactOut
from tracker.services.voids import VoidOut


class NewVoid(Struct, frozen=True, forbid_unknown_fields=True):
    """Why the fact is wrong."""

    reason: Label


class Void(Struct, frozen=True):
    """A fact that takes another back: `event` is its own id, `voids` that of the other."""

    event: str
    voids: str
    reason: str
    recorded_at: str


class Events(Controller):
    """Facts by their ids."""

    tags = ("events",)

    @get(
        "/v1/vendors/{vendor:str}/events",
        summary="List what was stated about a vendor",
        opt=operation(
            Permission.VENDORS_READ,
            {200: Answer("Facts in the order in which they were recorded.", Page[FactOut])},
        ),
    )
    async def list_vendor_events(
        self, request: ApiRequest, vendor: FromPath[str], limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Each with its two times and its id, by which a wrong one is taken back; nothing personal.

        A bank gets what it stated, what is about its own accounts and codes, and more of the
        vendors that it registered.
        """
        found = await events.of_vendor(request.tracker, request.principal, vendor)
        return replies.data(page_of(request, found, _place, limit, after))

    @get(
        "/v1/markets/{market:str}/events",
        summary="List what was stated about a market",
        opt=operation(
            Permission.VENDORS_READ,
            {200: Answer("Facts in the order in which they were recorded.", Page[FactOut])},
        ),
    )
    async def list_market_events(
        self, request: ApiRequest, market: FromPath[str], limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Its opening, zones, censuses, targets, areas, closure. Reports of payments and
        publications are not among them: they are replaced, not taken back.
        """
        found = await events.of_market(request.tracker, request.principal, market)
        return replies.data(page_of(request, found, _place, limit, after))

    @post(
        "/v1/events/{event:str}/void",
        summary="Take a wrong fact back",
        opt=operation(
            Permission.EVENTS_VOID,
            {
                201: Answer("The fact counts as if it had never been stated.", Void),
                200: Answer("You voided it for this reason before; that void.", Void),
                202: WAITS,
            },
            problems=(
                "ALREADY_VOIDED",
                "EVENT_IN_USE",
                "EVENT_NOT_VOIDABLE",
                "STALL_TAKEN",
                "PARTNER_REF_TAKEN",
                "APPROVALS_WAITING",
                "BUSY",
            ),
            body={"reason": "Ghi nhầm quầy, bảng mã vẫn còn treo"},
            retries=True,
        ),
    )
    async def void_event(
        self, request: ApiRequest, event: FromPath[str], data: JSONBody[NewVoid]
    ) -> Reply:
        """Nothing is erased: figures are those without the fact, from its day on, and published
        days that change get a new revision. Voiding a void restores.

        What you stated yourself within 24 hours you take back alone. Others' and older facts, and
        what was approved, wait for a second person. A market's own facts are for its manager and
        the admin; how it was set up, for the admin. The reason is kept in the ledger: name no
        person in it.
        """

        async def act(key: Once | None) -> VoidOut | Pending:
            return await voids.void(
                request.tracker, request.principal, event, reason=data.reason, once=key
            )

        return await once(request, data, act, _render)


def _render(out: VoidOut | Pending) -> Reply:
    if isinstance(out, Pending):
        return waits(out)
    shown = Void(out.event, out.voids, out.reason, out.recorded_at)
    return replies.data(shown, 201 if out.created else 200)


def _place(fact: FactOut) -> str:
    return f"{int(fact.id.rpartition('.e')[2]):09d}"
