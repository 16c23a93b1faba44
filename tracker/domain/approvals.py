"""Four eyes: what one person asked for and another decides.

An approval is a fact that says what is wanted and which event it would replace, and one that says
how it ended. What was approved follows in the same commit, stated by the approval itself: it is
nobody's own, so nobody takes it back alone. Whether an approval still waits is read off the clock
and the subject's facts; nothing has to happen for it to expire.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeGuard, cast

from msgspec import Struct

from tracker.domain import decide_vendor, decide_void
from tracker.domain.codes import event_id
from tracker.domain.days import DAY_MS, day_of, start_of
from tracker.domain.decide import Stated, details_of, issue_code, owner, person_of, registered
from tracker.domain.errors import Conflict
from tracker.domain.facts import (
    AccountAsked,
    AccountDetails,
    AccountLinked,
    ApprovalDecided,
    Asked,
    CensusAsked,
    CensusDeclared,
    Fact,
    MarketFact,
    StatusAsked,
    StatusChanged,
    Vault,
    VendorFact,
    VoidAsked,
    Voided,
)
from tracker.domain.vendor import History, Sealed, Vendor, in_order

VALID_MS = 7 * DAY_MS
"""For so long after it was asked for a change can be approved."""

FRAUD = "fraud"
"""The reason of a suspension that one person alone does not lift; case does not matter."""

State = Literal["waiting", "approved", "rejected", "stale", "expired"]
Outcome = Literal["approved", "rejected", "stale"]


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


def waiting(
    facts: Sequence[Fact], asker: str, bins: Sequence[str], now: int
) -> Iterator[tuple[int, Asked]]:
    """What waits of what this caller, or a key of the same bank, asked for."""
    for event, approval in approvals(facts).items():
        if same_side(approval.asked, asker, bins) and state_of(facts, approval, now) == "waiting":
            yield event, approval.asked


def same_side(asked: Asked, principal: str, bins: Sequence[str]) -> bool:
    """Whether this is who asked, or speaks for the same bank: no second pair of eyes."""
    return asked.asked_by == principal or not set(asked.bins).isdisjoint(bins)


# ── asking ───────────────────────────────────────────────────────────────────────────────────


def ask_account(
    history: History,
    vault: Vault,
    when: Stated,
    asker: tuple[str, tuple[str, ...]],
    *,
    bin_: str,
    details: AccountDetails,
) -> int | AccountAsked:
    """Another account behind the bank's live code: what waits for just that already, or to ask.

    `asker` is the caller's id and banks.
    """
    vendor = registered(history, when.at)
    live, account = vendor.live_code(bin_), vendor.accounts.get(bin_)
    if live is None or account is None:
        raise Conflict("The bank has no live code here.", code="CODE_NOT_LIVE")
    for event, asked in waiting(history.facts, *asker, when.now):
        if isinstance(asked, AccountAsked) and asked.bin == bin_:
            if details_of(Sealed(event, asked.personal), vault) == details:
                return event
    return AccountAsked(
        *_now(when),
        bin=bin_,
        code=live.ordinal,
        standing=account.details.event,
        personal=vault.seal(history.version + 1, details),
        asked_by=asker[0],
        bins=asker[1],
    )


def ask_status(
    history: History, when: Stated, asker: tuple[str, tuple[str, ...]], fact: StatusChanged
) -> int | StatusAsked | None:
    """As `ask_account`, for a change of status; None where it lifts no suspension for fraud."""
    standing = suspension(history.facts)
    if standing is None or suspension(history.then(fact).facts) is not None:
        return None
    since = None if fact.at == when.now else fact.at
    for event, asked in waiting(history.facts, *asker, when.now):
        if isinstance(asked, StatusAsked):
            if (asked.status, asked.reason, asked.since) == (fact.status, fact.reason, since):
                return event
    return StatusAsked(
        *_now(when),
        status=fact.status,
        reason=fact.reason,
        since=since,
        standing=standing,
        asked_by=asker[0],
        bins=asker[1],
    )


def ask_void(
    facts: Sequence[Fact],
    when: Stated,
    asker: tuple[str, tuple[str, ...]],
    *,
    event: int,
    reason: str,
) -> int | VoidAsked:
    """As `ask_account`, for taking back the subject's event `event`."""
    for waits, asked in waiting(facts, *asker, when.now):
        if isinstance(asked, VoidAsked) and (asked.standing, asked.reason) == (event, reason):
            return waits
    return VoidAsked(*_now(when), standing=event, reason=reason, asked_by=asker[0], bins=asker[1])


