"""A market over a stretch of days: how many were attached each day, and how its two ends compare.

A period compares its two ends (`docs/definitions.md`): whoever came and went in between is on no
line. A vendor attached at its end and not before it is *attached* where it never was before the
period, else *reattached*; one attached before and not at the end has left, or was removed for the
reason of the last ending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from tracker.domain.days import start_of
from tracker.domain.lines import closings
from tracker.domain.reasons import why_left
from tracker.domain.vendor import NOWHERE, UNKNOWN, History


class Period(Struct, frozen=True):
    """The days `first` … `last` of a market.

    `attached_on` has the attached at the end of `first - 1` and of each day up to `last`;
    `registered` those on the roster at the two ends. `why_left` counts, by cause, those on the
    roster at the end who are not attached.
    """

    first: int
    last: int
    attached_on: list[int]
    registered: tuple[int, int]
    attached: int
    reattached: int
    removed: dict[str, int]
    left: int
    why_left: dict[str, int]

    @property
    def opening(self) -> int:
        """The attached when it began."""
        return self.attached_on[0]

    @property
    def closing(self) -> int:
        """The attached when it ended."""
        return self.attached_on[-1]


def period(histories: Iterable[History], first: int, last: int) -> Period:
    """The period of the market that has these vendors; `first` is at most `last`."""
    changes = Counter[int]()
    lines, removed, causes = Counter[str](), Counter[str](), Counter[str]()
    opening = before_on_roster = on_roster = 0
    for history in histories:
        vendor, begin, hung = UNKNOWN, NOWHERE, False
        for day, state in closings(history.states()):
            if day > last:
                break
            vendor, standing = state, state.standing
            if day < first:
                begin, hung = standing, standing.attached
            elif standing.attached != hung:
                hung = standing.attached
                changes[day] += 1 if hung else -1
        opening += begin.attached
        before_on_roster += begin.registered
        on_roster += vendor.on_roster
        if hung and not begin.attached:
            since = vendor.first_attached_at
            again = since is not None and since < start_of(first)
            lines["reattached" if again else "attached"] += 1
        elif begin.attached and not hung:
            if vendor.on_roster:
                removed[vendor.last_end] += 1
            else:
                lines["left"] += 1
        cause = why_left(vendor)
        if cause is not None:
            causes[cause] += 1
    attached_on = [opening]
    for day in range(first, last + 1):
        attached_on.append(attached_on[-1] + changes[day])
    return Period(
        first,
        last,
        attached_on,
        (before_on_roster, on_roster),
        lines["attached"],
        lines["reattached"],
        dict(sorted(removed.items())),
        lines["left"],
        dict(causes.most_common()),
    )
