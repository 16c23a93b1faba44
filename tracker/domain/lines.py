"""Day lines: which line of a day's waterfall each vendor is on, and how the roster changed.

`lines_through` turns a vendor's history into what the vendor adds to each day. Their sum over a
market's vendors says how the attached and the registered came from the end of D-1 to the end of
D. A late fact changes a vendor's lines, and the difference of old and new is added to the market's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from tracker.domain.days import day_of, start_of
from tracker.domain.facts import RemovalReason, VendorFact
from tracker.domain.vendor import NOWHERE, UNKNOWN, History, Vendor

REGISTERED = "r"
ATTACHED = "+"
REATTACHED = "~"
LEFT = "x"
REMOVED = "-"
"""Kinds of day lines. A removal's reason follows its sign: `-tax_worry`. The first is a change,
the others count vendors."""

REASONS = tuple(sorted((*get_args(RemovalReason), "superseded", "revoked")))
"""Why an attachment ended, where its vendor did not leave."""

KINDS = (REGISTERED, ATTACHED, REATTACHED, LEFT, *(REMOVED + reason for reason in REASONS))
"""Every line that a day can have."""

Lines = Counter[tuple[int, str]]
DayLines = Mapping[tuple[int, str], int]
"""(day, line) → count."""


def closings(states: Iterable[tuple[VendorFact, Vendor]]) -> Iterator[tuple[int, Vendor]]:
    """The state at the end of each day that has a fact, from the states a vendor went through."""
    day, vendor = None, UNKNOWN
    for fact, after in states:
        if (on := day_of(fact.at)) != day:
            if day is not None:
                yield day, vendor
            day = on
        vendor = after
    if day is not None:
        yield day, vendor


def day_lines(history: History) -> Lines:
    """What one vendor adds to each day; lines that come to nothing are absent."""
    return lines_through(closings(history.states()))


def lines_through(ends: Iterable[tuple[int, Vendor]]) -> Lines:
    """`day_lines` from the vendor's states at the ends of days."""
    lines: Lines = Counter()
    before = NOWHERE
    for day, vendor in ends:
        after = vendor.standing
        if after.registered != before.registered:
            lines[day, REGISTERED] = after.registered - before.registered
        if after.attached and not before.attached:
            first = vendor.first_attached_at
            again = first is not None and first < start_of(day)
            lines[day, REATTACHED if again else ATTACHED] = 1
        elif before.attached and not after.attached:
            lines[day, REMOVED + vendor.last_end if vendor.on_roster else LEFT] = 1
        before = after
    return lines


class Falls:
    """A market's day lines: what changed on each day."""

    def __init__(self, lines: DayLines) -> None:
        self._days: dict[int, dict[str, int]] = {}
        for (day, line), count in lines.items():
            self._days.setdefault(day, {})[line] = count

    def on(self, day: int, line: str) -> int:
        """A line of a day."""
        return self._days.get(day, _NONE).get(line, 0)

    def removed(self, day: int) -> dict[str, int]:
        """The vendors removed on a day, by reason."""
        found = {reason: self.on(day, REMOVED + reason) for reason in REASONS}
        return {reason: count for reason, count in found.items() if count}


_NONE: dict[str, int] = {}
