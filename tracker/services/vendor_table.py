"""The roster out, as the reader may see it: what an office keeps in a spreadsheet.

It can be imported again: the columns that an import reads bear names that it knows, the others
names that it does not (a bank's reference, say, is none of the market's own).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from msgspec import UNSET, UnsetType

from tracker.access.keys import Principal
from tracker.services import vendor_reading
from tracker.services.context import Tracker
from tracker.services.shapes import VendorOut
from tracker.services.vendor_reading import Filter
from tracker.tables.writing import OutCell

STEP: Final = 500
"""Vendors read at a time."""

COLUMNS: Final = {
    "vendor_code": "Mã tiểu thương",
    "stall": "Số sạp",
    "name": "Họ và tên",
    "phone": "Số điện thoại",
    "zone": "Khu",
    "category": "Ngành hàng",
    "status": "Trạng thái",
    "stage": "Giai đoạn",
    "reason": "Lý do chưa gắn mã",
    "registration_ref": "Tham chiếu khi đăng ký",
    "registered_at": "Thời điểm đăng ký",
    "account_bins": "BIN có tài khoản",
    "attached_bins": "BIN đã gắn mã",
}
"""Column of CSV, for programs: heading of XLSX, for people."""


async def roster(
    tracker: Tracker, principal: Principal, market: str, wanted: Filter
) -> AsyncIterator[list[list[OutCell]]]:
    """The rows of all vendors that are wanted, some at a time, by number."""
    after: int | None = 0
    while after is not None:
        found, after = await vendor_reading.page(tracker, principal, market, wanted, after, STEP)
        yield [row(vendor) for vendor in found]


def row(vendor: VendorOut) -> list[OutCell]:
    """One vendor's cells; what the reader may not see is empty."""
    attached = sorted({code.bin for code in vendor.codes if code.attached})
    return [
        vendor.vendor,
        vendor.stall,
        _cell(vendor.name),
        _cell(vendor.phone),
        _cell(vendor.zone),
        _cell(vendor.category),
        _cell(vendor.status),
        _cell(vendor.stage),
        _cell(vendor.reason),
        _cell(vendor.partner_ref),
        _cell(vendor.registered_at),
        " ".join(sorted(account.bin for account in vendor.accounts)),
        " ".join(attached),
    ]


def _cell(value: str | UnsetType | None) -> str | None:
    return None if value is UNSET else value
