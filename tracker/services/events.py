"""What was stated about a vendor or a market, and who may know it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain import decide_void
from tracker.domain.codes import event_id, parse_vendor_code
from tracker.domain.days import moment_text
from tracker.domain.errors import Invalid, NotFound
from tracker.domain.facts import (
    ApprovalDecided,
    CodeIssued,
    DoubtDecided,
    Fact,
    FindingEnded,
    FindingOpened,
    IncidentHandled,
    IncidentOpened,
    PersonalDataErased,
    PersonalDataRead,
    Registered,
    Scanned,
    VendorFact,
    VoidAsked,
    Voided,
)
from tracker.domain.vendor import History
from tracker.services.context import Tracker
from tracker.services.plain_facts import Plain, all_fields, kind_of

_NOT_OF_BANKS = (
    Scanned,
    IncidentOpened,
    IncidentHandled,
    FindingOpened,
    FindingEnded,
    DoubtDecided,
    PersonalDataRead,
    PersonalDataErased,
)
_NOT_TOLD = {"personal", "asked_by", "bins"}


class FactOut(Struct, frozen=True, kw_only=True):
    """A fact: its id, kind and times, who stated it, and what it says beside personal data.

    `by` is a key's id, `<job>.<row>`, or the id of an approval; a bank is not told others'.
    `voided_by` is the event that takes it back, `values` the fact's own fields.
    """

    id: str
    kind: str
    occurred_at: str
    recorded_at: str
    by: str | None
    voided_by: str | None
    values: dict[str, Plain]


async def of_vendor(tracker: Tracker, principal: Principal, vendor: str) -> list[FactOut]:
    """The vendor's facts that the principal may see, in the order in which they were recorded.

    Those of a vendor whose registration was voided too: how else could that be taken back.
    """
    try:
        prefix, number = parse_vendor_code(vendor)
    except Invalid as wrong:
        raise hidden() from wrong
    _, history = await find_any(tracker, principal, prefix, number)
    shown = [
        fact
        for n, fact in enumerate(_shown(history.facts, history.vendor_code, principal), 1)
        if visible(history, n, principal)
    ]
    if not shown and history.replay().stall is None:
        raise hidden()
    return shown


def of_history(history: History, principal: Principal) -> list[FactOut]:
    """All facts of a vendor, to those who may see all of them."""
    return _shown(history.facts, history.vendor_code, principal)


async def of_market(tracker: Tracker, principal: Principal, market: str) -> list[FactOut]:
    """The market's own facts, without reports of activity and publications."""
    facts = await tracker.reader.market_facts(market) if principal.may_market(market) else ()
    if not facts:
        raise hidden()
    prefix = (await tracker.market(market)).prefix
    return _shown(facts, prefix, principal)


async def market_within(tracker: Tracker, principal: Principal, prefix: str) -> str:
    """The market with this prefix within the principal's scope; else `NotFound`."""
    try:
        market = await tracker.market_id(prefix)
    except NotFound as unknown:
        raise hidden() from unknown
    if not principal.may_market(market):
        raise hidden()
    return market


async def find_any(
    tracker: Tracker, principal: Principal, prefix: str, number: int
) -> tuple[str, History]:
    """Market and history of a vendor, one whose registration was voided too; else `NotFound`."""
    market = await market_within(tracker, principal, prefix)
    history = await tracker.reader.history(market, prefix, number)
    if not history.facts:
        raise hidden()
    return market, history


def visible(history: History, ordinal: int, principal: Principal) -> bool:
    """A bank sees what it stated, what is about its own codes and accounts, and all plain facts
    of the vendors that it registered.
    """
    fact: VendorFact = history.facts[ordinal - 1]
    if principal.role != "bank" or fact.by == principal.id:
        return True
    if isinstance(fact, _NOT_OF_BANKS):
        return False
    if isinstance(fact, Voided):
        return visible(history, fact.event, principal)
    if isinstance(fact, VoidAsked):
        return visible(history, fact.standing, principal)
    if isinstance(fact, ApprovalDecided):
        return visible(history, fact.asked, principal)
    bin_ = getattr(fact, "bin", "")
    code = getattr(fact, "code", None)
    if code is not None:
        issued = (f for f in history.facts if isinstance(f, CodeIssued) and f.code == code)
        bin_ = next((f.bin for f in issued), "")
    elif not bin_:
        first = next((f for f in history.facts if isinstance(f, Registered)), None)
        bin_ = "" if first is None else first.bin
    return bool(bin_) and principal.may_bin(bin_)


def _shown(facts: Sequence[Fact], subject: str, principal: Principal) -> list[FactOut]:
    voids = decide_void.voids(facts)
    return [
        FactOut(
            id=event_id(subject, n),
            kind=kind_of(fact),
            occurred_at=moment_text(fact.at),
            recorded_at=moment_text(fact.recorded),
            by=fact.by if principal.role != "bank" or fact.by == principal.id else None,
            voided_by=event_id(subject, voids[n]) if n in voids else None,
            values={
                name: value
                for name, value in all_fields(fact, subject).items()
                if name not in _NOT_TOLD
            },
        )
        for n, fact in enumerate(facts, 1)
    ]
