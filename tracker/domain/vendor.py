"""A vendor's state: what the facts about one vendor come to.

A vendor's *history* is its facts in the order of the ledger; `replay` applies those that are not
voided in the order in which they happened. So a fact that arrives late gives the same state as
the same fact in time, and the state at any past moment is the replay of the facts before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from tracker.domain.codes import code_id, vendor_code
from tracker.domain.facts import (
    AccountAsked,
    AccountLinked,
    AccountUnlinked,
    ApprovalDecided,
    Attached,
    CodeIssued,
    CodePrinted,
    CodeRevoked,
    DoubtDecided,
    Fact,
    FindingEnded,
    FindingKind,
    FindingOpened,
    IncidentHandled,
    IncidentOpened,
    InvoiceComposed,
    Moved,
    Owner,
    PersonalDataErased,
    PersonalDataRead,
    ProfileChanged,
    Registered,
    Removed,
    Scanned,
    Status,
    StatusAsked,
    StatusChanged,
    VendorFact,
    VoidAsked,
    Voided,
)

LONG_AGO: Final = -(1 << 63)
"""Before every moment (ms)."""

Stage = Literal["registered", "issued", "attached"]
IncidentState = Literal["open", "confirmed", "dismissed", "resolved"]


class Sealed(Struct, frozen=True, array_like=True, gc=False):
    """A personal blob and the ordinal of the event that it belongs to."""

    event: int
    blob: bytes


class Account(Struct, frozen=True, gc=False):
    """The vendor's account at one bank; `details` seals `AccountDetails`."""

    bin: str
    owner: Owner
    details: Sealed
    linked_at: int
    ref: str | None = None


class Code(Struct, frozen=True, gc=False):
    """One issued payload: live until `ended` says how it ended."""

    ordinal: int
    bin: str
    version: int
    account: int
    issued_at: int
    supplied: Sealed | None = None
    ref: str | None = None
    ended: Literal["superseded", "revoked"] | None = None
    ended_at: int | None = None
    attached_at: int | None = None
    prints: int = 0
    sheet: str | None = None
    matched_at: int | None = None

    @property
    def live(self) -> bool:
        """Neither superseded nor revoked."""
        return self.ended is None


class Incident(Struct, frozen=True, gc=False):
    """A stranger's code at the stall: `seen` seals the account; open until somebody handles it."""

    bin: str
    seen: Sealed
    opened_at: int
    state: IncidentState = "open"
    reason: str | None = None
    handled_by: str | None = None
    handled_at: int | None = None

    @property
    def unresolved(self) -> bool:
        """Open or confirmed: the stall still needs a visit."""
        return self.state in {"open", "confirmed"}


class Vendor(Struct, frozen=True):
    """The state of one vendor at one moment. `stall` is None until the vendor is registered."""

    stall: str | None = None
    status: Status = "trading"
    status_reason: str | None = None
    zone: str | None = None
    category: str | None = None
    person: Sealed | None = None
    bin: str = ""
    ref: str | None = None
    registered_at: int = 0
    registered_by: str = ""
    accounts: Mapping[str, Account] = {}
    codes: Mapping[int, Code] = {}
    incidents: Mapping[int, Incident] = {}
    findings: frozenset[tuple[FindingKind, str]] = frozenset()
    first_attached_at: int | None = None
    last_end: str = ""
    erased: bool = False

    @property
    def on_roster(self) -> bool:
        """Registered and not left; a suspended vendor is on the roster."""
        return self.stall is not None and self.status != "left"

    @property
    def stage(self) -> Stage:
        """How far the adoption of a vendor on the roster has come."""
        standing = self.standing
        return "attached" if standing.attached else "issued" if standing.issued else "registered"

    @property
    def standing(self) -> Standing:
        """What the vendor counts for in the figures."""
        if not self.on_roster:
            return NOWHERE
        issued = attached = False
        for code in self.codes.values():
            if code.ended is None:
                issued = True
                attached = attached or code.attached_at is not None
        return Standing(True, issued, attached)

    def live_code(self, bin_: str) -> Code | None:
        """The bank's live code; there is at most one."""
        for code in self.codes.values():
            if code.bin == bin_ and code.live:
                return code
        return None


class Standing(NamedTuple):
    """Membership in the three counts: attached implies issued implies registered."""

    registered: bool
    issued: bool
    attached: bool


NOWHERE = Standing(False, False, False)
UNKNOWN = Vendor()


