"""Payment codes: issue, show, draw, and what happens to their stickers."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct
from msgspec.structs import replace

from tracker.access.roles import Level, Permission, level
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import PARTNERS, once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Bin, OccurredAt, PartnerRef
from tracker.domain.codes import parse_code_id
from tracker.domain.days import moment_of
from tracker.domain.facts import RemovalReason
from tracker.services import codes
from tracker.services.codes import CodeWritten, EventWritten
from tracker.services.context import Once
from tracker.services.shapes import CodeOut
from tracker.stickers import image

_SVG_MM = 30.0
_DPI = 300


class NewCode(Struct, frozen=True, forbid_unknown_fields=True):
    """A code to be issued over the vendor's account at a bank."""

    bin: Bin
    source: Literal["composed"] = "composed"
    partner_ref: PartnerRef = None


class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """How it is known that the sticker hangs."""

    kind: Literal["scan", "photo", "declared"] = "declared"


class NewAttachment(Struct, frozen=True, forbid_unknown_fields=True):
    """The sticker hangs at the stall."""

    occurred_at: OccurredAt = None
    evidence: Evidence = Evidence()
    partner_ref: PartnerRef = None


class NewRemoval(Struct, frozen=True, forbid_unknown_fields=True):
    """The sticker hangs no more."""

    reason: RemovalReason
    occurred_at: OccurredAt = None
    partner_ref: PartnerRef = None


class EventOut(Struct, frozen=True):
    """An event of a code, and the code after it."""

    event: str
    occurred_at: str
    code: CodeOut


_EVENTS = {
    201: Answer("The event was recorded.", EventOut),
    200: Answer("Nothing new: the event that stands.", EventOut),
}
_EVENT_PROBLEMS = ("VENDOR_LEFT", "BEFORE_REGISTRATION", "IN_FUTURE", "BUSY")


