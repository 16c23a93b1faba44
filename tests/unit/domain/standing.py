"""Rosters made by hand: vendors 0, 1, … by their rows and the sets that they are in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set

from tracker.domain import rows
from tracker.domain.bitmaps import bitmap, members, packed, who
from tracker.domain.roster import Roster
from tracker.domain.rows import Row, pack
from tracker.domain.views import Views

BANK = "970405"
REGISTERED = frozenset({rows.ON_ROSTER})
ISSUED = REGISTERED | {rows.ISSUED + BANK}
HANGING = ISSUED | {rows.ATTACHED + BANK}

Standing = tuple[Row, Set[str]]


def roster(*vendors: Standing | Set[str]) -> Roster:
    """Vendors by sets, with an empty row where none is given."""
    whole = [v if isinstance(v, tuple) else (Row(), v) for v in vendors]
    numbers = defaultdict(list)
    for number, (_, sets) in enumerate(whole):
        for name in sets:
            numbers[name].append(number)
    raw = b"".join(pack(row) for row, _ in whole)
    return Roster(raw, {name: who(bitmap(some)) for name, some in numbers.items()})


def roster_of(views: Mapping[int, Views]) -> Roster:
    """Vendors by number, as their views have them."""
    numbers = defaultdict(list)
    raw = bytearray((max(views, default=-1) + 1) * rows.ROW_BYTES)
    for number, seen in views.items():
        raw[number * rows.ROW_BYTES : (number + 1) * rows.ROW_BYTES] = seen.row
        for name in seen.sets:
            numbers[name].append(number)
    return Roster(bytes(raw), {name: who(bitmap(some)) for name, some in numbers.items()})


def numbers(vendors: int) -> list[int]:
    """The vendors of a set."""
    return members(packed(vendors))
