"""One vendor or market once more, by brute force, straight from the text of the domain page.

Nothing here calls the code under test: of the domain it takes the structs of the facts, nothing
else. For every question it looks at all facts that had happened by a moment and answers it from
scratch; there is no state, no running sum, and days are the zone database's. What a market's
vendors come to together is in `oracle_content`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tracker.domain.facts import (
    AccountLinked,
    AccountUnlinked,
    AreasAssigned,
    Attached,
    CensusDeclared,
    CodeIssued,
    CodeRevoked,
    Fact,
    FindingEnded,
    FindingOpened,
    IncidentHandled,
    IncidentOpened,
    MarketOpened,
    ProfileChanged,
    Registered,
    Removed,
    Scanned,
    StatusChanged,
    TargetSet,
    Voided,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def start(day: date) -> int:
    """The first moment (ms) of a day on the market's clock."""
    return int(datetime.combine(day, time(), ZONE).timestamp()) * 1000


def end(day: date) -> int:
    """The first moment (ms) that no longer belongs to the day."""
    return start(day + timedelta(days=1))


def local_day(moment: int) -> date:
    """The day of a moment (ms) on the market's clock."""
    return datetime.fromtimestamp(moment // 1000, UTC).astimezone(ZONE).date()


def since_1970(number: int) -> date:
    """The date of a day that a fact counts from 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=number)


def stands(facts: Sequence[Fact], ordinal: int) -> bool:
    """Whether an event was never taken back, or its taking back was itself taken back."""
    return not any(
        isinstance(fact, Voided) and fact.event == ordinal and stands(facts, n)
        for n, fact in enumerate(facts, 1)
        if n > ordinal
    )


def standing(facts: Sequence[Fact]) -> list[tuple[int, Fact]]:
    """What stands, with its ordinal, as it happened; equal times by ledger order."""
    kept = sorted((fact.at, n) for n, fact in enumerate(facts, 1) if stands(facts, n))
    return [(n, facts[n - 1]) for _, n in kept]


def happened(facts: Sequence[Fact], before: int) -> list[Fact]:
    """What stands and happened before a moment, as it happened."""
    return [fact for _, fact in standing(facts) if fact.at < before]


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
    return line_between(happened(facts, start(day)), happened(facts, end(day)))


def line_between(opening: Sequence[Fact], closing: Sequence[Fact]) -> Line | None:
    """Compares the vendor at two ends, each by what had happened until then."""
    if is_attached(opening) == is_attached(closing):
        return None
    if is_attached(closing):
        return Line("reattached") if was_attached(opening) else Line("attached")
    return Line("removed", last_ending(closing)) if on_roster(closing) else Line("left")


def bank_of(past: Sequence[Fact], code: int) -> str:
    """The bank of a code."""
    return next(f.bin for f in past if isinstance(f, CodeIssued) and f.code == code)


def banks(past: Sequence[Fact]) -> set[str]:
    """The banks at which the vendor has an account: what was last heard is that it was linked."""
    last = {f.bin: f for f in past if isinstance(f, AccountLinked | AccountUnlinked)}
    return {bin_ for bin_, fact in last.items() if isinstance(fact, AccountLinked)}


def last_match(past: Sequence[Fact]) -> date | None:
    """The day of the last matched scan, since its issue, of a code that is live in the end."""
    live, found = live_codes(past), None
    issued: set[int] = set()
    for fact in past:
        if isinstance(fact, CodeIssued):
            issued.add(fact.code)
        elif isinstance(fact, Scanned) and fact.verdict == "matched":
            found = local_day(fact.at) if fact.code in issued & live else found
    return found


def group_of(past: Sequence[Fact], field: str) -> str | None:
    """The vendor's zone or category: the last that was said of it, an empty text says none."""
    told = [getattr(f, field) for f in past if isinstance(f, ProfileChanged | Registered)]
    heard = [name for name in told if name is not None]
    return heard[-1] or None if heard else None


def unresolved_incidents(past: Sequence[tuple[int, Fact]]) -> int:
    """Incidents that nobody has dismissed or resolved, or that were confirmed after that."""
    found = 0
    for place, (ordinal, fact) in enumerate(past):
        if isinstance(fact, IncidentOpened):
            states = [
                later.state
                for _, later in past[place:]
                if isinstance(later, IncidentHandled) and later.incident == ordinal
            ]
            found += states[-1:] in ([], ["confirmed"])
    return found


def open_findings(past: Sequence[Fact]) -> set[str]:
    """The kinds of findings that the vendor bears: with some other vendor, opened and not ended."""
    last = {(f.kind, f.other): f for f in past if isinstance(f, FindingOpened | FindingEnded)}
    return {kind for (kind, _), fact in last.items() if isinstance(fact, FindingOpened)}


# ── of a market ──────────────────────────────────────────────────────────────────────────────


def census_on(market: Sequence[Fact], day: date) -> int | None:
    """The latest census effective on or before the day."""
    declared = [f for f in happened(market, end(day)) if isinstance(f, CensusDeclared)]
    return declared[-1].vendors if declared else None


def targets_on(market: Sequence[Fact], day: date) -> list[TargetSet]:
    """The targets of the day by figure and day due: the last said of each; 0 takes it back."""
    said = [f for f in happened(market, end(day)) if isinstance(f, TargetSet)]
    last = {(f.figure, f.due_on): f for f in said}
    return [last[key] for key in sorted(last) if last[key].vendors > 0]


def area_on(market: Sequence[Fact], day: date) -> str | None:
    """The unit that the market belongs to: by the last assignment, else the one of its opening."""
    said = [fact for _, fact in standing(market)]
    assigned = [f for f in said if isinstance(f, AreasAssigned)]
    if assigned:
        for code, _, first, until in assigned[-1].areas:
            if since_1970(first) <= day and (until is None or day < since_1970(until)):
                return code
        return None
    opened = next(f for f in said if isinstance(f, MarketOpened))
    known = opened.area_from is not None and since_1970(opened.area_from) <= day
    return opened.area_code if known else None
