"""A market's roster on one day, as columns: who stands where, so that sets can be intersected."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracker.domain import rows
from tracker.domain.rows import Step

Who = NDArray[np.bool_]
"""A set of vendors: element n tells whether vendor n belongs to it."""

_COLUMNS = np.dtype(
    [
        *((name, "<u2") for name in ("flags", "since", "last", "matched")),
        *((name, "<u4") for name in ("zone", "category")),
        ("banks", "<u4", (rows.BANKS,)),
        ("incidents", "<u2"),
        *((name, "u1") for name in ("findings", "spare")),
    ]
)


class Counts(NamedTuple):
    """How many vendors count for what at the end of a day."""

    registered: int
    issued: int
    attached: int
    verified: int
    stale: int
    incidents: int
    duplicate_account: int
    partner_ref_reused: int


class Bank(NamedTuple):
    """The roster's vendors with an account, a live code, an attached code of a bank."""

    registered: int
    issued: int
    attached: int


class Group(NamedTuple):
    """A zone's or category's vendors on the roster, and those of them that are further on."""

    key: str | None
    registered: int
    issued: int
    attached: int
    active: int


class Roster:
    """The rows of a market, and the names of its zones and categories."""

    def __init__(self, raw: bytes, names: Mapping[int, str], more: Sequence[int] = ()) -> None:
        self._raw = raw[: len(raw) - len(raw) % rows.ROW_BYTES]
        self._names = names
        self._more = more
        self._table: NDArray[Any] = np.frombuffer(self._raw, dtype=_COLUMNS)
        self._flags = np.ascontiguousarray(self._table["flags"])

    def __len__(self) -> int:
        return len(self._table)

    def unsaid(self, day: int) -> list[int]:
        """The vendors whose rows do not tell (all of) how they stood at the end of that day."""
        late = self._table["last"] > day
        more = (self._flags & rows.MORE_BANKS) != 0
        found: list[int] = np.flatnonzero(late | more).tolist()
        return found

    def on(self, day: int, past: Mapping[int, Sequence[Step]]) -> Roster:
        """The roster at the end of a day; `past` has the steps of at least all `unsaid(day)`."""
        unsaid = self.unsaid(day)
        if not unsaid:
            return self
        raw, more = bytearray(self._raw), list[int]()
        for number in unsaid:
            start = number * rows.ROW_BYTES
            step = next((s for s in reversed(past[number]) if s.day <= day), _NOT_YET)
            raw[start : start + rows.ROW_BYTES] = step.row
            more += step.more
        return Roster(bytes(raw), self._names, more)

    def where(self, flag: int, *, without: int = 0) -> list[int]:
        """The numbers of the vendors with a flag and without another, ascending."""
        found: list[int] = np.flatnonzero((self._flags & (flag | without)) == flag).tolist()
        return found

    def who(self, flag: int) -> Who:
        """The vendors with a flag."""
        found: Who = (self._flags & flag) != 0
        return found

    def attached_since(self, day: int) -> Who:
        """The vendors attached at the end of each day from `day` on."""
        since = self._table["since"]
        found: Who = (since > 0) & (since <= day)
        return found

    def counts(self, *, verified_from: int, stale_before: int) -> Counts:
        """The counts; a scan matched since the one day verifies, none since the other is stale."""
        attached = self.who(rows.ATTACHED)
        matched, findings = self._table["matched"], self._table["findings"]
        return Counts(
            _size(self._flags & rows.ON_ROSTER),
            _size(self._flags & rows.ISSUED),
            _size(attached),
            _size(attached & (matched >= verified_from)),
            _size(attached & (matched < stale_before)),
            int(self._table["incidents"].sum()),
            _size(findings & rows.DUPLICATE_ACCOUNT),
            _size(findings & rows.PARTNER_REF_REUSED),
        )

    def banks(self) -> dict[str, Bank]:
        """The banks that vendors on the roster have to do with, by BIN."""
        columns = [np.ascontiguousarray(column) for column in self._table["banks"].T]
        columns.append(np.array(self._more, np.uint32))
        found: dict[str, list[int]] = {}
        for number, count in chain.from_iterable(map(_tally, columns)):
            if number:
                bank = found.setdefault(f"{number & rows.BIN:06d}", [0, 0, 0])
                for place, has in enumerate(_HAS):
                    bank[place] += count if number & has else 0
        return {bin_: Bank(*found[bin_]) for bin_ in sorted(found)}

    @cached_property
    def _places(self) -> _Places:
        return _Places(self._names)

    def groups(self, column: str, active: Who) -> list[Group]:
        """The roster's vendors by `zone` or `category`, by name; those without one last.

        Raises `ValueError` where a row has a group that has no name: the views are damaged.
        """
        its = np.ascontiguousarray(self._table[column])
        place = self._places.of(its)
        if not (self._places.keys.take(place) == its).all():
            raise ValueError(f"A vendor's {column} has no name; `tracker rebuild` mends the views.")
        place = place * 16 + (self._flags & 7) + active * _ACTIVE
        keys = self._places.keys.tolist()
        table = np.bincount(place, minlength=len(keys) * 16).reshape(-1, 16)
        found = [
            Group(self._names[key] if key else None, *counts)
            for key, counts in zip(keys, (table @ _COMBINED).tolist(), strict=True)
            if counts[0]
        ]
        return sorted(found, key=lambda group: (group.key is None, group.key or ""))


