"""Who was paid on which days: what the banks reported, ready to be asked for stretches of days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np

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
    """Days in their order: their payments, amounts, and sets of vendors as integers."""

    def __init__(self) -> None:
        self.days: list[int] = []
        self.payments: list[int] = []
        self.amounts: list[int] = []
        self.sets: list[int] = []

    def part(self, first: int, last: int) -> slice:
        """Where these days are."""
        return slice(bisect_left(self.days, first), bisect_right(self.days, last))

    def union(self, first: int, last: int) -> int:
        """The vendors that are in a set of these days."""
        return reduce(or_, self.sets[self.part(first, last)], 0)

    def money(self, first: int, last: int) -> Money | None:
        """What was reported for these days; None where nothing was."""
        part = self.part(first, last)
        if part.start == part.stop:
            return None
        vendors = reduce(or_, self.sets[part]).bit_count()
        return Money(sum(self.payments[part]), sum(self.amounts[part]), vendors)


_NONE = _Stretch()


class Paid:
    """The reports of a stretch of days, and since when each vendor has been known as paid.

    `first` has 16 bits for each vendor, little-endian: the first day that a bank reported the
    vendor as paid, 0 = never.
    """

    def __init__(self, reports: Reports, first: bytes = b"") -> None:
        self._reports = reports
        self._first = np.frombuffer(first[: len(first) // 2 * 2], np.dtype("<u2"))
        self._all = _Stretch()
        self._by_bank: dict[str, _Stretch] = {}
        self._dropped: list[int] = []
        self._wide = 0
        every, by_bank = self._all, self._by_bank
        for day in sorted(reports):
            number = total = union = 0
            for bin_, (payments, amount, raw) in reports[day].items():
                if raw is None:
                    self._dropped.append(day)
                elif len(raw) > self._wide:
                    self._wide = len(raw)
                paid = int.from_bytes(raw or b"", "little")
                bank = by_bank.get(bin_)
                if bank is None:
                    bank = by_bank[bin_] = _Stretch()
                bank.days.append(day)
                bank.payments.append(payments)
                bank.amounts.append(amount)
                bank.sets.append(paid)
                number += payments
                total += amount
                union |= paid
            if reports[day]:
                every.days.append(day)
                every.payments.append(number)
                every.amounts.append(total)
                every.sets.append(union)

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
        union = self._of(bin_).union(first, last).to_bytes(self._wide, "little")
        return _sized(np.unpackbits(np.frombuffer(union, np.uint8)).view(np.bool_), size)

    def often(self, first: int, last: int, size: int, times: int) -> Who:
        """Of vendors 0…size-1, those paid on at least so many of these (at most 255) days."""
        days = self._all.sets[self._all.part(first, last)]
        raw = b"".join([paid.to_bytes(self._wide, "little") for paid in days])
        bits = np.unpackbits(np.frombuffer(raw, np.uint8).reshape(len(days), self._wide), axis=1)
        counts = np.add.reduce(bits, axis=0, dtype=np.uint8)
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


def _sized(who: Who, size: int) -> Who:
    if len(who) >= size:
        return who[:size]
    whole = np.zeros(size, np.bool_)
    whole[: len(who)] = who
    return whole
