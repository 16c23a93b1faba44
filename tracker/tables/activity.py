"""One line of a bank's file of payments: vendor, number, sum, and perhaps a day and a bank."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from tracker.tables.cells import Cell, bank_bin, day, text
from tracker.tables.rows import Faults, Maker

VENDOR_CHARS_MAX = 40
"""A vendor code has 13; what is longer is none."""

_DIGITS_MAX = 15
_WHOLE = re.compile(rf"-?[0-9]{{1,{_DIGITS_MAX}}}")
# `1.250.000` and `1,250,000`, as spreadsheets write whole numbers; the marks must be of one kind.
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:([., \u00a0\u202f])[0-9]{3})(?:\1[0-9]{3}){0,4}")
_MARKS = str.maketrans(dict.fromkeys("., \u00a0\u202f"))


class ActivityRow(Struct, frozen=True, gc=False):
    """One line; an empty cell, or a missing column, is '' or None."""

    row: int  # line of the file, or row of the sheet, from 1
    vendor: str  # as written
    payments: int | None
    amount_vnd: int | None
    date: date | None
    bin: str  # six digits
    faults: Faults  # (field, code); field is "row" where the whole line is meant

    def rejection(self) -> tuple[str, str] | None:
        """The first (field, code) for which the row must be rejected, None if it may be used."""
        return self.faults[0] if self.faults else None


def whole_number(value: Cell) -> tuple[int | None, str]:
    """A whole number and a fault code or ''; an empty cell is (None, `NUMBER_MISSING`).

    Reads `1250000`, `1.250.000`, `1,250,000`, `1 250 000` and a spreadsheet's own numbers without
    decimals; whatever else is there is `NUMBER_UNREADABLE`. A sign is read, for the rules to judge.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, "") if abs(value) < 10**_DIGITS_MAX else (None, "NUMBER_UNREADABLE")
    written = text(value)
    if not written:
        return None, "NUMBER_MISSING"
    if isinstance(value, str | float) and not isinstance(value, bool):
        if _WHOLE.fullmatch(written):
            return int(written), ""
        if _GROUPED.fullmatch(written):
            return int(written.translate(_MARKS)), ""
    return None, "NUMBER_UNREADABLE"


def activity_maker(at: Mapping[str, int]) -> Maker[ActivityRow]:
    """As `rows.roster_maker`, for ActivityRow."""
    fields = ("vendor", "payments", "amount_vnd", "date", "bin")
    vendor_at, payments_at, amount_at, date_at, bin_at = (at.get(field, -1) for field in fields)

    def make(row: int, cells: list[Cell], faults: list[tuple[str, str]]) -> ActivityRow:
        vendor = text(cells[vendor_at])
        payments, payments_fault = whole_number(cells[payments_at])
        amount, amount_fault = whole_number(cells[amount_at])
        on, date_fault = day(cells[date_at])
        bank, bin_fault = bank_bin(cells[bin_at])
        vendor_fault = "" if vendor else "VENDOR_MISSING"
        if len(vendor) > VENDOR_CHARS_MAX:
            vendor, vendor_fault = "", "VENDOR_CODE_INVALID"
        found = (vendor_fault, payments_fault, amount_fault, date_fault, bin_fault)
        faults.extend(fault for fault in zip(fields, found, strict=True) if fault[1])
        return ActivityRow(row, vendor, payments, amount, on, bank, tuple(faults))

    return make
