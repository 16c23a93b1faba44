"""`/v1/scans`: what hangs at a stall, compared with what was issued for it."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import Controller, post
from msgspec import Struct

from tracker.access.roles import Permission, hidden
from tracker.api import links
from tracker.api.conventions import bodies, replies, uploads
from tracker.api.conventions.call import ApiRequest, UnsupportedMedia
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import once
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import MarketId, OccurredAt, Payload, Stall
from tracker.domain.days import moment_of
from tracker.services import scans
from tracker.services.context import Once
from tracker.services.scans import ScanOut

PHOTO = "image"
"""The part of a multipart body that is the photograph."""

PHOTO_BYTES_MAX = 12 * 1024 * 1024
_STRANGER = (
    "00020101021138540010A00000072701240006970418011009876543210208QRIBFTTA53037045802VN630453A7"
)
"""A good payload of an account that nobody registered: the example opens an incident."""


class NewScan(Struct, frozen=True, forbid_unknown_fields=True):
    """What a reader read at a stall."""

    market: MarketId
    stall: Stall
    payload: Payload
    occurred_at: OccurredAt = None


class NewPhoto(Struct, frozen=True, forbid_unknown_fields=True):
    """The fields beside a photograph of a stall."""

    market: MarketId
    stall: Stall
    occurred_at: OccurredAt = None


class _Photographed(Struct, frozen=True):
    """What makes a photograph the same request: its fields, and the digest of the file."""

    fields: NewPhoto
    digest: str


class Scans(Controller):
    """Scans, by a phone's own reader or by photograph."""

    tags = ("scans",)

    @post(
        "/v1/scans",
        summary="Scan a stall",
        opt=operation(
            Permission.SCANS_WRITE,
            {201: Answer("The verdict.", ScanOut, links=links.SCAN)},
            problems=(
                "STALL_UNKNOWN",
                "VENDOR_LEFT",
                "BEFORE_REGISTRATION",
                "IN_FUTURE",
                "BUSY",
                "ERASED",
                "MALFORMED_JSON",
                "MEDIA_TYPE",
                "TOO_LARGE",
                "MULTIPART_MALFORMED",
                "FILE_MISSING",
                "FILE_TOO_LARGE",
                "BAD_ENCODING",
                "EMPTY_FILE",
                "PICTURE_FORMAT",
                "PICTURE_DAMAGED",
                "PICTURE_TOO_LARGE",
                "PICTURE_TOO_MANY_PIXELS",
                "PICTURE_TOO_SMALL",
            ),
            body={"market": "cho-vung-tau", "stall": "B12", "payload": _STRANGER},
            shape=NewScan,
            photo=(PHOTO, NewPhoto),
            retries=True,
        ),
        request_max_body_size=None,  # counted here: a photograph may be larger than other bodies
    )
    async def scan_stall(self, request: ApiRequest) -> Reply:
        """Send `payload` as JSON, or as multipart a photograph in the part `image` (JPEG, PNG or
        WebP, up to 12 MiB) beside `market`, `stall` and perhaps `occurred_at`.

        The verdict is the first that holds: `unreadable`; `other_scheme` (no VietQR transfer);
        `matched` (byte for byte the live code of this stall); `superseded` (an older code or a
        former account of this stall); `altered` (its account, another payload); `other_stall`
        (another registered vendor's account); `foreign_account`, which opens an incident. Of
        several codes in a picture each is judged, and the worst is the scan's verdict. A scan
        attaches nothing: its `id` is the evidence of an attachment. No picture is kept.
        """
        if request.content_type[0] == uploads.FORM:
            return await self._photo(request)
        if request.content_type[0] not in {"", "application/json"} or request.header(
            b"content-encoding"
        ):
            raise UnsupportedMedia("Send JSON, or multipart/form-data with a photograph.")
        most = request.tracker.settings.body_bytes_max
        data = bodies.read(await uploads.text(request, most), NewScan)
        return await _scanned(request, data, data, [data.payload])

    async def _photo(self, request: ApiRequest) -> Reply:
        fields, photo = await uploads.form(request, PHOTO, PHOTO_BYTES_MAX)
        data = bodies.check(fields, NewPhoto)
        digest = hashlib.sha256(photo).hexdigest()
        return await _scanned(request, data, _Photographed(data, digest), photo)


async def _scanned(
    request: ApiRequest, data: NewScan | NewPhoto, fields: Any, seen: list[str] | bytes
) -> Reply:
    if not request.principal.may_market(data.market):
        raise hidden()

    async def act(key: Once | None) -> ScanOut:
        return await scans.scan(
            request.tracker,
            request.principal,
            data.market,
            data.stall,
            await scans.payloads_in(seen) if isinstance(seen, bytes) else seen,
            occurred_at=None if data.occurred_at is None else moment_of(data.occurred_at),
            once=key,
        )

    return await once(request, fields, act, _render, space=data.market)


def _render(scan: ScanOut) -> Reply:
    return replies.data(scan, 201)
