"""`/v1/markets/{market}/vendors/bulk`: many registrations in one call, each row for itself."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, post
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET, Struct, UnsetType, msgpack

from tracker.access.roles import Permission
from tracker.api.conventions import many, replies
from tracker.api.conventions.call import ApiRequest
from tracker.api.conventions.replies import Reply
from tracker.api.conventions.retries import PARTNERS, REPLAYED, fingerprint, key_of
from tracker.api.operation import Answer, operation
from tracker.api.resources.vendors import NewVendor, wanted
from tracker.domain.errors import Fault
from tracker.services import bulk
from tracker.services.bulk_rows import Item, Row
from tracker.services.context import reused
from tracker.store.jobs import RowStatus


class ItemOut(Struct, frozen=True):
    """What became of a row: its place or line, and the code of the vendor that it came to.

    `errors` is there where fields of the row are wrong, and names all of them.
    """

    row: int
    status: RowStatus
    id: str | None
    code: str | None
    detail: str | None
    errors: tuple[Fault, ...] | UnsetType = UNSET


class BulkTotals(Struct, frozen=True):
    """How many rows became what."""

    accepted: int
    duplicate: int
    rejected: int


class BulkOut(Struct, frozen=True):
    """What became of all rows, in their order."""

    totals: BulkTotals
    items: list[ItemOut]


_A_ROW = {
    "stall": "B14",
    "name": "Đặng Thị Hoa",
    "zone": "Khu B",
    "partner_ref": "VCB-000201",
    "account": {"bin": "970436", "number": "0123456788"},
    "issue_code": True,
}
_CSV = (
    "stall,name,zone,category,phone,partner_ref,bin,account,holder,issue_code\n"
    "B14,Đặng Thị Hoa,Khu B,Rau củ,0912345678,VCB-000201,970436,0123456788,,true\n"
)


class Bulk(Controller):
    """Registrations by the hundred."""

    tags = ("vendors",)

    @post(
        "/v1/markets/{market:str}/vendors/bulk",
        summary="Register many vendors",
        opt=operation(
            Permission.VENDORS_WRITE,
            {207: Answer("What became of each row, also where all were refused.", BulkOut)},
            problems=(
                "TOO_MANY_ROWS",
                "BULK_IN_PROGRESS",
                "BUSY",
                "EMPTY_FILE",
                "NOT_A_TABLE",
                "ONE_COLUMN",
                "HEADER_NOT_FOUND",
                "COLUMN_MISSING",
                "SAME_COLUMN_TWICE",
                "BAD_QUOTES",
                "NUL_BYTES",
                "WRONG_ENCODING",
                "LINE_TOO_LONG",
            ),
            body=[_A_ROW, {"stall": "B15", "name": "Lê Văn Tám"}],
            rows=(NewVendor, _CSV),
            key_required_of=PARTNERS,
        ),
        status_code=207,
    )
    async def register_vendors(
        self,
        request: ApiRequest,
        market: FromPath[str],
        dry_run: Annotated[
            bool, QueryParameter(description="Check every row, and write nothing.")
        ] = False,
    ) -> Reply:
        """Up to 500 rows, each by the rules of a single registration; more go through an import.

        A JSON array, JSON lines or CSV, by `Content-Type`; the columns of CSV are `stall`, `name`,
        `zone`, `category`, `phone`, `partner_ref`, `bin`, `account` (its number), `holder` and
        `issue_code`, or what offices call them. `row` is the place in the array, from 1, or the
        line of the file. A row that is refused touches nothing; of `STALL_TAKEN` the `id` is the
        code on the sticker there. Each row is kept under the Idempotency-Key and its number: when
        no answer came, send the same call again, and it is finished or told, whatever became of
        the first. Only while the first is still at work, the second is 409 `BULK_IN_PROGRESS`.
        """
        given = await many.read(request, NewVendor, bulk.ROWS_MAX)
        rows = [
            Row(one.row, None if one.value is None else wanted(one.value), one.faults)
            for one in given
        ]
        key = key_of(request)
        kept = None if key is None else _Kept(request, market, key, rows)
        said = await bulk.register_all(
            request.tracker, request.principal, market, rows, dry_run=dry_run, kept=kept
        )
        reply = replies.data(_told(said.items), 207)
        return reply.plus(REPLAYED) if said.replayed else reply


class _StoredItem(Struct, frozen=True, array_like=True):
    fingerprint: bytes
    item: Item


_pack = msgpack.Encoder().encode
_unpack = msgpack.Decoder(_StoredItem).decode


class _Kept:
    """The results of one call's rows under its key, sealed; each names the call it belongs to."""

    def __init__(self, request: ApiRequest, market: str, key: str, rows: list[Row]) -> None:
        self._keyring = request.tracker.keyring
        self._market = market
        self.key = key
        self.fingerprint = fingerprint(request, rows)

    def name(self, row: int) -> str:
        """The key of one row."""
        return f"{self.key}.{row}"

    def seal(self, item: Item) -> bytes:
        """A row's result as it is stored."""
        stored = _pack(_StoredItem(self.fingerprint, item))
        return self._keyring.seal_answer(self._context(item.row), stored)

    def open(self, row: int, stored: bytes) -> Item:
        """A row's stored result; raises `KeyReused`."""
        found = _unpack(self._keyring.open_answer(self._context(row), stored))
        if found.fingerprint != self.fingerprint:
            raise reused()
        return found.item

    def _context(self, row: int) -> bytes:
        return f"{self._market}:{self.name(row)}".encode()


def _told(items: list[Item]) -> BulkOut:
    count = [item.status for item in items].count
    return BulkOut(
        BulkTotals(count("accepted"), count("duplicate"), count("rejected")),
        [
            ItemOut(item.row, item.status, item.id, item.code, item.detail, item.errors or UNSET)
            for item in items
        ],
    )
