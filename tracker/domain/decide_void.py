"""Taking facts back: a wrong fact is voided by a new one, and a void can be voided likewise.

Replay is total, so what rested on a voided fact is skipped and little has to be refused: what is
no statement of a person, what was voided before, and what would leave a live code with no account
or no vendor behind it, for its sticker hangs and takes payments. That a stall or a reference is
free again is the commit's to hold; who may void what is the use case's.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracker.domain.codes import event_id
from tracker.domain.decide import Stated
from tracker.domain.errors import Conflict, NotFound
from tracker.domain.facts import (
    AccountAsked,
    ActivityReported,
    ApprovalDecided,
    CensusAsked,
    CodeIssued,
    Fact,
    FindingEnded,
    FindingOpened,
    FirstPaid,
    MarketOpened,
    PersonalDataErased,
    PersonalDataRead,
    Published,
    Registered,
    StatusAsked,
    VendorFact,
    VoidAsked,
    Voided,
)
from tracker.domain.vendor import History

NOT_VOIDABLE: tuple[tuple[tuple[type[Fact], ...], str], ...] = (
    (
        (FindingOpened, FindingEnded),
        "A finding ends by itself: correct the account or reference that it is about.",
    ),
    (
        (AccountAsked, StatusAsked, VoidAsked, CensusAsked, ApprovalDecided),
        "An approval is decided, not voided. What was approved has an event of its own.",
    ),
    ((MarketOpened,), "A market that was set up stays in the ledger. Close the market instead."),
    (
        (ActivityReported, FirstPaid),
        "A report of payments is replaced, not voided: the bank sends the day again.",
    ),
    (
        (Published,),
        "A publication stays. Correct the facts; the day gets a new revision.",
    ),
    (
        (PersonalDataRead, PersonalDataErased),
        "That personal data were read or erased stays in the ledger.",
    ),
)
"""Kinds of facts that cannot be voided, and what to do instead."""


def voids(facts: Sequence[Fact]) -> dict[int, int]:
    """Which events are voided, each with the ordinal of the last void that says so."""
    found: dict[int, int] = {}
    for n in range(len(facts), 0, -1):
        fact = facts[n - 1]
        if isinstance(fact, Voided) and n not in found:
            found.setdefault(fact.event, n)
    return found


def same(facts: Sequence[Fact], by: str, *, event: int, reason: str) -> int | None:
    """The event by which the same person voided it for the same reason, if that one stands."""
    before = voids(facts).get(event)
    known = None if before is None else facts[before - 1]
    if isinstance(known, Voided) and (known.by, known.reason) == (by, reason):
        return before
    return None


def void_of(
    facts: Sequence[Fact], subject: str, when: Stated, *, event: int, reason: str
) -> Voided | None:
    """The void of the event; None where just this void stands already.

    `subject` is the vendor code or market prefix. Raises `NotFound`, `Conflict`
    `EVENT_NOT_VOIDABLE`, or `ALREADY_VOIDED` where somebody else, or for another reason, did it.
    """
    if not 1 <= event <= len(facts):
        raise NotFound("There is no such event.")
    for kinds, instead in NOT_VOIDABLE:
        if isinstance(facts[event - 1], kinds):
            raise Conflict(instead, code="EVENT_NOT_VOIDABLE")
    if same(facts, when.by, event=event, reason=reason) is not None:
        return None
    before = voids(facts).get(event)
    if before is not None:
        raise Conflict(
            f"The event was voided by {event_id(subject, before)}. Void that one to restore it.",
            code="ALREADY_VOIDED",
            event=event_id(subject, before),
        )
    return Voided(*when, event=event, reason=reason)


def void(history: History, when: Stated, *, event: int, reason: str) -> list[VendorFact]:
    """Takes back one of the vendor's facts; nothing is new where just this void stands.

    Beside what `void_of` raises: `Conflict` `EVENT_IN_USE` where a live code, or of the
    registration an unresolved incident, would be left with nothing behind it.
    """
    made = void_of(history.facts, history.vendor_code, when, event=event, reason=reason)
    if made is None:
        return []
    after = history.then(made)
    _require_forgotten(after)
    fallen = sorted(_groundless(after) - _groundless(history))
    if fallen:
        code = fallen[0]
        numbered = enumerate(history.facts, 1)
        issue = next(n for n, f in numbered if isinstance(f, CodeIssued) and f.code == code)
        named = event_id(history.vendor_code, issue)
        raise Conflict(
            f"After this the code {history.code_id(code)} would be live with no account or no "
            f"vendor behind it. Revoke the code, or void its issue ({named}), first; if it is to "
            "be live again, void first what took its account away.",
            code="EVENT_IN_USE",
            event=named,
        )
    if isinstance(history.facts[event - 1], Registered):
        for opened, incident in history.replay().incidents.items():
            if incident.unresolved:
                named = event_id(history.vendor_code, opened)
                raise Conflict(
                    f"The incident {named} of this vendor is not resolved. Handle it first.",
                    code="EVENT_IN_USE",
                    event=named,
                )
    return [made]


def _require_forgotten(after: History) -> None:
    vendor = after.replay()
    if vendor.erased and (vendor.on_roster or any(code.live for code in vendor.codes.values())):
        raise Conflict(
            "The personal data of this vendor were erased: they cannot come back on the roster, "
            "nor can a code of theirs. Register the trader anew.",
            code="EVENT_NOT_VOIDABLE",
        )


def at_root(facts: Sequence[Fact], event: int) -> Fact:
    """The fact that an event comes down to: of a void, what it takes back or restores."""
    fact = facts[event - 1]
    while isinstance(fact, Voided):
        fact = facts[fact.event - 1]
    return fact


def first_moved(facts: Sequence[Fact], fact: Fact) -> int:
    """The first moment (ms) that a fact may change: a void reaches back to what it voids."""
    moment = fact.at
    while isinstance(fact, Voided):
        fact = facts[fact.event - 1]
        moment = min(moment, fact.at)
    return moment


def _groundless(history: History) -> set[int]:
    """The live codes whose vendor, or whose account, is no more."""
    vendor, voided = history.replay(), voids(history.facts)
    return {
        code.ordinal
        for code in vendor.codes.values()
        if code.live
        and (vendor.stall is None or code.account in voided or code.bin not in vendor.accounts)
    }