def evolve(vendor: Vendor, event: int, fact: VendorFact) -> Vendor:
    """The state after one more fact, the vendor's event number `event`.

    Total over any order of facts: one that does not apply (a removal of what does not hang)
    changes nothing. A sticker that hangs counts from when its vendor counts as attached.
    """
    after = _applied(vendor, event, fact)
    if after.codes and after.first_attached_at is None and after is not vendor:
        return replace(after, first_attached_at=fact.at) if after.standing.attached else after
    return after


def _applied(vendor: Vendor, event: int, fact: VendorFact) -> Vendor:
    match fact:
        case Registered():
            return replace(
                vendor,
                stall=fact.stall,
                zone=fact.zone,
                category=fact.category,
                person=Sealed(event, fact.personal),
                bin=fact.bin,
                ref=fact.ref,
                registered_at=fact.at,
                registered_by=fact.by,
            )
        case AccountLinked():
            account = Account(fact.bin, fact.owner, Sealed(event, fact.personal), fact.at, fact.ref)
            return replace(vendor, accounts={**vendor.accounts, fact.bin: account})
        case CodeIssued():
            return _issue(vendor, event, fact)
        case Attached():
            code = vendor.codes.get(fact.code)
            if code is None or not code.live or code.attached_at is not None:
                return vendor
            return _with(vendor, replace(code, attached_at=fact.at))
        case Removed():
            code = vendor.codes.get(fact.code)
            if code is None or code.attached_at is None:
                return vendor
            return replace(_with(vendor, replace(code, attached_at=None)), last_end=fact.reason)
        case CodeRevoked():
            code = vendor.codes.get(fact.code)
            return _end(vendor, code, "revoked", fact.at) if code and code.live else vendor
        case ProfileChanged():
            person = vendor.person if fact.personal is None else Sealed(event, fact.personal)
            zone = vendor.zone if fact.zone is None else fact.zone or None
            category = vendor.category if fact.category is None else fact.category or None
            return replace(vendor, zone=zone, category=category, person=person)
        case Moved():
            return vendor if vendor.stall is None else replace(vendor, stall=fact.stall)
        case StatusChanged():
            return replace(vendor, status=fact.status, status_reason=fact.reason)
        case AccountUnlinked():
            rest = {bin_: a for bin_, a in vendor.accounts.items() if bin_ != fact.bin}
            return replace(vendor, accounts=rest)
        case CodePrinted():
            code = vendor.codes.get(fact.code)
            if code is None:
                return vendor
            return _with(vendor, replace(code, prints=fact.number, sheet=fact.sheet))
        case Scanned():
            code = vendor.codes.get(fact.code or 0)
            if code is None or fact.verdict != "matched":
                return vendor
            return _with(vendor, replace(code, matched_at=fact.at))
        case IncidentOpened():
            opened = Incident(fact.bin, Sealed(event, fact.personal), fact.at)
            return replace(vendor, incidents={**vendor.incidents, event: opened})
        case IncidentHandled():
            return _handle(vendor, fact)
        case FindingOpened():
            return replace(vendor, findings=vendor.findings | {(fact.kind, fact.other)})
        case FindingEnded():
            return replace(vendor, findings=vendor.findings - {(fact.kind, fact.other)})
        case PersonalDataErased():
            return replace(vendor, erased=True)
        case Voided() | InvoiceComposed() | PersonalDataRead():
            return vendor
        case AccountAsked() | StatusAsked() | VoidAsked() | ApprovalDecided() | DoubtDecided():
            return vendor


def _with(vendor: Vendor, code: Code) -> Vendor:
    return replace(vendor, codes={**vendor.codes, code.ordinal: code})


def _end(vendor: Vendor, code: Code, how: Literal["superseded", "revoked"], at: int) -> Vendor:
    ended = _with(vendor, replace(code, ended=how, ended_at=at, attached_at=None))
    return ended if code.attached_at is None else replace(ended, last_end=how)


def _handle(vendor: Vendor, fact: IncidentHandled) -> Vendor:
    known = vendor.incidents.get(fact.incident)
    if known is None:
        return vendor
    handled = replace(
        known, state=fact.state, reason=fact.reason, handled_by=fact.by, handled_at=fact.at
    )
    return replace(vendor, incidents={**vendor.incidents, fact.incident: handled})


