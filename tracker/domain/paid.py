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


class _Stretch:
    """Days in their order: their payments, amounts, and sets of vendors, one under the other."""

    def __init__(
        self,
        days: Sequence[int],
        payments: Sequence[int],
        amounts: Sequence[int],
        bits: NDArray[np.uint8],
    ) -> None:
        self.days = days
        self._payments = payments
        self._amounts = amounts
        self._bits = bits

    def _part(self, first: int, last: int) -> slice:
        return slice(bisect_left(self.days, first), bisect_right(self.days, last))

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
        return Money(sum(self._payments[part]), sum(self._amounts[part]), vendors)


_NONE = _Stretch((), (), (), np.zeros((0, 0), np.uint8))


class Paid:
    """The reports of a stretch of days, and since when each vendor has been known as paid.

    `first` has 16 bits for each vendor, little-endian: the first day that a bank reported the
    vendor as paid, 0 = never.
    """

    def __init__(self, reports: Reports, first: bytes = b"") -> None:
        self._reports = reports
        self._first = np.frombuffer(first[: len(first) // 2 * 2], np.dtype("<u2"))
        places: dict[str, list[int]] = {}
        starts: list[int] = []
        days: list[int] = []
        payments: list[int] = []
        amounts: list[int] = []
        raws: list[bytes | None] = []
        for day, banks in sorted(reports.items()):
            if banks:
                starts.append(len(days))
            for bin_, (number, amount, raw) in banks.items():
                places.setdefault(bin_, []).append(len(days))
                days.append(day)
                payments.append(number)
                amounts.append(amount)
                raws.append(raw)
        wide = max((len(raw) for raw in raws if raw), default=0)
        joined = b"".join([(raw or b"").ljust(wide, b"\0") for raw in raws])
        bits = np.frombuffer(joined, np.uint8).reshape(len(raws), wide)
        self._dropped = [day for day, raw in zip(days, raws, strict=True) if raw is None]
        self._by_bank = {
            bin_: _Stretch(
                [days[n] for n in its],
                [payments[n] for n in its],
                [amounts[n] for n in its],
                bits[its],
            )
            for bin_, its in places.items()
        }
        ends = [*starts[1:], len(days)]
        self._all = _NONE
        if starts:
            parts = list(zip(starts, ends, strict=True))
            self._all = _Stretch(
                [days[start] for start in starts],
                [sum(payments[start:end]) for start, end in parts],
                [sum(amounts[start:end]) for start, end in parts],
                np.bitwise_or.reduceat(bits, starts, axis=0),
            )

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
