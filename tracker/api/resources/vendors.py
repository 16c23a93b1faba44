"""`/v1/markets/{market}/vendors`, `/v1/vendors` and their accounts: the daily work."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from tracker.access.roles import Permission
from tracker.api import links
from tracker.api.conventions import replies, tables
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.paging import LIMIT, After, Cursor, Limit, Page, clamped, page
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import PARTNERS, once
from tracker.api.conventions.tables import TableFormatGiven
from tracker.api.operation import Answer, operation
from tracker.api.resources.fields import (
    AccountNumber,
    Bin,
    Holder,
    OptionalLabel,
    PartnerRef,
    PersonName,
    Phone,
    Stall,
)
from tracker.api.rules import OBJECT, is_, needs, rule, told
from tracker.domain import reasons
from tracker.domain.vendor import Stage
from tracker.services import vendor_reading, vendors
from tracker.services.context import Once
from tracker.services.shapes import VendorOut
from tracker.services.vendor_reading import Filter
from tracker.services.vendor_table import COLUMNS, roster
from tracker.services.vendors import NewAccount as WantedAccount
from tracker.services.vendors import NewVendor as Wanted
from tracker.services.vendors import Written

_WRITTEN = ("Location", "ETag")


class NewAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """An account at one bank."""

    bin: Bin
    number: AccountNumber
    holder: Holder = None


@told(rule(is_("issue_code", True), needs(account=OBJECT)))
class NewVendor(Struct, frozen=True, forbid_unknown_fields=True):
    """A registration."""

    stall: Stall
    name: PersonName
    zone: OptionalLabel = None
    category: OptionalLabel = None
    phone: Phone = None
    partner_ref: PartnerRef = None
    account: NewAccount | None = None
    issue_code: bool = False


class Vendors(Controller):
    """Who trades at which stall, with which accounts."""

    tags = ("vendors",)

    @get(
        "/v1/markets/{market:str}/vendors",
        summary="List a market's vendors",
        opt=operation(
            Permission.VENDORS_READ,
            {200: Answer("Vendors on the roster, by number.", Page[VendorOut], tables.ALL)},
            problems=("NOT_ACCEPTABLE", "TOO_MANY_ROWS"),
            query={"stage": "issued", "limit": 50},
        ),
    )
    async def list_vendors(
        self,
        request: ApiRequest,
        market: FromPath[str],
        stage: Annotated[
            Stage | None, QueryParameter(description="How far adoption has come.")
        ] = None,
        bank: Annotated[
            str | None, QueryParameter(pattern="^[0-9]{6}$", description="With an account there.")
        ] = None,
        zone: Annotated[str | None, QueryParameter(max_length=80)] = None,
        category: Annotated[str | None, QueryParameter(max_length=80)] = None,
        q: Annotated[
            str | None,
            QueryParameter(
                max_length=80,
                description="A part of name, stall or vendor code; diacritics do not matter.",
            ),
        ] = None,
        reason: Annotated[
            str | None,
            QueryParameter(
                pattern=reasons.PATTERN,
                description="Why no code is attached: `no_account`, `not_issued`, `not_printed`, "
                "`printed_not_attached`, `removed`, or `removed:` with the reason of the removal, "
                "`superseded` or `revoked`.",
            ),
        ] = None,
        limit: Limit = LIMIT,
        after: After = None,
        as_: TableFormatGiven = None,
    ) -> Reply:
        """Personal data as far as your role may see them.

        A bank sees of a vendor that it did not register the code, the stall and its own account.
        As CSV and XLSX (up to 100 000 vendors) all that the filters leave, without `limit` and
        `after`; an office may correct the file and import it again as a roster.
        """
        chosen = Filter(stage=stage, zone=zone, category=category, bank=bank, q=q, reason=reason)
        format_ = tables.chosen(request, as_)
        if format_ != "json":
            await request.tracker.market(market)
            headings = COLUMNS.values() if format_ == "xlsx" else COLUMNS
            rows = roster(request.tracker, request.principal, market, chosen)
            return await tables.table(format_, f"{market}-vendors", [*headings], rows)
        cursor = Cursor(request, stage, zone, category, bank, q, reason)
        start = int(cursor.read(after) or 0)
        found, reached = await vendor_reading.page(
            request.tracker, request.principal, market, chosen, start, clamped(limit)
        )
        following = None if reached is None else cursor.write(str(reached))
        return replies.data(page(found, following))

    @post(
        "/v1/markets/{market:str}/vendors",
        summary="Register a vendor",
        opt=operation(
            Permission.VENDORS_WRITE,
            {
                201: Answer(
                    "The vendor was registered.", VendorOut, headers=_WRITTEN, links=links.VENDOR
                ),
                200: Answer(
                    "A match: the vendor was there; account and code were added if asked for.",
                    VendorOut,
                    headers=_WRITTEN,
                    links=links.VENDOR,
                ),
            },
            problems=(
                "STALL_TAKEN",
                "PARTNER_REF_TAKEN",
                "ACCOUNT_HAS_LIVE_CODE",
                "ACCOUNT_MISSING",
                "BIN_UNKNOWN",
                "TOO_MANY_GROUPS",
                "MARKET_FULL",
                "HISTORY_FULL",
                "BUSY",
            ),
            body={
                "stall": "B12",
                "name": "Đặng Thị Hoa",
                "zone": "Khu B",
                "category": "Rau củ",
                "phone": "0912 345 678",
                "partner_ref": "VCB-000123",
                "account": {"bin": "970436", "number": "0123456789"},
                "issue_code": True,
            },
            key_required_of=PARTNERS,
        ),
    )
    async def register_vendor(
        self, request: ApiRequest, market: FromPath[str], data: JSONBody[NewVendor]
    ) -> Reply:
        """One stall, one vendor. The same folded name at an occupied stall is a match.

        Another name at the stall is `STALL_TAKEN`, with the vendor code that is printed on the
        sticker there. A repeat with the same `partner_ref` and nothing new changes nothing.
        """
        new = wanted(data)

        async def act(key: Once | None) -> Written:
            return await vendors.register(request.tracker, request.principal, market, new, key)

        return await once(request, data, act, render, in_one_commit=True)


def wanted(new: NewVendor) -> Wanted:
    """The registration that a body asks for."""
    account = new.account
    return Wanted(
        stall=new.stall,
        name=new.name,
        zone=new.zone,
        category=new.category,
        phone=new.phone,
        partner_ref=new.partner_ref,
        account=(
            None if account is None else WantedAccount(account.bin, account.number, account.holder)
        ),
        issue_code=new.issue_code,
    )


def render(written: Written) -> Reply:
    """A vendor after a write."""
    vendor = written.vendor
    return replies.data(
        vendor,
        201 if written.created else 200,
        replies.location(f"/v1/vendors/{vendor.vendor}"),
        (b"etag", etag_of(vendor.version).encode()),
    )


def etag_of(version: int) -> str:
    """The ETag of a vendor of this version."""
    return f'"{version}"'
