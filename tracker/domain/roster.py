"""A market's roster on one day: sets of vendors that can be intersected and counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tracker.domain import rows
from tracker.domain.bitmaps import NONE, Who, bitmap, members, only, packed, which, who
from tracker.domain.rows import Step


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
    """The rows of a market side by side, and its sets of vendors by name (`rows`)."""

    def __init__(self, raw: bytes, sets: Mapping[str, Who]) -> None:
        self._raw = raw[: len(raw) - len(raw) % rows.ROW_BYTES]
        self._sets = sets
        table: NDArray[Any] = np.frombuffer(self._raw, np.dtype("<u2")).reshape(-1, _COLUMNS)
        self._since, self._last, self._matched, self._incidents = table.T

    def unsaid(self, day: int) -> list[int]:
        """The vendors whose rows do not tell how they stood at the end of that day."""
        found: list[int] = np.flatnonzero(self._last > day).tolist()
        return found

    def on(self, day: int, past: Mapping[int, Sequence[Step]]) -> Roster:
        """The roster at the end of a day; `past` has the steps of at least all `unsaid(day)`."""
        unsaid = self.unsaid(day)
        if not unsaid:
            return self
        late = ~who(bitmap(unsaid))
        raw = bytearray(self._raw)
        sets = {name: vendors & late for name, vendors in self._sets.items()}
        for number in unsaid:
            start = number * rows.ROW_BYTES
            step = next((s for s in reversed(past[number]) if s.day <= day), _NOT_YET)
            raw[start : start + rows.ROW_BYTES] = step.row
            for name in step.sets:
                sets[name] = sets.get(name, NONE) | only(number)
        return Roster(bytes(raw), sets)

    def who(self, name: str) -> Who:
        """The vendors in a set, or in any set of a kind."""
        found = self._sets.get(name)
        if found is None:
            found = reduce(or_, self._named(name).values(), NONE) if name.endswith(":") else NONE
        return found

    @cached_property
    def issued(self) -> Who:
        """The vendors with a live code."""
        return self.who(rows.ISSUED)

    @cached_property
    def attached(self) -> Who:
        """The vendors with an attached live code."""
        return self.who(rows.ATTACHED)

    def where(self, name: str, *, without: str | None = None) -> list[int]:
        """The numbers of the vendors in a set and not in another, ascending."""
        return members(packed(self.who(name) & ~(NONE if without is None else self.who(without))))

    def attached_since(self, day: int) -> Who:
        """The vendors attached at the end of each day from `day` on."""
        return self.attached & which(self._since <= day)

    def counts(self, *, verified_from: int, stale_before: int) -> Counts:
        """The counts; a scan matched since the one day verifies, none since the other is stale."""
        attached = self.attached
        return Counts(
            self.who(rows.ON_ROSTER).bit_count(),
            self.issued.bit_count(),
            attached.bit_count(),
            (attached & which(self._matched >= verified_from)).bit_count(),
            (attached & which(self._matched < stale_before)).bit_count(),
            int(self._incidents.sum()),
            self.who(rows.DUPLICATE_ACCOUNT).bit_count(),
            self.who(rows.PARTNER_REF_REUSED).bit_count(),
        )

    def banks(self) -> dict[str, Bank]:
        """The banks that vendors on the roster have to do with, by BIN."""
        columns = [self._named(kind) for kind in _HAS]
        return {
            bin_: Bank(*(column.get(bin_, NONE).bit_count() for column in columns))
            for bin_ in sorted(set().union(*columns))
        }

    def groups(self, kind: str, active: Who) -> list[Group]:
        """The roster's vendors by `rows.ZONE` or `CATEGORY`, by name; those without one last."""
        without, found = self.who(rows.ON_ROSTER), list[Group]()
        its = self._named(kind)
        for key in [*sorted(its), None]:
            vendors = without if key is None else its[key]
            if vendors:
                found.append(
                    Group(
                        key,
                        vendors.bit_count(),
                        (vendors & self.issued).bit_count(),
                        (vendors & self.attached).bit_count(),
                        (vendors & active).bit_count(),
                    )
                )
            without &= ~vendors
        return found

    def _named(self, kind: str) -> dict[str, Who]:
        """The sets of a kind that have anybody, by what its name goes on with."""
        length = len(kind)
        return {
            name[length:]: vendors
            for name, vendors in self._sets.items()
            if vendors and name.startswith(kind)
        }


def roster_of(raw: bytes | None, bitmaps: Iterable[tuple[bytes, bytes]]) -> Roster:
    """The roster of rows side by side and sets by name (UTF-8), as they are kept."""
    return Roster(raw or b"", {name.decode(): who(bits) for name, bits in bitmaps})


_COLUMNS = 4
_HAS = (rows.ACCOUNT, rows.ISSUED, rows.ATTACHED)
_NOT_YET = Step(0, rows.EMPTY)
NOBODY = Roster(b"", {})
