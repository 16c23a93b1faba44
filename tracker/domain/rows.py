"""A vendor's row: what of a vendor's state is counted together with others', in 32 bytes.

A market's rows lie side by side, row n is vendor n, so that they are read at once and counted
column by column. A row holds the state by all facts: it is true of every day from its `last` on.
For days before that the vendor's history gives the row of that day. Vendors off the roster count
for nothing: of their rows only `last` and the flag of incidents are not zero.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from tracker.domain.days import day_of
from tracker.domain.vendor import History, Vendor

ON_ROSTER = 1
ISSUED = 2
ATTACHED = 4
INCIDENT = 8
MORE_BANKS = 16
"""Flags: the standing; whether the vendor ever had an incident; and that the vendor has to do
with more banks than a row has room for, so that only the history says which."""

DUPLICATE_ACCOUNT = 1
PARTNER_REF_REUSED = 2
"""Findings."""

BIN = (1 << 20) - 1
BANK_ISSUED = 1 << 21
BANK_ATTACHED = 1 << 22
BANK_ACCOUNT = 1 << 20
"""A bank's number: its BIN in the lower twenty bits, and what the vendor has there."""

GROUPS_KNOWN_MAX = 4_096
"""Names whose keys a process remembers, some hundred kB; a market has few."""

BANKS = 3
_FORM = struct.Struct("<HHHHIIIIIHBB")
ROW_BYTES = _FORM.size
EMPTY = bytes(ROW_BYTES)


class Row(NamedTuple):
    """A row's fields, little-endian, as wide as `_FORM` says.

    `since` is the first of the days at whose ends the vendor has been attached without a break (0
    = is not attached), `last` the day of the last change of the row, `matched` the day of the last
    matched scan of a live code. Zone and category are `group_key`s (0 = none). `incidents` counts
    those that nobody resolved.
    """

    flags: int = 0
    since: int = 0
    last: int = 0
    matched: int = 0
    zone: int = 0
    category: int = 0
    bank_1: int = 0
    bank_2: int = 0
    bank_3: int = 0
    incidents: int = 0
    findings: int = 0
    spare: int = 0


@lru_cache(maxsize=GROUPS_KNOWN_MAX)
def group_key(name: str | None) -> int:
    """The number that stands for a zone's or category's name in a row; an empty text is none."""
    if not name:
        return 0
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") or 1


def pack(row: Row) -> bytes:
    """A row's bytes. Raises `struct.error` where a field does not fit."""
    return _FORM.pack(*row)


def unpack(raw: bytes) -> Row:
    """The row of these bytes."""
    return Row(*_FORM.unpack(raw))


_NOTHING = Row()
_NO_MORE: tuple[int, ...] = ()


class Step(NamedTuple):
    """The row from a day on, and the numbers of the banks that it has no room for."""

    day: int
    row: bytes
    more: tuple[int, ...] = ()


def steps(ends: Iterable[tuple[int, Vendor]]) -> list[Step]:
    """The rows that a vendor had, from the states at the ends of days (`lines.closings`)."""
    found: list[Step] = []
    before, more_before = _NOTHING, _NO_MORE
    for day, vendor in ends:
        row, more = _row(vendor, before.since or day)
        if (row, more) != (before, more_before):
            before, more_before = row, more
            flags, since, _, *rest = row
            found.append(Step(day, _FORM.pack(flags, since, _short(day), *rest), more))
    return found


def _row(vendor: Vendor, since: int) -> tuple[Row, tuple[int, ...]]:
    seen = INCIDENT * bool(vendor.incidents)
    if not vendor.on_roster:
        return Row(flags=seen), ()
    banks: dict[str, int] = dict.fromkeys(vendor.accounts, BANK_ACCOUNT)
    matched = 0
    for code in vendor.codes.values():
        if code.live:
            has = BANK_ISSUED if code.attached_at is None else BANK_ISSUED | BANK_ATTACHED
            banks[code.bin] = banks.get(code.bin, 0) | has
            matched = max(matched, code.matched_at or 0)
    all_has, numbers = 0, []
    for bin_, has in sorted(banks.items()):
        all_has |= has
        numbers.append(int(bin_) | has)
    attached = bool(all_has & BANK_ATTACHED)
    kinds = {kind for kind, _ in vendor.findings} if vendor.findings else ()
    bank_1, bank_2, bank_3 = (*numbers[:BANKS], *(0,) * BANKS)[:BANKS]
    more = tuple(numbers[BANKS:])
    row = Row(
        ON_ROSTER
        | ISSUED * bool(all_has & BANK_ISSUED)
        | ATTACHED * attached
        | seen
        | MORE_BANKS * bool(more),
        _short(since) if attached else 0,
        0,
        _short(day_of(matched)) if matched else 0,
        group_key(vendor.zone),
        group_key(vendor.category),
        bank_1,
        bank_2,
        bank_3,
        min(sum(i.unresolved for i in vendor.incidents.values()), 0xFFFF) if seen else 0,
        DUPLICATE_ACCOUNT * ("duplicate_account" in kinds)
        | PARTNER_REF_REUSED * ("partner_ref_reused" in kinds),
    )
    return row, more


def _short(day: int) -> int:
    """A day as a row holds it: from 1970 to 2149. A damaged fact may name any other."""
    return min(max(day, 0), 0xFFFF)


def names_of(history: History) -> dict[int, str]:
    """The names of all zones and categories that the vendor's facts ever gave, by `group_key`."""
    given = (
        name
        for fact in history.facts
        for name in (getattr(fact, "zone", None), getattr(fact, "category", None))
    )
    return {group_key(name): name for name in given if name}
