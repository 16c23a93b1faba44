"""Payment codes: issue, show, and whether their stickers hang."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct
from msgspec.structs import replace

from tracker.access.roles import Level, Permission, level
from tracker.api import links
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import PARTNERS, once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Bin, OccurredAt, PartnerRef, Payload
from tracker.api.rules import TEXT, is_, needs, rule, told, without
from tracker.domain.codes import parse_code_id
from tracker.domain.days import moment_of
from tracker.domain.errors import Fault
from tracker.domain.facts import RemovalReason
from tracker.services import codes
from tracker.services.codes import CodeWritten, EventWritten
from tracker.services.context import Once
from tracker.services.shapes import CodeOut


@told(rule(is_("source", "supplied"), needs(payload=TEXT), without("payload")))
class NewCode(Struct, frozen=True, forbid_unknown_fields=True):
    """A code to be issued over the vendor's account at a bank, ours or the bank's own."""

    bin: Bin
    source: Literal["composed", "supplied"] = "composed"
    payload: Annotated[
        Payload | None, Meta(description="The bank's own payload, where it is `supplied`.")
    ] = None
    partner_ref: PartnerRef = None

    def faults(self) -> Iterator[Fault]:
        """A supplied code brings its payload, a composed one none."""
        if self.source == "supplied" and self.payload is None:
            yield Fault("/payload", "MISSING", "A supplied code needs its payload.")
        if self.source == "composed" and self.payload is not None:
            yield Fault("/payload", "NOT_ALLOWED", "Give `source` as `supplied` for your own.")


@told(rule(is_("kind", "scan"), needs(scan=TEXT), without("scan")))
class Evidence(Struct, frozen=True, forbid_unknown_fields=True):
    """How it is known that the sticker hangs."""

    kind: Literal["scan", "photo", "declared"] = "declared"
    scan: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="Of kind `scan`: the id of a matched scan of this code."),
    ] = None


class NewAttachment(Struct, frozen=True, forbid_unknown_fields=True):
    """The sticker hangs at the stall."""

    occurred_at: OccurredAt = None
    evidence: Evidence = Evidence()
    partner_ref: PartnerRef = None

    def faults(self) -> Iterator[Fault]:
        """A scan is named where it is the evidence, and only there."""
        if self.evidence.kind == "scan" and self.evidence.scan is None:
            yield Fault("/evidence/scan", "MISSING", "Name the scan that is the evidence.")
        if self.evidence.kind != "scan" and self.evidence.scan is not None:
            yield Fault("/evidence/scan", "NOT_ALLOWED", "Only evidence of kind `scan` names one.")


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
    201: Answer("The event was recorded.", EventOut, links=links.EVENT),
    200: Answer("Nothing new: the event that stands.", EventOut, links=links.EVENT),
}
_EVENT_PROBLEMS = (
    "VENDOR_LEFT",
    "BEFORE_REGISTRATION",
    "IN_FUTURE",
    "PARTNER_REF_TAKEN",
    "BUSY",
)


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
                201: Answer(
                    "The code was issued.", CodeOut, headers=("Location",), links=links.CODE
                ),
                200: Answer(
                    "The live code pays this account already.",
                    CodeOut,
                    headers=("Location",),
                    links=links.CODE,
                ),
            },
            problems=(
                "NO_ACCOUNT_AT_BANK",
                "PAYLOAD_NOT_STRICT",
                "PAYLOAD_OTHER_ACCOUNT",
                "PARTNER_REF_TAKEN",
                "BIN_UNKNOWN",
                "VENDOR_LEFT",
                "BUSY",
                "ERASED",
            ),
            body={"bin": "970436", "source": "composed"},
            key_required_of=PARTNERS,
        ),
    )
    async def issue_code(
        self, request: ApiRequest, vendor: FromPath[str], data: JSONBody[NewCode]
    ) -> Reply:
        """A VietQR payload over the account, with the vendor code as terminal label; or the bank's
        own (`supplied`), if strict parsing has nothing against it and it pays that account.

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
                supplied=data.payload,
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

    @post(
        "/v1/codes/{code:str}/attachments",
        summary="Record that the sticker hangs",
        opt=operation(
            Permission.ATTACHMENTS_WRITE,
            _EVENTS,
            problems=(*_EVENT_PROBLEMS, "BEFORE_ISSUE", "CODE_NOT_LIVE", "SCAN_NOT_MATCHED"),
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
                scan=data.evidence.scan,
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
