"""`/v1/vendors/{vendor}`: a vendor after registration, with what is corrected and what changes."""

from __future__ import annotations

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Struct, UnsetType, json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.approvals import WAITS, waits
from tracker.api.resources.fields import (
    OccurredAt,
    OptionalLabel,
    PersonName,
    Phone,
    Stall,
)
from tracker.api.resources.vendors import etag_of, render
from tracker.domain.days import moment_of
from tracker.domain.facts import Status
from tracker.services import vendor_life, vendor_reading
from tracker.services.approval_shapes import Pending
from tracker.services.context import Once
from tracker.services.shapes import VendorOut
from tracker.services.vendor_life import Check, Correction, VendorEvent
from tracker.services.vendors import Written

_DATED = ("BEFORE_REGISTRATION", "IN_FUTURE", "TOO_FAR_BACK")


class VendorPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What of a vendor is corrected (RFC 7396): what is absent stays, null clears."""

    name: PersonName | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    zone: OptionalLabel | UnsetType = UNSET
    category: OptionalLabel | UnsetType = UNSET


class NewMove(Struct, frozen=True, forbid_unknown_fields=True):
    """The stall at which the vendor trades now."""

    stall: Stall
    occurred_at: OccurredAt = None


class StatusBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How the vendor stands: suspended is still on the roster, left is not."""

    status: Status
    reason: OptionalLabel = None
    occurred_at: OccurredAt = None


class VendorEventOut(Struct, frozen=True):
    """An event of a vendor, and the vendor after it."""

    event: str
    occurred_at: str
    vendor: VendorOut


class VendorLife(Controller):
    """One vendor, and what becomes of them."""

    tags = ("vendors",)

    @get(
        "/v1/vendors/{vendor:str}",
        summary="Get a vendor",
        opt=operation(
            Permission.VENDORS_READ,
            {
                200: Answer(
                    "The vendor, as you may see it.",
                    VendorOut,
                    headers=("ETag",),
                    links=links.VENDOR,
                )
            },
        ),
    )
    async def get_vendor(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """`vendor` is the vendor code that is printed on the sticker; case does not matter.

        `doubts` are findings that say nothing is wrong yet: `duplicate_account`, one account at
        two stalls; `partner_ref_reused`, one bank's reference in two markets. `other` is the other
        vendor, where it is one that you may see. A bank is told of its own accounts and references
        only.
        """
        found = await vendor_reading.get(request.tracker, request.principal, vendor)
        return conditional.reply(request, json.encode(found), etag=etag_of(found.version))

    @patch(
        "/v1/vendors/{vendor:str}",
        summary="Correct a vendor",
        opt=operation(
            Permission.VENDORS_WRITE,
            {200: Answer("The vendor after it.", VendorOut, headers=("ETag",))},
            problems=("VENDOR_LEFT", "TOO_MANY_GROUPS", "BUSY", "ERASED"),
            body={"phone": "0912 345 679", "category": None},
            if_match=True,
        ),
    )
    async def correct_vendor(
        self, request: ApiRequest, vendor: FromPath[str], data: JSONBody[VendorPatch]
    ) -> Reply:
        """A merge patch: what is absent stays, null clears phone, zone or category.

        A bank corrects the vendors that it registered. A zone that the market does not have joins
        its list.
        """
        wanted = Correction(data.name, data.phone, data.zone, data.category)
        shown = await vendor_life.correct(
            request.tracker, request.principal, vendor, wanted, unchanged(request)
        )
        return render(Written(shown, False))

    @post(
        "/v1/vendors/{vendor:str}/moves",
        summary="Move a vendor to another stall",
        opt=operation(
            Permission.VENDORS_MANAGE,
            {
                201: Answer(
                    "The vendor trades there.",
                    VendorEventOut,
                    headers=("ETag",),
                    links=links.MOVED,
                ),
                200: Answer(
                    "Nothing new: the event that put the vendor there.",
                    VendorEventOut,
                    headers=("ETag",),
                ),
            },
            problems=("STALL_TAKEN", "MARKET_CLOSED", *_DATED, "BUSY"),
            body={"stall": "C03"},
            retries=True,
        ),
    )
    async def move_vendor(
        self, request: ApiRequest, vendor: FromPath[str], data: JSONBody[NewMove]
    ) -> Reply:
        """The vendor keeps code, accounts and history; the old stall is free at once.

        A sticker that was taken down for it is a removal of its own, with reason `moved_stall`.
        One who left may be moved too, before they come back at another stall.
        """

        async def act(key: Once | None) -> VendorEvent:
            return await vendor_life.move(
                request.tracker,
                request.principal,
                vendor,
                stall=data.stall,
                occurred_at=None if data.occurred_at is None else moment_of(data.occurred_at),
                once=key,
            )

        return await once(request, data, act, _render_event)

    @put(
        "/v1/vendors/{vendor:str}/status",
        summary="Set a vendor's status",
        opt=operation(
            Permission.VENDORS_MANAGE,
            {200: Answer("The vendor after it.", VendorOut, headers=("ETag",)), 202: WAITS},
            problems=("STALL_TAKEN", "MARKET_CLOSED", *_DATED, "APPROVALS_WAITING", "BUSY"),
            body={"status": "suspended", "reason": "Nghỉ bán một tháng"},
            if_match_to_replace=True,
        ),
    )
    async def put_status(
        self, request: ApiRequest, vendor: FromPath[str], data: JSONBody[StatusBody]
    ) -> Reply:
        """Trading, suspended (still on the roster) or left (off it; the stall is free).

        What stands already is 200 whatever the `If-Match`; a change needs it. Coming back takes
        the stall again, if nobody else trades there. The reason is kept in the ledger: name no
        person in it; give `fraud` where that is why a vendor is suspended. Such a suspension is
        not lifted, given another reason or ended by leaving, before a second person approves.
        """
        done = await vendor_life.put_status(
            request.tracker,
            request.principal,
            vendor,
            status=data.status,
            reason=data.reason,
            check=unchanged(request),
            occurred_at=None if data.occurred_at is None else moment_of(data.occurred_at),
        )
        return waits(done) if isinstance(done, Pending) else render(Written(done, False))


def unchanged(request: ApiRequest) -> Check:
    """Passes a change that was decided on the vendor of this version, by its If-Match."""
    return lambda version: conditional.require_match(request, etag_of(version))


def _render_event(done: VendorEvent) -> Reply:
    event = VendorEventOut(done.event, done.occurred_at, done.vendor)
    tag = (b"etag", etag_of(done.vendor.version).encode())
    return replies.data(event, 201 if done.created else 200, tag)