class Codes(Controller):
    """Codes under their vendor and by their own id."""

    tags = ("codes",)

    @get(
        "/v1/vendors/{vendor:str}/codes",
        summary="List a vendor's codes",
        opt=operation(
            Permission.CODES_READ,
            {200: Answer("Codes, oldest first, without payloads.", Page[CodeOut])},
        ),
    )
    async def list_codes(
        self, request: ApiRequest, vendor: FromPath[str], limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """Live, superseded and revoked ones; a bank sees its own."""
        found = await codes.listed(request.tracker, request.principal, vendor)
        return replies.data(page_of(request, found, _place, limit, after))

    @post(
        "/v1/vendors/{vendor:str}/codes",
        summary="Issue a code",
        opt=operation(
            Permission.CODES_ISSUE,
            {
                201: Answer("The code was issued.", CodeOut, headers=("Location",)),
                200: Answer(
                    "The live code pays this account already.", CodeOut, headers=("Location",)
                ),
            },
            problems=("NO_ACCOUNT_AT_BANK", "BIN_UNKNOWN", "VENDOR_LEFT", "BUSY", "ERASED"),
            body={"bin": "970436", "source": "composed"},
            key_required_of=PARTNERS,
        ),
    )
    async def issue_code(
        self, request: ApiRequest, vendor: FromPath[str], data: JSONBody[NewCode]
    ) -> Reply:
        """A VietQR payload over the account, with the vendor code as terminal label.

        An unchanged payload is the same version. A changed one supersedes the bank's live code,
        and the vendor counts as attached again only when its own sticker hangs.
        """

        async def act(key: Once | None) -> CodeWritten:
            return await codes.issue(
                request.tracker,
                request.principal,
                vendor,
                bin_=data.bin,
                ref=data.partner_ref,
                once=key,
            )

        return await once(request, data, act, _render)

    @get(
        "/v1/codes/{code:str}",
        summary="Get a code",
        opt=operation(Permission.CODES_READ, {200: Answer("The code.", CodeOut)}),
    )
    async def get_code(self, request: ApiRequest, code: FromPath[str]) -> Reply:
        """Payload, its parts, version, state and links; roles that may not see accounts get the
        code without payload, parts and links.
        """
        found = await codes.get(request.tracker, request.principal, code)
        if level(request.principal.role, Permission.CODES_PAYLOAD) is not Level.DOES:
            found = replace(found, payload=None, parts=None, links=None)
        return replies.data(found)

    @get(
        "/v1/codes/{code:str}/image",
        summary="Draw a code",
        opt=operation(
            Permission.CODES_PAYLOAD,
            {200: Answer("The picture, quiet zone included.", None, "image/png image/svg+xml")},
            problems=("INVALID",),
            query={"format": "svg", "size_mm": 30},
        ),
    )
    async def draw_code(
        self,
        request: ApiRequest,
        code: FromPath[str],
        format: Annotated[  # noqa: A002  # the word of the contract
            Literal["png", "svg"], QueryParameter(description="PNG of one bit a pixel, or SVG.")
        ] = "png",
        size_mm: Annotated[
            float | None,
            QueryParameter(gt=0, le=1000, description="Width in print, quiet zone included."),
        ] = None,
        dpi: Annotated[
            int, QueryParameter(ge=1, le=4800, description="Of a PNG with `size_mm`.")
        ] = _DPI,
    ) -> Reply:
        """Without `size_mm` a PNG has eight pixels a module and an SVG is 30 mm wide."""
        payload = (await codes.get(request.tracker, request.principal, code)).payload or ""
        if format == "svg":
            text = await asyncio.to_thread(image.svg, payload, size_mm=size_mm or _SVG_MM)
            return conditional.reply(request, text.encode(), media_type="image/svg+xml")
        if size_mm is None:
            drawn = await asyncio.to_thread(image.png, payload)
        else:
            drawn = await asyncio.to_thread(image.png_mm, payload, size_mm=size_mm, dpi=dpi)
        return conditional.reply(request, drawn, media_type="image/png")

    @post(
        "/v1/codes/{code:str}/attachments",
        summary="Record that the sticker hangs",
        opt=operation(
            Permission.ATTACHMENTS_WRITE,
            _EVENTS,
            problems=(*_EVENT_PROBLEMS, "BEFORE_ISSUE", "CODE_NOT_LIVE"),
            body={"evidence": {"kind": "photo"}},
            key_required_of=PARTNERS,
        ),
    )
    async def attach_code(
        self, request: ApiRequest, code: FromPath[str], data: JSONBody[NewAttachment]
    ) -> Reply:
        """The sticker of this code hangs at the stall since `occurred_at`."""

        async def act(key: Once | None) -> EventWritten:
            return await codes.attach(
                request.tracker,
                request.principal,
                code,
                occurred_at=_moment(data.occurred_at),
                evidence=data.evidence.kind,
                ref=data.partner_ref,
                once=key,
            )

        return await once(request, data, act, _render_event)

    @post(
        "/v1/codes/{code:str}/removals",
        summary="Record that the sticker was taken down",
        opt=operation(
            Permission.REMOVALS_WRITE,
            _EVENTS,
            problems=(*_EVENT_PROBLEMS, "BEFORE_ATTACHMENT", "NOT_ATTACHED"),
            body={"reason": "tax_worry"},
            key_required_of=PARTNERS,
        ),
    )
    async def remove_code(
        self, request: ApiRequest, code: FromPath[str], data: JSONBody[NewRemoval]
    ) -> Reply:
        """The sticker of this code hangs no more since `occurred_at`, and why."""

        async def act(key: Once | None) -> EventWritten:
            return await codes.remove(
                request.tracker,
                request.principal,
                code,
                occurred_at=_moment(data.occurred_at),
                reason=data.reason,
                ref=data.partner_ref,
                once=key,
            )

        return await once(request, data, act, _render_event)


def _render(written: CodeWritten) -> Reply:
    code = written.code
    return replies.data(
        code, 201 if written.created else 200, replies.location(f"/v1/codes/{code.id}")
    )


def _render_event(written: EventWritten) -> Reply:
    event = EventOut(written.event, written.occurred_at, written.code)
    return replies.data(event, 201 if written.created else 200)


def _moment(value: datetime | None) -> int | None:
    return None if value is None else moment_of(value)


def _place(code: CodeOut) -> str:
    return f"{parse_code_id(code.id)[2]:06d}"
