"""Who was paid on which days: what the banks reported, ready to be asked for stretches of days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import chain
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


class _Stretch:
    """Days in their order: their payments, amounts, and sets of vendors, one under the other."""

    def __init__(
        self,
        days: NDArray[np.int64],
        payments: NDArray[np.int64],
        amounts: NDArray[np.int64],
        bits: NDArray[np.uint8],
    ) -> None:
        self._days = days.tolist()
        self._payments = payments
        self._amounts = amounts
        self._bits = bits

    def add(self, places: NDArray[np.int64], other: _Stretch) -> None:
        """Another stretch's days to those at these places, each once."""
        self._payments[places] += other._payments
        self._amounts[places] += other._amounts
        self._bits[places] |= other._bits

    def _part(self, first: int, last: int) -> slice:
        return slice(bisect_left(self._days, first), bisect_right(self._days, last))

    def sets(self, first: int, last: int) -> NDArray[np.uint8]:
        """The sets of these days, one a row, eight vendors a byte."""
        return self._bits[self._part(first, last)]

    def union(self, first: int, last: int) -> NDArray[np.uint8]:
        """The vendors that are in a set of these days, eight a byte."""
        found: NDArray[np.uint8] = np.bitwise_or.reduce(self.sets(first, last), axis=0)
        return found

    def money(self, first: int, last: int) -> Money | None:
        """What was reported for these days; None where nothing was."""
        part = self._part(first, last)
        if part.start == part.stop:
            return None
        vendors = int(np.bitwise_count(self.union(first, last)).sum())
        payments, amounts = self._payments[part], self._amounts[part]
        return Money(int(payments.sum()), int(amounts.sum()), vendors)


_NOTHING = np.zeros(0, np.int64)
_NONE = _Stretch(_NOTHING, _NOTHING, _NOTHING, np.zeros((0, 0), np.uint8))


class Paid:
    """The reports of a stretch of days, and since when each vendor has been known as paid.

    `first` has 16 bits for each vendor, little-endian: the first day that a bank reported the
    vendor as paid, 0 = never.
    """

    def __init__(self, reports: Reports, first: bytes = b"") -> None:
        self._reports = reports
        self._first = np.frombuffer(first[: len(first) // 2 * 2], np.dtype("<u2"))
        self._all = _NONE
        self._by_bank: dict[str, _Stretch] = {}
        self._dropped: list[int] = []
        dated = [(day, banks) for day, banks in sorted(reports.items()) if banks]
        if not dated:
            return
        every = np.array([day for day, _ in dated])
        place = np.repeat(np.arange(len(dated)), [len(banks) for _, banks in dated])
        days = every[place]
        bins = np.array([bin_ for _, banks in dated for bin_ in banks])
        flat = chain.from_iterable(banks.values() for _, banks in dated)
        numbers, sums, raws = zip(*flat, strict=True)
        payments, amounts = np.array(numbers, np.int64), np.array(sums, np.int64)
        if None in raws:
            its = zip(days.tolist(), raws, strict=True)
            self._dropped = [day for day, raw in its if raw is None]
            raws = tuple(raw or b"" for raw in raws)
        wide = max(map(len, raws))
        joined = b"".join([raw.ljust(wide, b"\0") for raw in raws])
        bits = np.frombuffer(joined, np.uint8).reshape(len(raws), wide)
        total = _Stretch(
            every,
            np.zeros(len(dated), np.int64),
            np.zeros(len(dated), np.int64),
            np.zeros((len(dated), wide), np.uint8),
        )
        for bin_ in set(bins.tolist()):
            own = bins == bin_
            bank = _Stretch(days[own], payments[own], amounts[own], bits[own])
            total.add(place[own], bank)
            self._by_bank[bin_] = bank
        self._all = total

    @property
    def banks(self) -> list[str]:
        """The banks that reported a day of the stretch, by BIN."""
        return sorted(self._by_bank)

    def whole(self, first: int, last: int) -> bool:
        """Whether no set of these days was dropped: else nobody can tell who was active."""
        place = bisect_left(self._dropped, first)
        return place == len(self._dropped) or self._dropped[place] > last

    def reported(self, day: int) -> list[str]:
        """The banks that reported the day, by BIN."""
        return sorted(self._reports.get(day, ()))

    def paid(self, first: int, last: int, size: int, bin_: str | None = None) -> Who:
        """Of vendors 0…size-1, those paid (by one bank) on at least one of these days."""
        return _sized(np.unpackbits(self._of(bin_).union(first, last)).view(np.bool_), size)

    def often(self, first: int, last: int, size: int, times: int) -> Who:
        """Of vendors 0…size-1, those paid on at least so many of these (at most 255) days."""
        days = np.unpackbits(self._all.sets(first, last), axis=1)
        counts = np.add.reduce(days, axis=0, dtype=np.uint8)
        return _sized(counts >= times, size)

    def ever(self, day: int, size: int) -> Who:
        """Of vendors 0…size-1, those that were ever paid up to that day."""
        return _sized((self._first > 0) & (self._first <= day), size)

    def money(self, first: int, last: int, bin_: str | None = None) -> Money | None:
        """What (one bank of) all banks reported for these days; None where none reported any."""
        return self._of(bin_).money(first, last)

    def _of(self, bin_: str | None) -> _Stretch:
        return self._all if bin_ is None else self._by_bank.get(bin_, _NONE)


NOTHING = Paid({})


def _sized(who: NDArray[np.bool_], size: int) -> Who:
    if len(who) >= size:
        return who[:size]
    whole = np.zeros(size, np.bool_)
    whole[: len(who)] = who
    return whole
