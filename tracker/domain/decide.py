"""What may happen to a vendor: each function takes the history and a wish, and gives the facts.

Pure: no clock (`now`, in ms, is given), no randomness (the vault is given), no look at other
vendors (uniqueness within the market is the commit's to hold). No facts means that nothing is
new. A wish that cannot be granted raises `Conflict` or `Invalid` with the code of the contract.
"""

from __future__ import annotations

from typing import NamedTuple, TypeGuard

from tracker.domain.days import day_date, day_of, moment_text
from tracker.domain.errors import Conflict, Invalid, NotFound
from tracker.domain.facts import (
    AccountDetails,
    AccountLinked,
    Attached,
    CodeIssued,
    Owner,
    Payload,
    Person,
    ProfileChanged,
    Registered,
    RemovalReason,
    Removed,
    Vault,
    VendorFact,
)
from tracker.domain.text import search_key
from tracker.domain.vendor import UNKNOWN, Account, Code, History, Sealed, Vendor


class Stated(NamedTuple):
    """When a fact happened, when we learn it (both ms), and who states it."""

    at: int
    now: int
    by: str


CLOCK_SKEW_MS = 120_000
"""How far a client's clock may run ahead of ours before its "now" counts as the future."""


def stated(at: int | None, now: int, by: str, *, days_max: int | None = None) -> Stated:
    """The times of a fact; without its own it happened now.

    `days_max` is how many days ago it may have happened. Raises `Invalid` `IN_FUTURE`,
    `TOO_FAR_BACK`.
    """
    if at is None:
        return Stated(now, now, by)
    if at > now + CLOCK_SKEW_MS:
        raise Invalid(
            f"This happened at {moment_text(at)}, which is in the future. Correct the date.",
            code="IN_FUTURE",
        )
    if days_max is not None and day_of(at) < (earliest := day_of(now) - days_max):
        raise Invalid(
            f"This happened at {moment_text(at)}, further back than you may date a fact. The "
            f"earliest day is {day_date(earliest)}; correct the date, or ask the city's admin to "
            "record it.",
            code="TOO_FAR_BACK",
        )
    return Stated(min(at, now), now, by)


def register(
    history: History,
    vault: Vault,
    when: Stated,
    *,
    stall: str,
    person: Person,
    zone: str | None = None,
    category: str | None = None,
    bin_: str = "",
    ref: str | None = None,
) -> list[VendorFact]:
    """A new vendor at a stall. `history` is empty and carries the vendor's number."""
    return [
        Registered(
            *when,
            stall=stall,
            personal=vault.seal(history.version + 1, person),
            zone=zone,
            category=category,
            bin=bin_,
            ref=ref,
        )
    ]


def update_profile(
    history: History,
    vault: Vault,
    when: Stated,
    *,
    phone: str | None,
    zone: str | None,
    category: str | None,
    name: str | None = None,
) -> list[VendorFact]:
    """What is given and differs; None changes nothing, an empty text clears (not the name)."""
    registered(history, when.at)
    vendor = at_the_time(history, when)
    person = person_of(vendor, vault)
    changed = Person(name or person.name, person.phone if phone is None else phone or None)
    zone = None if zone == (vendor.zone or "") else zone
    category = None if category == (vendor.category or "") else category
    if changed == person and zone is None and category is None:
        return []
    sealed = None if changed == person else vault.seal(history.version + 1, changed)
    return [ProfileChanged(*when, zone=zone, category=category, personal=sealed)]


