"""`/v1/banks`: the banks that a payment can name."""

from __future__ import annotations

from litestar import Controller, get
from msgspec import Struct, json

from tracker.access.roles import Permission
from tracker.api.conventions import conditional
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Limit, Page, page_of
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.vietqr.banks import Bank, banks


class BankOut(Struct, frozen=True):
    """A bank; `vietqr_transfer` says whether it takes VietQR transfers."""

    bin: str
    short_name: str
    full_name: str
    vietqr_transfer: bool


class Banks(Controller):
    """The table of BINs that is shipped with the service."""

    tags = ("banks",)

    @get(
        "/v1/banks",
        summary="List banks",
        opt=operation(
            Permission.BANKS_READ,
            {200: Answer("Banks by BIN.", Page[BankOut], headers=("ETag",))},
            query={"limit": 5},
        ),
    )
    async def list_banks(
        self, request: ApiRequest, limit: Limit = LIMIT, after: After = None
    ) -> Reply:
        """BINs, names, and whether VietQR transfer works there."""
        page = page_of(request, list(banks().values()), _bin, limit, after)
        return conditional.reply(request, json.encode(page))


def _bin(bank: Bank) -> str:
    return bank.bin
