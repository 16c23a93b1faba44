"""A trader's codes and stickers: issued, hung, taken down, printed again, revoked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import Final, get_args

from litestar import Controller, get, post
from litestar.params import FromPath

from tracker.access.roles import Permission, hidden
from tracker.api.conventions import replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.resources.code_life import NewRevocation
from tracker.api.resources.codes import NewAttachment, NewCode, NewRemoval
from tracker.domain.facts import RemovalReason
from tracker.services import code_life, codes
from tracker.services.shapes import CodeOut
from tracker.stickers import make
from tracker.web import forms, view
from tracker.web.forms import Typed
from tracker.web.pages import acting
from tracker.web.pages.vendor import standing_of
from tracker.web.route import page
from tracker.web.words import bank_name, ended_for

PICTURES: Final[dict[str, make.Format]] = {
    "sticker.pdf": "pdf",
    "sticker.png": "png",
    "code.png": "png",
    "code.svg": "svg",
}
CODE_MM: Final = 60.0
_AT: Final = "/vendors/{vendor:str}/codes/{ordinal:int}"


class VendorCodes(Controller):
    """The codes of one trader; each is the vendor's first, second and so on."""

    @post("/vendors/{vendor:str}/codes", opt=page(Permission.CODES_ISSUE), status_code=303)
    async def issue(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Issues a code over the account at a bank."""
        new = forms.read(await forms.values(request), NewCode)
        await codes.issue(request.tracker, request.principal, vendor, bin_=new.bin)
        return view.see(f"/vendors/{vendor}", "code_issued")

    @get(f"{_AT}/attach", opt=page(Permission.ATTACHMENTS_WRITE))
    async def show_attach(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """The form that says that the sticker hangs."""
        return await _form(request, "attach", vendor, ordinal, Typed())

    @post(f"{_AT}/attach", opt=page(Permission.ATTACHMENTS_WRITE), status_code=303)
    async def attach(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """Records that it hangs."""

        async def deed(given: dict[str, str]) -> Reply:
            code = await _code(request, vendor, ordinal)
            new = forms.read(acting.dated(request, given, code.issued_at), NewAttachment)
            await codes.attach(
                request.tracker,
                request.principal,
                code.id,
                occurred_at=acting.moment(new.occurred_at),
                evidence=new.evidence.kind,
                scan=new.evidence.scan,
            )
            return view.see(f"/vendors/{vendor}", "code_attached")

        return await _attempt(request, "attach", vendor, ordinal, deed)

    @get(f"{_AT}/remove", opt=page(Permission.REMOVALS_WRITE))
    async def show_remove(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """The form that says that the sticker hangs no more."""
        return await _form(request, "remove", vendor, ordinal, Typed())

    @post(f"{_AT}/remove", opt=page(Permission.REMOVALS_WRITE), status_code=303)
    async def remove(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """Records that it was taken down, and why."""

        async def deed(given: dict[str, str]) -> Reply:
            code = await _code(request, vendor, ordinal)
            since = code.attached_at or code.issued_at
            new = forms.read(acting.dated(request, given, since), NewRemoval)
            await codes.remove(
                request.tracker,
                request.principal,
                code.id,
                occurred_at=acting.moment(new.occurred_at),
                reason=new.reason,
            )
            return view.see(f"/vendors/{vendor}", "code_removed")

        return await _attempt(request, "remove", vendor, ordinal, deed)

    @get(f"{_AT}/revoke", opt=page(Permission.CODES_ISSUE))
    async def show_revoke(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """The form of a code's end."""
        return await _form(request, "revoke", vendor, ordinal, Typed())

    @post(f"{_AT}/revoke", opt=page(Permission.CODES_ISSUE), status_code=303)
    async def revoke(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """Ends it."""

        async def deed(given: dict[str, str]) -> Reply:
            code = await _code(request, vendor, ordinal)
            new = forms.read(acting.dated(request, given, code.issued_at), NewRevocation)
            await code_life.revoke(
                request.tracker,
                request.principal,
                code.id,
                reason=new.reason,
                occurred_at=acting.moment(new.occurred_at),
            )
            return view.see(f"/vendors/{vendor}", "code_revoked")

        return await _attempt(request, "revoke", vendor, ordinal, deed)

    @post(f"{_AT}/print", opt=page(Permission.CODES_ISSUE), status_code=303)
    async def print_again(
        self, request: ApiRequest, vendor: FromPath[str], ordinal: FromPath[int]
    ) -> Reply:
        """Records one more print."""
        code = await _code(request, vendor, ordinal)
        await code_life.print_again(request.tracker, request.principal, code.id)
        return view.see(f"/vendors/{vendor}", "code_printed")

    @get(f"{_AT}/picture/{{file:str}}", opt=page(Permission.CODES_PAYLOAD))
    async def draw(
        self,
        request: ApiRequest,
        vendor: FromPath[str],
        ordinal: FromPath[int],
        file: FromPath[str],
    ) -> Reply:
        """The sticker or the code alone, to be saved; read back before it is sent."""
        if file not in PICTURES:
            raise hidden()
        format_, tracker, me = PICTURES[file], request.tracker, request.principal
        id_ = (await _code(request, vendor, ordinal)).id
        if file.startswith("sticker"):
            sticker = await code_life.sticker_of(tracker, me, id_)
            picture = await asyncio.to_thread(make.sticker, sticker, format_)
        else:
            payload = (await codes.get(tracker, me, id_)).payload or ""
            picture = await asyncio.to_thread(
                make.code_image, payload, format_, size_mm=CODE_MM, code=id_
            )
        name = f'attachment; filename="{id_}-{file}"'.encode()
        return replies.content(
            picture,
            make.MEDIA_TYPES[format_],
            200,
            (b"content-disposition", name),
            (b"cache-control", b"no-store"),
        )


async def _code(request: ApiRequest, vendor: str, ordinal: int) -> CodeOut:
    _, shown = await standing_of(request, vendor)
    for code in shown.codes:
        if code.id == f"{shown.vendor}.c{ordinal}":
            return code
    raise hidden()


def _attempt(
    request: ApiRequest, act: str, vendor: str, ordinal: int, deed: acting.Deed
) -> Awaitable[Reply]:
    return acting.attempt(request, partial(_form, request, act, vendor, ordinal), deed)


async def _form(request: ApiRequest, act: str, vendor: str, ordinal: int, typed: Typed) -> Reply:
    place, shown = await standing_of(request, vendor)
    code = await _code(request, vendor, ordinal)
    return view.render(
        request,
        "vendor_act",
        acting.status_of(typed),
        act=act,
        heading=f"act.{act}",
        market=place,
        vendor=shown,
        code=code,
        bank=bank_name(code.bin),
        typed=typed,
        today=acting.today(request),
        holder=None,
        reasons=[
            (one, ended_for(view.reader_of(request).language, one))
            for one in get_args(RemovalReason)
        ],
    )
