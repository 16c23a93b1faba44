"""`/v1/vendors/{vendor}/accounts`: the vendor's account at each bank."""

from __future__ import annotations

from litestar import Controller, delete, put
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.operation import Answer, operation
from tracker.api.resources.approvals import WAITS, waits
from tracker.api.resources.fields import AccountNumber, Holder
from tracker.api.resources.vendor_life import unchanged
from tracker.api.resources.vendors import render
from tracker.services import vendor_life, vendors
from tracker.services.approval_shapes import Pending
from tracker.services.shapes import VendorOut
from tracker.services.vendors import NewAccount, Written


class AccountBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The account that the vendor has at the bank of the path."""

    number: AccountNumber
    holder: Holder = None


class VendorAccounts(Controller):
    """Where a vendor is paid."""

    tags = ("vendors",)

    @put(
        "/v1/vendors/{vendor:str}/accounts/{bin:str}",
        summary="Link an account",
        opt=operation(
            Permission.ACCOUNTS_WRITE,
            {
                201: Answer(
                    "The vendor has an account at this bank now.",
                    VendorOut,
                    headers=("Location", "ETag"),
                    links=links.VENDOR,
                ),
                200: Answer(
                    "The account was there, or was replaced.",
                    VendorOut,
                    headers=("Location", "ETag"),
                    links=links.VENDOR,
                ),
                202: WAITS,
            },
            problems=("BIN_UNKNOWN", "VENDOR_LEFT", "APPROVALS_WAITING", "BUSY", "ERASED"),
            body={"number": "0123456789", "holder": "Đặng Thị Hoa"},
            if_match_to_replace=True,
        ),
    )
    async def put_account(
        self,
        request: ApiRequest,
        vendor: FromPath[str],
        bin: FromPath[str],  # noqa: A002  # the word of the contract
        data: JSONBody[AccountBody],
    ) -> Reply:
        """The vendor's account at one bank. A bank may put its own on any vendor in its scope.

        A first account, and what stands already, need no `If-Match`; replacing another does.
        Another holder than the vendor is a family member's account and no error. With a live code
        behind another account number nothing changes until a second person approves; the same
        request again, with whatever `If-Match`, gives the approval that waits. Approved, the code
        is superseded by a version over the new account.
        """
        new = NewAccount(bin, data.number, data.holder)
        written = await vendors.link_account(
            request.tracker, request.principal, vendor, new, unchanged(request)
        )
        return waits(written) if isinstance(written, Pending) else render(written)

    @delete(
        "/v1/vendors/{vendor:str}/accounts/{bin:str}",
        status_code=200,
        summary="Unlink an account",
        opt=operation(
            Permission.ACCOUNTS_WRITE,
            {200: Answer("The vendor without it.", VendorOut, headers=("ETag",))},
            problems=("ACCOUNT_HAS_LIVE_CODE", "VENDOR_LEFT", "BUSY"),
            if_match=True,
        ),
    )
    async def unlink_account(
        self,
        request: ApiRequest,
        vendor: FromPath[str],
        bin: FromPath[str],  # noqa: A002  # the word of the contract
    ) -> Reply:
        """The vendor has no account at this bank any more. A live code over it ends first."""
        shown = await vendor_life.unlink_account(
            request.tracker, request.principal, vendor, bin, unchanged(request)
        )
        return render(Written(shown, False))