def ask_census(
    facts: Sequence[Fact],
    when: Stated,
    asker: tuple[str, tuple[str, ...]],
    *,
    effective_on: int,
    vendors: int,
    source: str,
) -> int | CensusAsked | None:
    """As `ask_account`, for a census; None where it lowers none that is in force on its day."""
    standing = census_standing(facts, effective_on)
    known = None if standing is None else facts[standing - 1]
    if standing is None or not isinstance(known, CensusDeclared) or vendors >= known.vendors:
        return None
    wanted = (effective_on, vendors, source)
    for event, asked in waiting(facts, *asker, when.now):
        if isinstance(asked, CensusAsked):
            if (asked.effective_on, asked.vendors, asked.source) == wanted:
                return event
    return CensusAsked(*_now(when), *wanted, standing, asker[0], asker[1])


def _now(when: Stated) -> Stated:
    """The asking itself happens now, whatever day it is about."""
    return Stated(when.now, when.now, when.by)


# ── deciding ─────────────────────────────────────────────────────────────────────────────────


def granted(
    history: History, vault: Vault | None, now: int, approval: Approval
) -> list[VendorFact]:
    """What an approval of a vendor's comes to, stated by the approval; `history` has its decision.

    Another account behind a live code supersedes that code with a version over the new account:
    the vendor is attached again when the new sticker hangs. Raises `Conflict` where the rules that
    hold for such a change refuse it; `vault` is needed for an account only.
    """
    when = Stated(now, now, event_id(history.vendor_code, approval.event))
    match approval.asked:
        case AccountAsked() as asked if vault is not None:
            details = details_of(Sealed(approval.event, asked.personal), vault)
            linked = AccountLinked(
                *when,
                bin=asked.bin,
                owner=owner(person_of(history.replay(), vault), details),
                personal=vault.seal(history.version + 1, details),
            )
            issued = issue_code(history.then(linked), vault, when, bin_=asked.bin)
            return [linked, *issued]
        case StatusAsked() as asked:
            dated = when if asked.since is None else when._replace(at=asked.since)
            return decide_vendor.change_status(
                history, dated, status=asked.status, reason=asked.reason
            )
        case VoidAsked() as asked:
            return decide_void.void(history, when, event=asked.standing, reason=asked.reason)
    raise Conflict("This is no approval about a vendor.")


def granted_of_market(
    facts: Sequence[Fact], prefix: str, now: int, approval: Approval
) -> list[MarketFact]:
    """As `granted`, of a market's own facts."""
    when = Stated(now, now, event_id(prefix, approval.event))
    match approval.asked:
        case CensusAsked() as asked:
            dated = when._replace(at=start_of(asked.effective_on))
            return [CensusDeclared(*dated, vendors=asked.vendors, source=asked.source)]
        case VoidAsked() as asked:
            void = decide_void.void_of(
                facts, prefix, when, event=asked.standing, reason=asked.reason
            )
            return [] if void is None else [void]
    raise Conflict("This is no approval about a market.")


def approved_void(facts: Sequence[Fact], asker: str, *, event: int, reason: str) -> int | None:
    """The void of the event that stands by an approval this caller asked for, in these words."""
    by = decide_void.voids(facts).get(event)
    known = None if by is None else facts[by - 1]
    if not isinstance(known, Voided) or known.reason != reason:
        return None
    for approval in approvals(facts).values():
        if known.by.endswith(f".e{approval.event}") and approval.asked.asked_by == asker:
            return by
    return None
