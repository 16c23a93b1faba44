"""What of a vendor's state is counted together with others': the sets it is in, and a row.

A market has a set of vendors for each standing, zone, category and bank, as a bitmap, and the rows
of all side by side, row n being vendor n: so figures are counted over whole markets at once. Sets
and row hold the state by all facts: they are true of every day from the row's `last` on. For days
before that the vendor's history gives both as they were. Vendors off the roster are in no set, but
that of who ever had an incident; of their rows only `last` is not zero.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

from tracker.domain.days import day_of
from tracker.domain.vendor import Vendor

ON_ROSTER = "roster"
INCIDENT = "incident"
DUPLICATE_ACCOUNT = "duplicate_account"
PARTNER_REF_REUSED = "partner_ref_reused"
"""Sets: who is on the roster; who ever had an incident; findings."""

ZONE = "zone:"
CATEGORY = "category:"
ACCOUNT = "account:"
ISSUED = "issued:"
ATTACHED = "attached:"
"""Kinds of sets, whose names go on with a zone's or category's name, or a bank's BIN: who is there;
who has an account, a live code, an attached live code of the bank."""

_FORM = struct.Struct("<HHHH")
ROW_BYTES = _FORM.size
EMPTY = bytes(ROW_BYTES)


class Row(NamedTuple):
    """A row's fields, little-endian, 16 bits each.

    `since` is the first of the days at whose ends the vendor has been attached without a break (0
    = is not attached), `last` the day of the last change of the row or of a set, `matched` the day
    of the last matched scan of a live code. `incidents` counts those that nobody resolved.
    """

    since: int = 0
    last: int = 0
    matched: int = 0
    incidents: int = 0


def pack(row: Row) -> bytes:
    """A row's bytes. Raises `struct.error` where a field does not fit."""
    return _FORM.pack(*row)


def unpack(raw: bytes) -> Row:
    """The row of these bytes."""
    return Row(*_FORM.unpack(raw))


Sets = frozenset[str]
_NO_SETS: Sets = frozenset()


class Step(NamedTuple):
    """The row from a day on, and the sets that the vendor is in."""

    day: int
    row: bytes
    sets: Sets = _NO_SETS


def steps(ends: Iterable[tuple[int, Vendor]]) -> list[Step]:
    """What stood of a vendor, from the states at the ends of days (`lines.closings`)."""
    found: list[Step] = []
    before, sets_before = Row(), _NO_SETS
    for day, vendor in ends:
        row, sets = _standing(vendor, before.since or day)
        if row != before or sets != sets_before:
            before, sets_before = row, sets
            found.append(Step(day, _FORM.pack(row[0], _short(day), row[2], row[3]), sets))
    return found


def _standing(vendor: Vendor, since: int) -> tuple[Row, Sets]:
    """The row, `last` left open, and the sets."""
    if not vendor.on_roster:
        return Row(), frozenset((INCIDENT,)) if vendor.incidents else _NO_SETS
    sets = [ON_ROSTER, *groups_of(vendor.zone, vendor.category)]
    for bin_ in vendor.accounts:
        sets.append(ACCOUNT + bin_)
    matched = unresolved = 0
    attached = False
    for code in vendor.codes.values():
        if code.live:
            sets.append(ISSUED + code.bin)
            if code.attached_at is not None:
                attached = True
                sets.append(ATTACHED + code.bin)
            matched = max(matched, code.matched_at or 0)
    if vendor.incidents:
        sets.append(INCIDENT)
        unresolved = min(sum(i.unresolved for i in vendor.incidents.values()), 0xFFFF)
    if vendor.findings:
        kinds = {kind for kind, _ in vendor.findings}
        sets += (kind for kind in (DUPLICATE_ACCOUNT, PARTNER_REF_REUSED) if kind in kinds)
    row = Row(
        since=_short(since) if attached else 0,
        matched=_short(day_of(matched)) if matched else 0,
        incidents=unresolved,
    )
    return row, frozenset(sets)


def groups_of(zone: str | None, category: str | None) -> list[str]:
    """The sets of a zone and a category; none or an empty name has none."""
    named = (ZONE, zone), (CATEGORY, category)
    return [kind + name for kind, name in named if name]


def _short(day: int) -> int:
    """A day as a row holds it: from 1970 to 2149. A damaged fact may name any other."""
    return min(max(day, 0), 0xFFFF)