def link_account(
    history: History,
    vault: Vault,
    when: Stated,
    *,
    bin_: str,
    details: AccountDetails,
    ref: str | None = None,
) -> list[VendorFact]:
    """The vendor's account at a bank; `ref` is the bank's reference of the vendor.

    Raises `Conflict` `ACCOUNT_HAS_LIVE_CODE` where another account number stands behind a live
    code of that bank.
    """
    vendor = registered(history, when.at)
    for state in (vendor, at_the_time(history, when)):
        account = state.accounts.get(bin_)
        if account is not None and details_of(account.details, vault) == details:
            return []
    live = vendor.live_code(bin_)
    if live is not None and _number_behind(history, live.account, vault) != details.number:
        raise Conflict(
            "Another account of this bank stands behind a code that is live. Put the account of "
            "the vendor, which asks a second person to approve it; or revoke the code first, or "
            "keep the account.",
            code="ACCOUNT_HAS_LIVE_CODE",
            vendor=history.vendor_code,
        )
    blob = vault.seal(history.version + 1, details)
    whose = owner(person_of(vendor, vault), details)
    return [AccountLinked(*when, bin=bin_, owner=whose, personal=blob, ref=ref)]


def owner(person: Person, details: AccountDetails) -> Owner:
    """`own` where the holder is the vendor by folded name, else `family`."""
    if person.name == details.holder:
        return "own"
    return "own" if search_key(person.name) == search_key(details.holder) else "family"


def issue_code(
    history: History,
    vault: Vault,
    when: Stated,
    *,
    bin_: str,
    ref: str | None = None,
    supplied: str | None = None,
) -> list[VendorFact]:
    """A payment code over the vendor's account at a bank, composed or `supplied` by the bank.

    Nothing is new where the bank's live code already pays that account: that would be a re-print
    of the same version. Otherwise the new version supersedes the live code.
    """
    vendor = registered(history, when.at)
    account = vendor.accounts.get(bin_)
    if account is None:
        raise Conflict(
            f"The vendor has no account at {bin_}. Link the account first.",
            code="NO_ACCOUNT_AT_BANK",
            vendor=history.vendor_code,
        )
    wanted = (details_of(account.details, vault).number, supplied)
    live, then = vendor.live_code(bin_), at_the_time(history, when).live_code(bin_)
    if then is not None and then.ref != ref:
        then = None  # another reference asks for another code
    issued = {fact.code: (n, fact) for n, fact in enumerate(history.facts, 1) if _issues(fact)}
    paid = {n: _payload_key(history, event, fact, vault) for n, (event, fact) in issued.items()}
    for code in (live, then):
        if code is not None and paid[code.ordinal] == wanted:
            return []
    versions = {paid[n]: fact.version for n, (_, fact) in issued.items() if fact.bin == bin_}
    event = history.version + 1
    return [
        CodeIssued(
            *when,
            code=max(issued, default=0) + 1,
            bin=bin_,
            account=account.details.event,
            version=versions.get(wanted) or max(versions.values(), default=0) + 1,
            personal=None if supplied is None else vault.seal(event, Payload(supplied)),
            ref=ref,
        )
    ]


def _issues(fact: VendorFact) -> TypeGuard[CodeIssued]:
    return isinstance(fact, CodeIssued)


def _payload_key(
    history: History, event: int, fact: CodeIssued, vault: Vault
) -> tuple[str, str | None]:
    """What makes a payload distinct: the account paid, and the bank's own text where it has one."""
    text = None if fact.personal is None else vault.open(event, fact.personal, Payload).text
    return _number_behind(history, fact.account, vault), text


def attach(
    history: History,
    when: Stated,
    *,
    code: int,
    evidence: str,
    ref: str | None = None,
    scan: str | None = None,
) -> list[VendorFact]:
    """The sticker of a code hangs since `when.at`; nothing is new where it hangs already."""
    vendor = registered(history, when.at)
    known = code_of(vendor, code)
    if not known.live:
        raise Conflict(
            f"The code is {known.ended}; attach the code that is live.",
            code="CODE_NOT_LIVE",
            vendor=history.vendor_code,
        )
    if when.at < known.issued_at:
        raise Invalid(
            f"The code was issued at {moment_text(known.issued_at)}; its sticker cannot hang "
            "before that. Correct the date.",
            code="BEFORE_ISSUE",
        )
    then = at_the_time(history, when).codes.get(code)
    if known.attached_at is not None or (then is not None and then.attached_at is not None):
        return []
    return [Attached(*when, code=code, evidence=evidence, ref=ref, scan=scan)]