def _issue(vendor: Vendor, event: int, fact: CodeIssued) -> Vendor:
    before = vendor.live_code(fact.bin)
    if before is not None:
        vendor = _end(vendor, before, "superseded", fact.at)
    return _with(
        vendor,
        Code(
            ordinal=fact.code,
            bin=fact.bin,
            version=fact.version,
            account=fact.account,
            issued_at=fact.at,
            supplied=None if fact.personal is None else Sealed(event, fact.personal),
            ref=fact.ref,
        ),
    )


def in_order(facts: Sequence[Fact]) -> list[tuple[int, Fact]]:
    """(ordinal, fact) of the facts that are not voided, in the order in which they happened.

    Facts of the same moment follow the order of the ledger.
    """
    kept = list(enumerate(facts, 1))
    if len(kept) == 1:
        return kept
    voided: set[int] = set()
    for n, fact in reversed(kept):
        if isinstance(fact, Voided) and n not in voided:
            voided.add(fact.event)
    if voided:
        kept = [(n, f) for n, f in kept if n not in voided]
    kept.sort(key=_moment)
    return kept


def _moment(numbered: tuple[int, Fact]) -> int:
    return numbered[1].at


class _Present(NamedTuple):
    """The state by all facts, and when the last of them happened (ms); `plain`: none voids one."""

    vendor: Vendor
    since: int
    plain: bool


def _present(facts: Sequence[VendorFact]) -> _Present:
    vendor, since = UNKNOWN, LONG_AGO
    for event, fact in in_order(facts):
        vendor, since = evolve(vendor, event, fact), fact.at  # type: ignore[arg-type]
    return _Present(vendor, since, not any(isinstance(fact, Voided) for fact in facts))


def _went_on(known: _Present, version: int, facts: Sequence[VendorFact]) -> _Present | None:
    """The state by all facts from that by the first `version`; None where these may not stand."""
    vendor, since, plain = known
    if not plain:
        return None
    for event, fact in enumerate(facts[version:], version + 1):
        if fact.at < since or isinstance(fact, Voided):
            return None
        vendor, since = evolve(vendor, event, fact), fact.at
    return _Present(vendor, since, plain)


_PRESENT, _BEFORE = "present", "before"
"""What a history remembers: its `_Present`, or that of the one it goes on from and its version."""


class History(Struct, frozen=True, dict=True):
    """All facts about one vendor, in the order of the ledger.

    What they come to is remembered: a decision asks for it again and again, and what it adds is
    mostly what happened last, which needs no replay of what was before.
    """

    prefix: str
    number: int
    facts: tuple[VendorFact, ...] = ()

    @property
    def vendor_code(self) -> str:
        """The code printed on the sticker."""
        return vendor_code(self.prefix, self.number)

    @property
    def version(self) -> int:
        """The number of facts: grows with every change."""
        return len(self.facts)

    def then(self, *facts: VendorFact) -> History:
        """The history with more facts recorded."""
        after = History(self.prefix, self.number, self.facts + facts)
        memory = vars(self)
        present = memory.get(_PRESENT)
        before = memory.get(_BEFORE) if present is None else (present, self.version)
        if before is not None:
            vars(after)[_BEFORE] = before
        return after

    def replay(self, before: int | None = None) -> Vendor:
        """The state from the facts that happened before a moment (exclusive; None = all)."""
        if before is None or vars(self):  # a past moment alone is not worth more than itself
            present = self._present()
            if before is None or present.since < before:
                return present.vendor
        vendor = UNKNOWN
        for event, fact in in_order(self.facts):
            if fact.at >= before:
                break
            vendor = evolve(vendor, event, fact)  # type: ignore[arg-type]
        return vendor

    def _present(self) -> _Present:
        memory = vars(self)
        present: _Present | None = memory.get(_PRESENT)
        if present is None:
            before = memory.pop(_BEFORE, None)
            if before is not None:
                known, version = before
                present = _went_on(known, version, self.facts)
            present = memory[_PRESENT] = present or _present(self.facts)
        return present

    def states(self) -> Iterator[tuple[VendorFact, Vendor]]:
        """Each fact in the order in which it happened, with the state after it."""
        return states_of(in_order(self.facts))  # type: ignore[arg-type]

    def code_id(self, ordinal: int) -> str:
        """The public id of one of the vendor's codes."""
        return code_id(self.vendor_code, ordinal)


def states_of(ordered: Iterable[tuple[int, VendorFact]]) -> Iterator[tuple[VendorFact, Vendor]]:
    """Each of the facts that `in_order` gives, with the state after it."""
    vendor = UNKNOWN
    for event, fact in ordered:
        vendor = evolve(vendor, event, fact)
        yield fact, vendor
