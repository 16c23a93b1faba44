"""What may be asked of a second person, and what an approval then comes to.

As `decide`: facts and a wish in; what waits for just that already (the ordinal of its asking), or
the fact that asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from tracker.domain import decide_vendor, decide_void
from tracker.domain.approvals import Approval, Asker, census_standing, suspension, waiting
from tracker.domain.codes import event_id
from tracker.domain.days import start_of
from tracker.domain.decide import Stated, details_of, issue_code, owner, person_of, registered
from tracker.domain.errors import Conflict
from tracker.domain.facts import (
    AccountAsked,
    AccountDetails,
    AccountLinked,
    CensusAsked,
    CensusDeclared,
    Fact,
    MarketFact,
    Status,
    StatusAsked,
    StatusChanged,
    Vault,
    VendorFact,
    VoidAsked,
)
from tracker.domain.text import search_key
from tracker.domain.vendor import History, Sealed


def ask_account(
    history: History,
    vault: Vault,
    when: Stated,
    asker: Asker,
    *,
    bin_: str,
    details: AccountDetails,
) -> int | AccountAsked:
    """Another account behind the bank's live code."""
    vendor = registered(history, when.at)
    live, account = vendor.live_code(bin_), vendor.accounts.get(bin_)
    if live is None or account is None:
        raise Conflict("The bank has no live code here.", code="CODE_NOT_LIVE")
    for event, asked in waiting(history.facts, asker, when.now):
        if not isinstance(asked, AccountAsked) or asked.bin != bin_:
            continue
        if _same(details_of(Sealed(event, asked.personal), vault), details):
            return event
    return AccountAsked(
        *_now(when),
        bin=bin_,
        code=live.ordinal,
        standing=account.details.event,
        personal=vault.seal(history.version + 1, details),
        asked_by=asker.id,
        bins=asker.bins,
    )


def _same(one: AccountDetails, other: AccountDetails) -> bool:
    holders = search_key(one.holder), search_key(other.holder)
    return one.number == other.number and holders[0] == holders[1]


def ask_status(
    history: History, when: Stated, asker: Asker, *, status: Status, reason: str | None
) -> int | StatusAsked | None:
    """As `ask_account`, for a change of status; None where it lifts no suspension for fraud."""
    standing = suspension(history.facts)
    after = history.then(StatusChanged(*when, status=status, reason=reason))
    if standing is None or suspension(after.facts) is not None:
        return None
    wanted = (status, reason, None if when.at == when.now else when.at)
    for event, asked in waiting(history.facts, asker, when.now):
        if not isinstance(asked, StatusAsked):
            continue
        if (asked.status, asked.reason, asked.since) == wanted:
            return event
    return StatusAsked(*_now(when), *wanted, standing, *asker)


def ask_void(
    facts: Sequence[Fact],
    when: Stated,
    asker: Asker,
    *,
    event: int,
    reason: str,
) -> int | VoidAsked:
    """As `ask_account`, for taking back the subject's event `event`."""
    for waits, asked in waiting(facts, asker, when.now):
        if isinstance(asked, VoidAsked) and (asked.standing, asked.reason) == (event, reason):
            return waits
    return VoidAsked(*_now(when), event, reason, *asker)


def ask_census(
    facts: Sequence[Fact],
    when: Stated,
    asker: Asker,
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
    for event, asked in waiting(facts, asker, when.now):
        if not isinstance(asked, CensusAsked):
            continue
        if (asked.effective_on, asked.vendors, asked.source) == wanted:
            return event
    return CensusAsked(*_now(when), *wanted, standing, *asker)


def _now(when: Stated) -> Stated:
    """The asking itself happens now, whatever day it is about."""
    return Stated(when.now, when.now, when.by)


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
