"""A payment code after its issue: pictures, prints, its end, and codes for single invoices."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct, json

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import JSON, Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import Label, OccurredAt
from tracker.domain.days import moment_of
from tracker.services import code_life, codes
from tracker.services.codes import CodeWritten
from tracker.services.context import Once
from tracker.services.shapes import CodeOut
from tracker.stickers import make
from tracker.stickers.design import WIDTH, Sticker

_CODE_MM = 60.0
_DPI = 300
_PICTURES: dict[str, make.Format] = {"image/png": "png", "image/svg+xml": "svg"}


class NewRevocation(Struct, frozen=True, forbid_unknown_fields=True):
    """The end of a code that nothing replaces."""

    reason: Label
    occurred_at: OccurredAt = None


class NewInvoice(Struct, frozen=True, forbid_unknown_fields=True):
    """What one invoice asks for; nothing of it is kept."""

    amount_vnd: Annotated[
        int, Meta(ge=1, le=499_999_999, description="Whole dong, below a transfer's limit.")
    ]
    bill: Annotated[
        Annotated[str, Meta(max_length=25)] | None,
        Meta(description="The invoice's number, up to 25 printable ASCII characters."),
    ] = None
    purpose: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="What is paid for; folded to ASCII, then up to 25 characters."),
    ] = None


class InvoiceOut(Struct, frozen=True):
    """A payload that is paid once."""

    code: str
    payload: str
    amount_vnd: int
    bill: str | None
    purpose: str | None


_LIVE = ("CODE_NOT_LIVE", "VENDOR_LEFT", "BUSY", "ERASED")


class CodeLife(Controller):
    """What becomes of a code."""

    tags = ("codes",)

    @get(
        "/v1/codes/{code:str}/image",
        summary="Draw a code or its sticker",
        opt=operation(
            Permission.CODES_PAYLOAD,
            {
                200: Answer(
                    "The picture, read back before it was sent.",
                    None,
                    " ".join(make.MEDIA_TYPES.values()),
                    headers=("ETag",),
                )
            },
            problems=("INVALID", "PROOF_FAILED", "ERASED"),
            query={"format": "svg", "size_mm": 30},
        ),
    )
    async def draw_code(
        self,
        request: ApiRequest,
        code: FromPath[str],
        format: Annotated[  # noqa: A002  # the word of the contract
            Literal["png", "svg", "pdf"], QueryParameter(description="PNG, SVG or PDF.")
        ] = "png",
        kind: Annotated[
            Literal["code", "sticker"],
            QueryParameter(description="The symbol alone, or the whole sticker."),
        ] = "code",
        size_mm: Annotated[
            float | None,
            QueryParameter(
                ge=1,
                le=1000,
                description="Width in print: of a code 60 with its quiet zone, of a sticker 105.",
            ),
        ] = None,
        dpi: Annotated[int, QueryParameter(ge=1, le=4800, description="Of a PNG.")] = _DPI,
    ) -> Reply:
        """The symbol with its quiet zone, or the sticker that hangs at the stall.

        A sticker is √2 times as high as wide. The ETag changes with the payload, with what is
        written on the sticker, and with the size.
        """
        drawn: str | Sticker
        if kind == "sticker":
            drawn = await code_life.sticker_of(request.tracker, request.principal, code)
        else:
            drawn = (await codes.get(request.tracker, request.principal, code)).payload or ""
        etag = conditional.tag_of(json.encode((drawn, kind, format, size_mm, dpi)))
        same = conditional.unchanged(request, etag)
        if same is not None:
            return same
        if isinstance(drawn, Sticker):
            picture = await asyncio.to_thread(
                make.sticker, drawn, format, size_mm=size_mm or WIDTH, dpi=dpi
            )
        else:
            picture = await asyncio.to_thread(
                make.code_image, drawn, format, size_mm=size_mm or _CODE_MM, dpi=dpi, code=code
            )
        media_type = make.MEDIA_TYPES[format]
        return conditional.reply(request, picture, etag=etag, media_type=media_type)

    @post(
        "/v1/codes/{code:str}/prints",
        summary="Record a print",
        opt=operation(
            Permission.CODES_ISSUE,
            {201: Answer("One more print of the same version.", CodeOut, links=links.CODE)},
            problems=_LIVE,
            retries=True,
        ),
    )
    async def print_code(self, request: ApiRequest, code: FromPath[str]) -> Reply:
        """The sticker of a live code was printed (again); `prints` counts. There is no body."""

        async def act(key: Once | None) -> CodeWritten:
            return await code_life.print_again(request.tracker, request.principal, code, key)

        return await once(request, None, act, _render)

    @post(
        "/v1/codes/{code:str}/revocation",
        summary="Revoke a code",
        opt=operation(
            Permission.CODES_ISSUE,
            {
                201: Answer("The code is live no more.", CodeOut),
                200: Answer("It was revoked before; the code as it stands.", CodeOut),
            },
            problems=(*_LIVE, "BEFORE_REGISTRATION", "BEFORE_ISSUE", "IN_FUTURE"),
            body={"reason": "Số tài khoản không còn dùng"},
            retries=True,
        ),
    )
    async def revoke_code(
        self, request: ApiRequest, code: FromPath[str], data: JSONBody[NewRevocation]
    ) -> Reply:
        """The end of a code that nothing replaces; its sticker counts as attached no more.

        The reason is kept in the ledger: name no person in it.
        """

        async def act(key: Once | None) -> CodeWritten:
            return await code_life.revoke(
                request.tracker,
                request.principal,
                code,
                reason=data.reason,
                occurred_at=None if data.occurred_at is None else moment_of(data.occurred_at),
                once=key,
            )

        return await once(request, data, act, _render)

    @post(
        "/v1/codes/{code:str}/invoices",
        summary="Make a payload for one invoice",
        opt=operation(
            Permission.INVOICES_WRITE,
            {
                201: Answer(
                    "The payload, or with `Accept: image/png` or `image/svg+xml` its picture.",
                    InvoiceOut,
                    f"{JSON} image/png image/svg+xml",
                )
            },
            problems=(*_LIVE, "PAYLOAD_INVALID", "PROOF_FAILED"),
            body={"amount_vnd": 85000, "bill": "HD-0107", "purpose": "Tiền cá tháng 6"},
            retries=True,
        ),
    )
    async def make_invoice(
        self, request: ApiRequest, code: FromPath[str], data: JSONBody[NewInvoice]
    ) -> Reply:
        """A dynamic payload (initiation 12) over a live code's account, paid once.

        Only that one was made is kept, neither amount nor purpose, so there is no link to a
        picture: ask for it here with `Accept: image/png` or `Accept: image/svg+xml` (60 mm, PNG
        at 300 dpi). A repeat under the same Idempotency-Key is the same payload in either form.
        """

        async def act(key: Once | None) -> code_life.Invoice:
            return await code_life.invoice(
                request.tracker,
                request.principal,
                code,
                amount_vnd=data.amount_vnd,
                bill=data.bill,
                purpose=data.purpose,
                once=key,
            )

        reply = await once(request, data, act, _render_invoice)
        wanted = request.accept.best_match([JSON, *_PICTURES], JSON)
        if wanted == JSON:
            return reply
        made = json.decode(reply.body, type=InvoiceOut)
        picture = await asyncio.to_thread(
            make.code_image, made.payload, _PICTURES[wanted], size_mm=_CODE_MM, dpi=_DPI, code=code
        )
        kept = [pair for pair in reply.headers if not pair[0].startswith(b"content-")]
        return replies.content(picture, wanted, reply.status, *kept)


def _render(written: CodeWritten) -> Reply:
    return replies.data(written.code, 201 if written.created else 200)


def _render_invoice(made: code_life.Invoice) -> Reply:
    return replies.data(InvoiceOut(*made), 201)