def remove(
    history: History,
    when: Stated,
    *,
    code: int,
    reason: RemovalReason,
    ref: str | None = None,
) -> list[VendorFact]:
    """The sticker of a code does not hang any more since `when.at`."""
    vendor = registered(history, when.at)
    known = code_of(vendor, code)
    if known.attached_at is None:
        last = _last_removal(history, code)
        if last is not None and last.reason == reason:
            return []
        raise Conflict(
            "No sticker of this code hangs at the stall, so none can be removed.",
            code="NOT_ATTACHED",
            vendor=history.vendor_code,
        )
    if when.at < known.attached_at:
        raise Invalid(
            f"The sticker hangs since {moment_text(known.attached_at)}; it cannot be removed "
            "before that. Correct the date.",
            code="BEFORE_ATTACHMENT",
        )
    return [Removed(*when, code=code, reason=reason, ref=ref)]


def registered(history: History, at: int) -> Vendor:
    """The vendor's present state, to which something happened at `at`.

    Raises `Conflict` `VENDOR_LEFT`, `Invalid` `BEFORE_REGISTRATION`, `NotFound` where the vendor
    was never registered (or the registration was voided).
    """
    vendor = history.replay()
    if vendor.stall is None:
        raise NotFound("There is no such vendor.")
    if not vendor.on_roster:
        raise Conflict(
            "The vendor has left the market. Put the vendor back on the roster first.",
            code="VENDOR_LEFT",
            vendor=history.vendor_code,
        )
    return _since_registration(vendor, at)


def on_record(history: History, at: int) -> Vendor:
    """As `registered`, but of a vendor who may have left."""
    vendor = history.replay()
    if vendor.stall is None:
        raise NotFound("There is no such vendor.")
    return _since_registration(vendor, at)


def _since_registration(vendor: Vendor, at: int) -> Vendor:
    if at < vendor.registered_at:
        raise Invalid(
            f"The vendor was registered at {moment_text(vendor.registered_at)}; nothing can "
            "happen to them before that. Correct the date.",
            code="BEFORE_REGISTRATION",
        )
    return vendor


def at_the_time(history: History, when: Stated) -> Vendor:
    """The state at the moment of a wish, which may lie before facts that are known already."""
    return history.replay(before=when.at + 1)


def code_of(vendor: Vendor, ordinal: int) -> Code:
    """One of the vendor's codes; raises `NotFound`."""
    code = vendor.codes.get(ordinal)
    if code is None:
        raise NotFound("There is no such code.")
    return code


def person_of(vendor: Vendor, vault: Vault) -> Person:
    """Name and phone in clear."""
    if vendor.person is None:
        raise NotFound("There is no such vendor.")
    return vault.open(vendor.person.event, vendor.person.blob, Person)


def details_of(sealed: Sealed, vault: Vault) -> AccountDetails:
    """Account number and holder in clear."""
    return vault.open(sealed.event, sealed.blob, AccountDetails)


def account_behind(history: History, code: Code) -> Account:
    """The account as it was linked when the code was issued."""
    fact = history.facts[code.account - 1]
    if not isinstance(fact, AccountLinked):
        raise NotFound("The account of this code was taken back.")
    return Account(fact.bin, fact.owner, Sealed(code.account, fact.personal), fact.at)


def _number_behind(history: History, event: int, vault: Vault) -> str:
    fact = history.facts[event - 1]
    if not isinstance(fact, AccountLinked):
        raise NotFound("The account of this code was taken back.")
    return details_of(Sealed(event, fact.personal), vault).number


def _last_removal(history: History, code: int) -> Removed | None:
    """The removal of the code that ended its hanging last, if a removal was what ended it."""
    last = None
    vendor = UNKNOWN
    for fact, after in history.states():
        was, is_ = vendor.codes.get(code), after.codes.get(code)
        hung = was is not None and was.attached_at is not None
        if hung and (is_ is None or is_.attached_at is None):
            last = fact if isinstance(fact, Removed) else None
        vendor = after
    return last
