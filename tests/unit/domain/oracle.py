"""The figures once more, by brute force, straight from the text of the domain page.

Nothing here calls the code under test: of the domain it takes the structs of the facts, nothing
else. For every question it looks at all facts that had happened by a moment and answers it from
scratch; there is no state, no running sum, and days are the zone database's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tracker.domain.facts import (
    Attached,
    CensusDeclared,
    CodeIssued,
    CodeRevoked,
    Fact,
    Registered,
    Removed,
    StatusChanged,
    Voided,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def start(day: date) -> int:
    """The first moment (ms) of a day on the market's clock."""
    return int(datetime.combine(day, time(), ZONE).timestamp()) * 1000


def end(day: date) -> int:
    """The first moment (ms) that no longer belongs to the day."""
    return start(day + timedelta(days=1))


def stands(facts: Sequence[Fact], ordinal: int) -> bool:
    """Whether an event was never taken back, or its taking back was itself taken back."""
    return not any(
        isinstance(fact, Voided) and fact.event == ordinal and stands(facts, n)
        for n, fact in enumerate(facts, 1)
        if n > ordinal
    )


def happened(facts: Sequence[Fact], before: int) -> list[Fact]:
    """What stands and happened before a moment, as it happened; equal times by ledger order."""
    kept = [
        (fact.at, n) for n, fact in enumerate(facts, 1) if fact.at < before and stands(facts, n)
    ]
    return [facts[n - 1] for _, n in sorted(kept)]


def on_roster(past: Sequence[Fact]) -> bool:
    """Registered, and not left: a suspended vendor stays on the roster."""
    statuses = [fact.status for fact in past if isinstance(fact, StatusChanged)]
    return any(isinstance(fact, Registered) for fact in past) and statuses[-1:] != ["left"]


def live_codes(past: Sequence[Fact]) -> set[int]:
    """Codes issued that no later code of the same bank superseded and nobody revoked."""
    return {
        code.code
        for n, code in enumerate(past)
        if isinstance(code, CodeIssued)
        and not any(
            (isinstance(later, CodeIssued) and later.bin == code.bin)
            or (isinstance(later, CodeRevoked) and later.code == code.code)
            for later in past[n + 1 :]
        )
    }


def hanging_codes(past: Sequence[Fact]) -> set[int]:
    """Live codes of whose sticker we last heard, since they were issued, that it hangs."""
    hanging = set()
    for live in live_codes(past):
        issued = max(
            n for n, fact in enumerate(past) if isinstance(fact, CodeIssued) and fact.code == live
        )
        heard = [
            fact
            for fact in past[issued:]
            if isinstance(fact, Attached | Removed) and fact.code == live
        ]
        if heard and isinstance(heard[-1], Attached):
            hanging.add(live)
    return hanging


def is_issued(past: Sequence[Fact]) -> bool:
    """On the roster, with a live code."""
    return on_roster(past) and bool(live_codes(past))


def is_attached(past: Sequence[Fact]) -> bool:
    """On the roster, with a live code whose sticker hangs."""
    return on_roster(past) and bool(hanging_codes(past))


def was_attached(past: Sequence[Fact]) -> bool:
    """Whether there was ever a moment at which the vendor was attached."""
    return any(is_attached(past[:n]) for n in range(len(past) + 1))


def last_ending(past: Sequence[Fact]) -> str:
    """The reason of the last event that ended a hanging sticker."""
    for n in range(len(past) - 1, -1, -1):
        if hanging_codes(past[:n]) - hanging_codes(past[: n + 1]):
            match past[n]:
                case Removed() as removal:
                    return removal.reason
                case CodeIssued():
                    return "superseded"
                case CodeRevoked():
                    return "revoked"
    raise AssertionError("Nothing ended.")


class Line(NamedTuple):
    """The line of the waterfall that a vendor is on, with the reason of a removal."""

    name: str
    reason: str = ""


def line_of(facts: Sequence[Fact], day: date) -> Line | None:
    """Compares the vendor at the end of the day before and of the day."""
    opening, closing = happened(facts, start(day)), happened(facts, end(day))
    if is_attached(opening) == is_attached(closing):
        return None
    if is_attached(closing):
        return Line("reattached") if was_attached(opening) else Line("attached")
    return Line("removed", last_ending(closing)) if on_roster(closing) else Line("left")


def census_on(market: Sequence[Fact], day: date) -> int | None:
    """The latest census effective on or before the day."""
    declared = [f for f in happened(market, end(day)) if isinstance(f, CensusDeclared)]
    return declared[-1].vendors if declared else None


def registered_on(vendors: Sequence[Sequence[Fact]], day: date) -> int:
    """Vendors on the roster at the end of the day."""
    return sum(on_roster(happened(facts, end(day))) for facts in vendors)


def denominator_on(
    market: Sequence[Fact], vendors: Sequence[Sequence[Fact]], day: date
) -> dict[str, Any]:
    """The census if there is one and it is not below registered, else registered."""
    census, registered = census_on(market, day), registered_on(vendors, day)
    if census is None or census < registered:
        return {"value": registered, "basis": "roster"}
    return {"value": census, "basis": "census"}


def counts_on(vendors: Sequence[Sequence[Fact]], day: date) -> tuple[int, int, int]:
    """Registered, issued and attached at the end of the day."""
    pasts = [happened(facts, end(day)) for facts in vendors]
    return (
        sum(map(on_roster, pasts)),
        sum(map(is_issued, pasts)),
        sum(map(is_attached, pasts)),
    )


def flags_on(
    market: Sequence[Fact], vendors: Sequence[Sequence[Fact]], day: date
) -> list[dict[str, Any]]:
    """The flags that the facts of registration and attachment can raise."""
    census, registered = census_on(market, day), registered_on(vendors, day)
    if census is None:
        return [{"code": "no_census", "count": 1}]
    if census < registered:
        return [{"code": "registered_exceeds_census", "count": registered - census}]
    return []


def waterfall_on(
    market: Sequence[Fact], vendors: Sequence[Sequence[Fact]], day: date
) -> dict[str, Any]:
    """From the attached at the end of the day before to those at the end of the day."""
    lines = Counter(line for facts in vendors if (line := line_of(facts, day)) is not None)
    eve = day - timedelta(days=1)
    opening = denominator_on(market, vendors, eve)["value"]
    closing = denominator_on(market, vendors, day)["value"]
    return {
        "opening": counts_on(vendors, eve)[2],
        "attached": lines[Line("attached")],
        "reattached": lines[Line("reattached")],
        "removed": {line.reason: n for line, n in lines.items() if line.name == "removed"},
        "left": lines[Line("left")],
        "closing": counts_on(vendors, day)[2],
        "denominator": {"opening": opening, "change": closing - opening, "closing": closing},
    }
