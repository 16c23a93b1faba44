"""What is handed out about approvals, to those who asked or may decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.masking import mask_account, mask_name, sees_personal
from tracker.domain.approvals import Approval, Asker, State, approvals, state_of
from tracker.domain.codes import event_id
from tracker.domain.days import day_date, moment_text
from tracker.domain.decide import details_of
from tracker.domain.facts import (
    AccountAsked,
    AccountLinked,
    CensusAsked,
    CensusDeclared,
    Fact,
    Status,
    StatusAsked,
    Vault,
    VoidAsked,
)
from tracker.domain.market import Market
from tracker.domain.vendor import History, Sealed
from tracker.services.context import Tracker

Kind = Literal["account", "status", "void", "census"]
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


class AccountWanted(Struct, frozen=True):
    """The account that is wanted (number masked), and what it replaces: code and its account.

    Numbers and holder are null where the personal data were erased.
    """

    bin: str
    number: str | None
    holder: str | None
    replaces: str | None
    code: str


class StatusWanted(Struct, frozen=True):
    """The status that is wanted; without `occurred_at` from the approval on."""

    status: Status
    reason: str | None
    occurred_at: str | None


class VoidWanted(Struct, frozen=True):
    """The event to take back, what kind of fact it is, and why."""

    event: str
    fact: str
    reason: str


class CensusWanted(Struct, frozen=True):
    """The census that is wanted; `replaces` is the number in force on that day."""

    effective_on: str
    vendors: int
    source: str
    replaces: int


class ApprovalOut(Struct, frozen=True, kw_only=True):
    """A change that needs a second person; of the four last, that of its `kind` is given.

    A bank is not told who else asked or decided.
    """

    id: str
    kind: Kind
    state: State
    market: str
    vendor: str | None
    asked_by: str | None
    asked_at: str
    expires_at: str
    decided_by: str | None = None
    decided_at: str | None = None
    reason: str | None = None
    account: AccountWanted | None = None
    status: StatusWanted | None = None
    void: VoidWanted | None = None
    census: CensusWanted | None = None


class Pending(NamedTuple):
    """Nothing changed: the wish waits for a second person under this approval."""

    approval: ApprovalOut


class Subject(NamedTuple):
    """Whose facts: a market's own, or with `history` those of one of its vendors."""

    market: str
    name: str
    facts: Sequence[Fact]
    history: History | None = None


def asker(principal: Principal) -> Asker:
    """Who asks, as the facts keep it: the id, and the banks where it is a bank's key."""
    bins = sorted(principal.bins) if principal.role == "bank" else ()
    return Asker(principal.id, tuple(bins))


def pending(
    tracker: Tracker,
    principal: Principal,
    market: str,
    history: History,
    event: int,
    vault: Vault | None = None,
) -> Pending:
    """The approval that the vendor's event `event` asked for, as its asker sees it."""
    subject = Subject(market, history.vendor_code, history.facts, history)
    found = approvals(history.facts)[event]
    return Pending(shown(tracker, principal, subject, found, vault))


def pending_of_market(
    tracker: Tracker,
    principal: Principal,
    place: Market,
    facts: Sequence[Fact],
    event: int,
) -> Pending:
    """As `pending`, of a market's own facts."""
    subject = Subject(place.id, place.prefix, facts)
    return Pending(shown(tracker, principal, subject, approvals(facts)[event], None))


def shown(
    tracker: Tracker,
    principal: Principal,
    subject: Subject,
    approval: Approval,
    vault: Vault | None,
) -> ApprovalOut:
    """The approval as the principal may see it; account numbers are masked for everybody."""
    asked, decided = approval.asked, approval.decided
    bank = principal.role == "bank"
    own = not bank or asked.asked_by == principal.id
    wanted: dict[Kind, AccountWanted | StatusWanted | VoidWanted | CensusWanted] = {}
    match asked:
        case AccountAsked():
            kind: Kind = "account"
            wanted[kind] = _account(principal, subject, approval.event, asked, vault)
        case StatusAsked():
            kind = "status"
            since = None if asked.since is None else moment_text(asked.since)
            wanted[kind] = StatusWanted(asked.status, asked.reason, since)
        case VoidAsked():
            kind = "void"
            word = type(subject.facts[asked.standing - 1]).__name__
            event = event_id(subject.name, asked.standing)
            wanted[kind] = VoidWanted(event, _WORD.sub("_", word).lower(), asked.reason)
        case CensusAsked():
            kind = "census"
            before = subject.facts[asked.standing - 1]
            replaces = before.vendors if isinstance(before, CensusDeclared) else 0
            day = day_date(asked.effective_on).isoformat()
            wanted[kind] = CensusWanted(day, asked.vendors, asked.source, replaces)
    return ApprovalOut(
        id=event_id(subject.name, approval.event),
        kind=kind,
        state=state_of(subject.facts, approval, tracker.now()),
        market=subject.market,
        vendor=None if subject.history is None else subject.name,
        asked_by=asked.asked_by if own else None,
        asked_at=moment_text(asked.recorded),
        expires_at=moment_text(approval.expires),
        decided_by=None if decided is None or bank else decided.by,
        decided_at=None if decided is None else moment_text(decided.recorded),
        reason=None if decided is None else decided.reason,
        **wanted,  # type: ignore[arg-type]  # each kind names the field of its own shape
    )


def _account(
    principal: Principal, subject: Subject, event: int, asked: AccountAsked, vault: Vault | None
) -> AccountWanted:
    sight = sees_personal(principal, market=subject.market, registered_by_bin=None)
    code = f"{subject.name}.c{asked.code}"
    before = subject.facts[asked.standing - 1]
    if vault is None or not isinstance(before, AccountLinked):
        return AccountWanted(asked.bin, None, None, None, code)
    wanted = details_of(Sealed(event, asked.personal), vault)
    replaced = details_of(Sealed(asked.standing, before.personal), vault)
    return AccountWanted(
        asked.bin,
        mask_account(wanted.number),
        sight.holder(asked.bin).show(wanted.holder, mask_name),
        mask_account(replaced.number),
        code,
    )
