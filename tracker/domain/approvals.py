"""Four eyes: what one person asked for and another decides.

An approval is a fact that says what is wanted and which event it would replace, and one that says
how it ended. What was approved follows in the same commit, stated by the approval itself: it is
nobody's own, so nobody takes it back alone. Whether an approval still waits is read off the clock
and the subject's facts; nothing has to happen for it to expire.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeGuard, cast

from msgspec import Struct

from tracker.domain import decide_void
from tracker.domain.codes import event_id
from tracker.domain.days import DAY_MS, day_of
from tracker.domain.facts import (
    AccountAsked,
    ApprovalDecided,
    Asked,
    CensusAsked,
    CensusDeclared,
    Fact,
    StatusAsked,
    StatusChanged,
    VendorFact,
    VoidAsked,
    Voided,
)
from tracker.domain.vendor import History, Vendor, in_order

VALID_MS = 7 * DAY_MS
"""For so long after it was asked for a change can be approved."""

FRAUD = "fraud"
"""The reason of a suspension that one person alone does not lift; case does not matter."""

State = Literal["waiting", "approved", "rejected", "stale", "expired"]
Outcome = Literal["approved", "rejected", "stale"]


class Asker(NamedTuple):
    """Who asks or decides: the id, and the banks that a key speaks for."""

    id: str
    bins: tuple[str, ...]


class Approval(Struct, frozen=True):
    """One approval of a subject: the ordinals of asking and deciding, and the two facts."""

    event: int
    asked: Asked
    decided: ApprovalDecided | None = None

    @property
    def expires(self) -> int:
        """The first moment (ms) at which it can be approved no more."""
        return self.asked.recorded + VALID_MS


def is_asked(fact: Fact) -> TypeGuard[Asked]:
    """Whether the fact asks for an approval."""
    return isinstance(fact, AccountAsked | StatusAsked | VoidAsked | CensusAsked)


def approvals(facts: Sequence[Fact]) -> dict[int, Approval]:
    """The approvals of one subject by the ordinal of what asked for each, oldest first."""
    found: dict[int, Approval] = {}
    for n, fact in enumerate(facts, 1):
        if is_asked(fact):
            found[n] = Approval(n, fact)
        elif isinstance(fact, ApprovalDecided) and fact.asked in found:
            found[fact.asked] = Approval(fact.asked, found[fact.asked].asked, fact)
    return found


def state_of(facts: Sequence[Fact], approval: Approval, now: int) -> State:
    """How far it is at this moment (ms): decided, expired, overtaken (stale), or waiting."""
    if approval.decided is not None:
        return approval.decided.outcome
    if now >= approval.expires:
        return "expired"
    return "waiting" if stands(facts, approval.asked) else "stale"


def stands(facts: Sequence[Fact], asked: Asked) -> bool:
    """Whether what it would replace is still what is in force; needs no personal data."""
    match asked:
        case AccountAsked():
            vendor = _vendor(facts)
            live, account = vendor.live_code(asked.bin), vendor.accounts.get(asked.bin)
            return (
                vendor.on_roster
                and live is not None
                and live.ordinal == asked.code
                and account is not None
                and account.details.event == asked.standing
            )
        case StatusAsked():
            return suspension(facts) == asked.standing
        case VoidAsked():
            return asked.standing not in decide_void.voids(facts)
        case CensusAsked():
            return census_standing(facts, asked.effective_on) == asked.standing


def _vendor(facts: Sequence[Fact]) -> Vendor:
    return History("", 0, cast("tuple[VendorFact, ...]", tuple(facts))).replay()


def suspension(facts: Sequence[Fact]) -> int | None:
    """The event by which the vendor is suspended for fraud; None where they are not."""
    vendor = _vendor(facts)
    if vendor.status != "suspended" or not for_fraud(vendor.status_reason):
        return None
    stated = [n for n, fact in in_order(facts) if isinstance(fact, StatusChanged)]
    return stated[-1] if stated else None


def for_fraud(reason: str | None) -> bool:
    """Whether a suspension with this reason is one for fraud."""
    return reason is not None and reason.strip().casefold() == FRAUD


def census_standing(facts: Sequence[Fact], day: int) -> int | None:
    """The event whose census is in force on the day; None where none is."""
    declared = [
        n for n, f in in_order(facts) if isinstance(f, CensusDeclared) and day_of(f.at) <= day
    ]
    return declared[-1] if declared else None


def waiting(facts: Sequence[Fact], asker: Asker, now: int) -> Iterator[tuple[int, Asked]]:
    """What waits of what this caller, or a key of the same bank, asked for."""
    for event, approval in approvals(facts).items():
        if same_side(approval.asked, asker) and state_of(facts, approval, now) == "waiting":
            yield event, approval.asked


def same_side(asked: Asked, who: Asker) -> bool:
    """Whether this is who asked, or speaks for the same bank: no second pair of eyes."""
    return asked.asked_by == who.id or not set(asked.bins).isdisjoint(who.bins)


def approved_void(
    facts: Sequence[Fact], subject: str, asker: str, *, event: int, reason: str
) -> int | None:
    """The void of the event that stands by an approval this caller asked for, in these words.

    `subject` is the vendor code or market prefix.
    """
    by = decide_void.voids(facts).get(event)
    known = None if by is None else facts[by - 1]
    if not isinstance(known, Voided) or known.reason != reason:
        return None
    for approval in approvals(facts).values():
        stated = event_id(subject, approval.event)
        if (known.by, approval.asked.asked_by) == (stated, asker):
            return by
    return None
