"""Who was paid on which days: what the banks reported, ready to be asked for stretches of days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracker.domain.bitmaps import NONE, Who, packed, which, who

Reports = Mapping[int, Mapping[str, tuple[int, int, bytes | None]]]
"""Day → BIN → payments, amount in dong, the set of vendors paid (None once it is dropped).

A set is a bitmap (`bitmaps`).
"""

Unions = Mapping[int, bytes | None]
"""Day → the set of vendors paid by any bank (None where one of the banks' sets was dropped)."""

_Sets = NDArray[np.uint8]
"""Sets side by side, all as wide as the widest; the last axis is the bytes of one."""


class Money(NamedTuple):
    """Payments, their sum in dong, and how many different vendors they were paid to."""

    payments: int
    amount_vnd: int
    vendors: int


class Paid:
    """The reports of a stretch of days, and since when each vendor has been known as paid.

    Of the days before those of `reports` it is enough to know who was paid by any bank: `unions`.
    Money and single banks are known for the days of `reports` alone. `first` has 16 bits for each
    vendor, little-endian: the first day that a bank reported the vendor as paid, 0 = never.
    Raises `ValueError` where a day of `unions` is not before all of `reports`.
    """

    def __init__(self, reports: Reports, first: bytes = b"", unions: Unions | None = None) -> None:
        older = unions or {}
        self._reports = reports
        self._first = np.frombuffer(first[: len(first) // 2 * 2], np.dtype("<u2"))
        self._told = told = sorted(day for day in reports if reports[day])
        before = sorted(older)
        if before and told and before[-1] >= told[0]:
            raise ValueError("A union stands for a day before all reports.")
        self._days = before + told
        self.banks = sorted({bin_ for day in told for bin_ in reports[day]})
        """The banks that reported a day of `reports`, by BIN."""
        self._cells = [[reports[day].get(bin_, _NO_CELL) for day in told] for bin_ in self.banks]
        sets = [cell[2] for cells in self._cells for cell in cells]
        unioned = [older[day] for day in before]
        self._wide = max(map(len, filter(None, (*sets, *unioned))), default=0)
        self._sets = self._side_by_side(sets).reshape(len(self.banks), len(told), self._wide)
        every = np.bitwise_or.reduce(self._sets, axis=0)
        self._every = np.concatenate([self._side_by_side(unioned), every]) if before else every
        self._dropped = [day for day in before if older[day] is None]
        if None in sets:
            self._dropped += [
                d for d in told if any(raw is None for *_, raw in reports[d].values())
            ]

    def _side_by_side(self, sets: Sequence[bytes | None]) -> _Sets:
        wide = self._wide
        raw = b"".join([(raw or b"").ljust(wide, b"\0") for raw in sets])
        return np.frombuffer(raw, np.uint8).reshape(len(sets), wide)

    def whole(self, first: int, last: int) -> bool:
        """Whether no set of these days was dropped: else nobody can tell who was active."""
        place = bisect_left(self._dropped, first)
        return place == len(self._dropped) or self._dropped[place] > last

    def known(self, first: int, last: int) -> bool:
        """Whether any bank reported any of these days."""
        part = _part(self._days, first, last)
        return bool(self._days[part])

    def reported(self, day: int) -> list[str]:
        """The banks that reported the day, by BIN."""
        return sorted(self._reports.get(day, ()))

    def paid(self, first: int, last: int) -> Who:
        """Those paid on at least one of these days."""
        return _any(self._every[_part(self._days, first, last)])

    def by_bank(self, first: int, last: int) -> dict[str, Who]:
        """The same for each of `banks`, by BIN; the days are days of `reports`."""
        part = _part(self._told, first, last)
        return {bin_: _any(sets[part]) for bin_, sets in zip(self.banks, self._sets, strict=True)}

    def often(self, first: int, last: int, times: int) -> Who:
        """Those paid on at least so many of these (at most 255) days."""
        part = self._every[_part(self._days, first, last)]
        if len(part) < times:
            return NONE
        bits = np.unpackbits(part, axis=1)
        return which(np.add.reduce(bits, axis=0, dtype=np.uint8) >= times)

    def ever(self, day: int) -> Who:
        """Those that were ever paid up to that day."""
        return which((self._first > 0) & (self._first <= day))

    def money(self, first: int, last: int) -> dict[str | None, Money]:
        """What was reported for these days of `reports`: of each bank by BIN, of all as None.

        Who reported nothing is not among them.
        """
        part = _part(self._told, first, last)
        if not self._told[part]:
            return {}
        found: dict[str | None, Money] = {None: _NOTHING_YET}
        payments, amount, vendors = 0, 0, NONE
        for bin_, cells, sets in zip(self.banks, self._cells, self._sets, strict=True):
            its = [cell for cell in cells[part] if cell is not _NO_CELL]
            if its:
                numbers, amounts, _ = zip(*its, strict=True)
                union = _any(sets[part])
                found[bin_] = Money(sum(numbers), sum(amounts), union.bit_count())
                payments += found[bin_].payments
                amount += found[bin_].amount_vnd
                vendors |= union
        found[None] = Money(payments, amount, vendors.bit_count())
        return found


_NO_CELL: tuple[int, int, bytes | None] = (0, 0, b"")
_NOTHING_YET = Money(0, 0, 0)
NOTHING = Paid({})


def union_of(sets: Iterable[bytes | None]) -> bytes | None:
    """The vendors that are in one of a day's sets; None where one was dropped."""
    union = NONE
    for raw in sets:
        if raw is None:
            return None
        union |= who(raw)
    return packed(union)


def _part(days: list[int], first: int, last: int) -> slice:
    """Where these days are."""
    return slice(bisect_left(days, first), bisect_right(days, last))


def _any(sets: _Sets) -> Who:
    """Who is in any of some sets side by side."""
    return who(np.bitwise_or.reduce(sets, axis=0).tobytes()) if sets.size else NONE
