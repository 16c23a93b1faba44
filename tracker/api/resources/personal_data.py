"""`/v1/vendors/{vendor}/personal-data`: what is held about a trader, and its end."""

from __future__ import annotations

from litestar import Controller, delete, get
from litestar.params import FromPath

from tracker.access.roles import Permission
from tracker.api.conventions import conditional, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Header, Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.vendor_life import unchanged
from tracker.api.resources.vendors import etag_of
from tracker.services import erasure, personal_data
from tracker.services.erasure import ErasureOut
from tracker.services.personal_data import PersonalDataOut

_NO_STORE: Header = (b"cache-control", b"no-store")


class PersonalData(Controller):
    """A trader's own data."""

    tags = ("vendors",)

    @get(
        "/v1/vendors/{vendor:str}/personal-data",
        summary="Export everything held about a trader",
        opt=operation(
            Permission.PERSONAL_READ,
            {200: Answer("Everything, in clear.", PersonalDataOut)},
            problems=("ERASED", "BUSY"),
        ),
    )
    async def export_personal_data(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """For the trader who asks: every name, phone and account ever stated with when and by whom,
        codes with their payloads, what was found at the stall, the days on which a bank paid them,
        and all facts.

        That it was read is itself a fact of the vendor, written before the answer leaves: each
        call adds one. Nothing may be stored on the way. The `ETag` is what erasure takes as
        `If-Match`. Elsewhere account numbers are masked for all but the bank that they are at.
        """
        held = await personal_data.export(request.tracker, request.principal, vendor)
        return replies.data(held, 200, _etag(held.version), _NO_STORE)

    @delete(
        "/v1/vendors/{vendor:str}/personal-data",
        status_code=200,
        summary="Erase a trader's personal data",
        opt=operation(
            Permission.PERSONAL_ERASE,
            {200: Answer("Nothing personal can be read any more.", ErasureOut, headers=("ETag",))},
            problems=("HAS_LIVE_CODES", "STILL_ON_ROSTER", "BUSY"),
            if_match=True,
        ),
    )
    async def erase_personal_data(self, request: ApiRequest, vendor: FromPath[str]) -> Reply:
        """Deletes the key under which the trader's data are sealed. It cannot be undone.

        Counts, published figures, their chain and `tracker verify` stay as they are; names are
        null from then on. The vendor's codes must have ended and the status must be `left`, so
        that the stall is free. Who was erased before is answered alike, whatever the `If-Match`
        names.
        """
        done = await erasure.erase(request.tracker, request.principal, vendor, unchanged(request))
        conditional.require_any(request)  # who was erased before was not compared
        return replies.data(done, 200, _etag(done.version), _NO_STORE)


def _etag(version: int) -> Header:
    return b"etag", etag_of(version).encode()