class _Places:
    """Where numbers stand in a short list of them, found by some of their bits.

    A few names' keys differ within some stretch of bits: looking that up takes a third of the time
    of a binary search. Numbers that are not in the list get any place.
    """

    def __init__(self, numbers: Collection[int]) -> None:
        self.keys = np.array([0, *sorted(numbers)], dtype=np.uint32)
        width = max(8, 2 * len(numbers).bit_length())
        self._shift, self._mask = np.uint32(0), np.uint32((1 << width) - 1)
        self._table: NDArray[np.intp] | None = None
        keys = self.keys.tolist()
        for shift in range(_KEY_BITS - width + 1 if width <= _TABLE_BITS_MAX else 0):
            bits = [key >> shift & (1 << width) - 1 for key in keys]
            if len(set(bits)) == len(keys):
                self._shift, self._table = np.uint32(shift), np.zeros(1 << width, np.intp)
                self._table[bits] = range(len(keys))
                return

    def of(self, numbers: NDArray[np.uint32]) -> NDArray[np.intp]:
        """The places of these."""
        if self._table is None:
            return np.minimum(np.searchsorted(self.keys, numbers), len(self.keys) - 1)
        return self._table.take((numbers >> self._shift) & self._mask)


_KEY_BITS = 32
_TABLE_BITS_MAX = 16
"""Beyond, a table would not stay in the processor's cache."""


def _tally(numbers: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """The different numbers, and how often each is there; zeros may be left out."""
    if not numbers.any():
        return []
    place = ((numbers * _SPREAD) >> np.uint32(22)).astype(np.intp)
    held = np.zeros(1024, np.uint32)
    held[place] = numbers
    if (held.take(place) == numbers).all():
        counts = np.bincount(place, minlength=1024)
        which = np.flatnonzero(counts)
        values, times = held[which], counts[which]
    else:  # two share a place
        values, times = np.unique(numbers, return_counts=True)
    return list(zip(values.tolist(), times.tolist(), strict=True))


_SPREAD = np.uint32(2_654_435_769)
"""Knuth's multiplier: the upper bits of the product differ where numbers differ anywhere."""

_HAS = (rows.BANK_ACCOUNT, rows.BANK_ISSUED, rows.BANK_ATTACHED)
_ACTIVE = 8
_COMBINED = np.array(
    [
        [bool(n & rows.ON_ROSTER and n & flag) for flag in (1, rows.ISSUED, rows.ATTACHED, _ACTIVE)]
        for n in range(16)
    ],
    dtype=np.intp,
)
"""Which of the sixteen combinations of flags count as registered, issued, attached, active."""

_NOT_YET = Step(0, rows.EMPTY)
NOBODY = Roster(b"", {})


def _size(who: NDArray[Any]) -> int:
    return int(np.count_nonzero(who))
