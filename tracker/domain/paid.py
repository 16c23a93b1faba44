"""Who was paid on which days: what the banks reported, ready to be asked for stretches of days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracker.domain.roster import Who

Reports = Mapping[int, Mapping[str, tuple[int, int, bytes | None]]]
"""Day → BIN → payments, amount in dong, the set of vendors paid (None once it is dropped).

A set is a bitmap: bit n, counted from the left, is vendor n; zeros at its end are cut.
"""


class Money(NamedTuple):
    """Payments, their sum in dong, and how many different vendors they were paid to."""

    payments: int
    amount_vnd: int
    vendors: int


class _Sets:
    """Sets of vendors by day, one under the other."""

    def __init__(self, days: Sequence[int], bits: NDArray[np.uint8]) -> None:
        self._days = days
        self._bits = bits

    def between(self, first: int, last: int) -> NDArray[np.uint8]:
        """The sets of these days, one a row, eight vendors a byte."""
        start, end = bisect_left(self._days, first), bisect_right(self._days, last)
        return self._bits[start:end]

    def any_of(self, first: int, last: int) -> NDArray[np.uint8]:
        """The vendors that are in a set of these days, eight a byte."""
        union: NDArray[np.uint8] = np.bitwise_or.reduce(self.between(first, last), axis=0)
        return union


class Paid:
    """The reports of a stretch of days, and since when each vendor has been known as paid.

    `first` has 16 bits for each vendor, little-endian: the first day that a bank reported the
    vendor as paid, 0 = never.
    """

    def __init__(self, reports: Reports, first: bytes = b"") -> None:
        self._reports = reports
        self._first = np.frombuffer(first[: len(first) // 2 * 2], np.dtype("<u2"))
        self._days = sorted(reports)
        by_bank: dict[str, list[int]] = {}
        raws: list[bytes] = []
        starts: list[int] = []
        for day in self._days:
            if reports[day]:
                starts.append(len(raws))
            for bin_, (_, _, raw) in reports[day].items():
                by_bank.setdefault(bin_, []).append(len(raws))
                raws.append(raw or b"")
        wide = max(map(len, raws), default=0)
        joined = b"".join([raw.ljust(wide, b"\0") for raw in raws])
        bits = np.frombuffer(joined, np.uint8).reshape(len(raws), wide)
        days = [day for day in self._days for _ in reports[day]]
        union = np.bitwise_or.reduceat(bits, starts, axis=0) if starts else bits
        self._all = _Sets([days[start] for start in starts], union)
        self._by_bank = {
            bin_: _Sets([days[n] for n in its], bits[its]) for bin_, its in by_bank.items()
        }

    @property
    def banks(self) -> list[str]:
        """The banks that reported a day of the stretch, by BIN."""
        return sorted(self._by_bank)

    def whole(self, first: int, last: int) -> bool:
        """Whether no set of these days was dropped: else nobody can tell who was active."""
        days = self._days[bisect_left(self._days, first) : bisect_right(self._days, last)]
        return all(raw is not None for d in days for _, _, raw in self._reports[d].values())

    def reported(self, day: int) -> list[str]:
        """The banks that reported the day, by BIN."""
        return sorted(self._reports.get(day, ()))

    def paid(self, first: int, last: int, size: int, bin_: str | None = None) -> Who:
        """Of vendors 0…size-1, those paid (by one bank) on at least one of these days."""
        sets = self._all if bin_ is None else self._by_bank.get(bin_)
        return _nobody(size) if sets is None else _unpacked(sets.any_of(first, last), size)

    def often(self, first: int, last: int, size: int, times: int) -> Who:
        """Of vendors 0…size-1, those paid on at least so many of these (at most 255) days."""
        days = np.unpackbits(self._all.between(first, last), axis=1)
        counts = np.add.reduce(days, axis=0, dtype=np.uint8)
        return _sized(counts >= times, size)

    def ever(self, day: int, size: int) -> Who:
        """Of vendors 0…size-1, those that were ever paid up to that day."""
        return _sized((self._first > 0) & (self._first <= day), size)

    def money(self, first: int, last: int, bin_: str | None = None) -> Money | None:
        """What (one bank of) all banks reported for these days; None where none reported any."""
        reports = [
            (payments, amount)
            for day in self._days[bisect_left(self._days, first) : bisect_right(self._days, last)]
            for bank, (payments, amount, _) in self._reports[day].items()
            if bin_ is None or bank == bin_
        ]
        if not reports:
            return None
        sets = self._all if bin_ is None else self._by_bank[bin_]
        vendors = int(np.bitwise_count(sets.any_of(first, last)).sum())
        return Money(sum(p for p, _ in reports), sum(a for _, a in reports), vendors)


NOTHING = Paid({})


def _unpacked(packed: NDArray[np.uint8], size: int) -> Who:
    return _sized(np.unpackbits(packed).view(np.bool_), size)


def _sized(who: NDArray[np.bool_], size: int) -> Who:
    if len(who) >= size:
        return who[:size]
    whole = _nobody(size)
    whole[: len(who)] = who
    return whole


def _nobody(size: int) -> Who:
    return np.zeros(size, np.bool_)
