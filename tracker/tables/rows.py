"""What one row of an office's or a bank's file says, normalised, before any rule is applied."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol, TypeVar

from msgspec import Struct

from tracker.tables.cells import (
    LABEL_CHARS_MAX,
    MARKET_CHARS_MAX,
    NAME_CHARS_MAX,
    NOTE_CHARS_MAX,
    REF_CHARS_MAX,
    Cell,
    account,
    bank_bin,
    day,
    label,
    letters_lost,
    person_name,
    stall,
    text,
)
from tracker.tables.phones import phone

Faults = tuple[tuple[str, str], ...]
R_co = TypeVar("R_co", covariant=True)

WARNINGS = frozenset({"PHONE_UNREADABLE", "LETTERS_LOST", "ACCOUNT_AS_NUMBER", "NOTE_TOO_LONG"})
"""Fault codes that are shown beside an accepted row; every other fault rejects its row."""


class RosterRow(Struct, frozen=True, gc=False):
    """One line of a market's roster. An empty cell, or a missing column, is ''."""

    row: int  # line of the file, or row of the sheet, from 1
    serial: str
    stall: str  # as `cells.stall`
    name: str  # as `cells.person_name`
    category: str
    zone: str
    phone: str  # as `phones.phone`
    note: str
    partner_ref: str
    faults: Faults  # (field, code); field is "row" where the whole line is meant

    def rejection(self) -> tuple[str, str] | None:
        """The first (field, code) for which the row must be rejected, None if it may be used."""
        return _first_rejection(self.faults)


class BankRow(Struct, frozen=True, gc=False):
    """One line of a bank's file. An empty cell, or a missing column, is '' or None for a day."""

    row: int  # line of the file, or row of the sheet, from 1
    market: str  # as written: slug or name
    stall: str  # as `cells.stall`
    bin: str  # six digits
    account: str  # as `cells.account`
    holder: str
    issued_on: date | None
    attached_on: date | None
    partner_ref: str
    faults: Faults  # (field, code); field is "row" where the whole line is meant

    def rejection(self) -> tuple[str, str] | None:
        """The first (field, code) for which the row must be rejected, None if it may be used."""
        return _first_rejection(self.faults)


def _first_rejection(faults: Faults) -> tuple[str, str] | None:
    return next((fault for fault in faults if fault[1] not in WARNINGS), None)


class Maker(Protocol[R_co]):
    """Row number, cells and the faults found so far → a row."""

    def __call__(self, row: int, cells: list[Cell], faults: list[tuple[str, str]]) -> R_co: ...


def roster_maker(at: Mapping[str, int]) -> Maker[RosterRow]:
    """A function (row number, cells, faults so far) → RosterRow for columns at these places.

    The cells must end with one empty cell more than the heading row is wide: a missing column
    is read from there, which keeps tests for it out of the loop.
    """
    serial_at, stall_at, name_at, category_at, zone_at, phone_at, note_at, ref_at = (
        at.get(field, -1)
        for field in (
            *("serial", "stall", "name", "category", "zone", "phone", "note", "partner_ref"),
        )
    )

    def make(row: int, cells: list[Cell], faults: list[tuple[str, str]]) -> RosterRow:
        code, stall_fault = stall(cells[stall_at])
        number, phone_fault = phone(cells[phone_at])
        name = person_name(cells[name_at])
        category, zone = label(cells[category_at]), label(cells[zone_at])
        note, ref = person_name(cells[note_at]), text(cells[ref_at])
        if stall_fault:
            faults.append(("stall", stall_fault))
        if phone_fault:
            faults.append(("phone", phone_fault))
        if letters_lost(name):
            faults.append(("name", "LETTERS_LOST"))
        name = _limited("name", name, NAME_CHARS_MAX, faults)
        return RosterRow(
            row,
            text(cells[serial_at])[:LABEL_CHARS_MAX],
            code,
            name,
            _limited("category", category, LABEL_CHARS_MAX, faults),
            _limited("zone", zone, LABEL_CHARS_MAX, faults),
            number,
            _limited("note", note, NOTE_CHARS_MAX, faults),
            _limited("partner_ref", ref, REF_CHARS_MAX, faults),
            tuple(faults),
        )

    return make


def bank_maker(at: Mapping[str, int]) -> Maker[BankRow]:
    """As `roster_maker`, for BankRow."""
    market_at, stall_at, bin_at, account_at, holder_at, issued_at, attached_at, ref_at = (
        at.get(field, -1)
        for field in (
            *("market", "stall", "bin", "account", "holder", "issued_on", "attached_on"),
            "partner_ref",
        )
    )

    def make(row: int, cells: list[Cell], faults: list[tuple[str, str]]) -> BankRow:
        code, stall_fault = stall(cells[stall_at])
        bank, bin_fault = bank_bin(cells[bin_at])
        number, account_fault = account(cells[account_at])
        issued_on, issued_fault = day(cells[issued_at])
        attached_on, attached_fault = day(cells[attached_at])
        if stall_fault or bin_fault or account_fault or issued_fault or attached_fault:
            found = (
                ("stall", stall_fault),
                ("bin", bin_fault),
                ("account", account_fault),
                ("issued_on", issued_fault),
                ("attached_on", attached_fault),
            )
            faults.extend(fault for fault in found if fault[1])
        holder = person_name(cells[holder_at])
        if letters_lost(holder):
            faults.append(("holder", "LETTERS_LOST"))
        return BankRow(
            row,
            _limited("market", label(cells[market_at]), MARKET_CHARS_MAX, faults),
            code,
            bank,
            number,
            _limited("holder", holder, NAME_CHARS_MAX, faults),
            issued_on,
            attached_on,
            _limited("partner_ref", text(cells[ref_at]), REF_CHARS_MAX, faults),
            tuple(faults),
        )

    return make


def _limited(field: str, value: str, chars_max: int, faults: list[tuple[str, str]]) -> str:
    if len(value) <= chars_max:
        return value
    faults.append((field, f"{field.upper()}_TOO_LONG"))
    return ""  # never a part of it: half a name is another name
