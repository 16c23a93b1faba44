"""Register vendors, link accounts, read vendors: the daily work of a bank and a manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.access.vault import VendorVault
from tracker.domain import decide
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_of
from tracker.domain.decide import Stated
from tracker.domain.decide_approvals import ask_account
from tracker.domain.errors import Conflict, Invalid, NotFound
from tracker.domain.facts import AccountDetails, Person, VendorFact, ZoneAdded
from tracker.domain.market import Market, require_open
from tracker.domain.text import search_key
from tracker.domain.vendor import History
from tracker.domain.views import ref_name, stall_name
from tracker.services import room
from tracker.services.approval_shapes import Pending, asker, pending
from tracker.services.context import ATTEMPTS_MAX, Answered, Once, Tracker, busy
from tracker.services.shapes import VendorOut, vendor_out
from tracker.services.vendor_reading import find
from tracker.store.commit import MARKET, Commit, Done, Stale
from tracker.store.keys import Space
from tracker.vietqr import banks


class NewAccount(Struct, frozen=True):
    """An account as a partner states it; without a holder it is the vendor's own."""

    bin: str
    number: str
    holder: str | None = None


class NewVendor(Struct, frozen=True):
    """A registration, normalised: stall upper case, name NFC, phone `0…`."""

    stall: str
    name: str
    zone: str | None = None
    category: str | None = None
    phone: str | None = None
    partner_ref: str | None = None
    account: NewAccount | None = None
    issue_code: bool = False


class Written(NamedTuple):
    """A vendor after a write; `created` tells a new one from one that was there."""

    vendor: VendorOut
    created: bool


async def register(
    tracker: Tracker, principal: Principal, market: str, new: NewVendor, once: Once | None = None
) -> Written:
    """Registers a vendor; the same vendor again is a match: account and code are added to it.

    Raises `Conflict` `STALL_TAKEN` (with the vendor code on the sticker there, nothing else)
    where another name trades at the stall, `PARTNER_REF_TAKEN` where the reference belongs to
    another stall, `MARKET_CLOSED` where the market is no more.
    """
    check(principal, new)
    known = tracker.known_markets.get(market)
    if known is not None and known.open_on(day_of(tracker.now())):
        # Most stalls are free: the commit finds that out, and reads first only where it is not so.
        try:
            written = await _newcomer(tracker, principal, known, new, once, read=False)
        except Conflict:
            written = None  # who refuses reads first
        if written is not None:
            return written
    for _ in range(ATTEMPTS_MAX):
        place, history = await _occupant(tracker, principal, market, new)
        require_open(place, tracker.now())
        if history is None:
            written = await _newcomer(tracker, principal, place, new, once, read=True)
        else:
            written = await _match(tracker, principal, market, history, new, once)
        if written is not None:
            return written
    raise busy()


async def _newcomer(
    tracker: Tracker,
    principal: Principal,
    place: Market,
    new: NewVendor,
    once: Once | None,
    *,
    read: bool,
) -> Written | None:
    """Registers at a stall that should be free; None where something was written first.

    Without `read` the market is one that was remembered: nothing is written where it changed.
    """
    market, space = place.id, Space(place.id)
    await tracker.known_groups.require(market, new.zone, new.category)
    commit = Commit(space)
    when = decide.stated(None, tracker.now(), principal.id)
    if not read:
        commit.expect(MARKET, place.version)
    number = await tracker.numbers.take(market, place.prefix)
    history = History(place.prefix, number)
    vault = tracker.new_vault(commit, space.data_keys, history)
    add_zone(commit, place, new.zone, when)
    facts = registration(principal, history, vault, when, new)
    after = history.then(*facts)
    written = Written(vendor_out(market, after, after.replay(), vault, principal), created=True)
    commit.vendor(history, facts)
    if once is not None:
        commit.answer(once.key, once.seal(written))
    try:
        outcome = await tracker.commit(commit)
    except Answered:
        tracker.numbers.give_back(market, number)
        raise
    if outcome == Stale(MARKET) or new.zone not in {None, *place.zones}:
        tracker.known_markets.forget(market)
    if isinstance(outcome, Done):
        return written
    tracker.numbers.give_back(market, number)
    return None


async def _match(
    tracker: Tracker,
    principal: Principal,
    market: str,
    history: History,
    new: NewVendor,
    once: Once | None,
) -> Written | None:
    """Adds to the vendor at the stall what it lacks; None where another writer was faster."""
    vault = await tracker.vault(market, history)
    when = decide.stated(None, tracker.now(), principal.id)
    facts = registration(principal, history, vault, when, new)
    after = history.then(*facts)
    written = Written(vendor_out(market, after, after.replay(), vault, principal), created=False)
    commit = Commit(Space(market))
    if facts:
        commit.vendor(history, facts)
    if once is not None:
        commit.answer(once.key, once.seal(written))
    if not facts and once is None:
        return written
    return written if isinstance(await tracker.commit(commit), Done) else None


def registration(
    principal: Principal, history: History, vault: VendorVault, when: Stated, new: NewVendor
) -> list[VendorFact]:
    """What a registration adds to its vendor, whose history is empty where the stall was free."""
    facts: list[VendorFact] = []
    created = not history.facts
    if created:
        facts += decide.register(
            history,
            vault,
            when,
            stall=new.stall,
            person=Person(new.name, new.phone),
            zone=new.zone,
            category=new.category,
            bin_=partner_bin(principal, new),
            ref=new.partner_ref,
        )
    if new.account is not None:
        facts += decide.link_account(
            history.then(*facts),
            vault,
            when,
            bin_=new.account.bin,
            details=_details(history, vault, new.account, new.name),
            ref=new.partner_ref if not created and principal.role == "bank" else None,
        )
        if new.issue_code:
            facts += decide.issue_code(history.then(*facts), vault, when, bin_=new.account.bin)
    return facts


def _details(history: History, vault: VendorVault, new: NewAccount, name: str) -> AccountDetails:
    """The account as stated; without a holder it is the vendor's, however the name is written."""
    if new.holder is None:
        known = history.replay().accounts.get(new.bin)
        if known is not None:
            details = decide.details_of(known.details, vault)
            same = search_key(details.holder) == search_key(name)
            if same and details.number == new.number:
                return details
    return AccountDetails(new.number, new.holder or name)


def check(principal: Principal, new: NewVendor) -> None:
    """Passes a registration that hangs together and names a bank within the principal's scope."""
    if new.issue_code and new.account is None:
        raise Invalid(
            "A code needs an account: give `account`, or leave out `issue_code`.",
            code="ACCOUNT_MISSING",
        )
    if new.account is not None:
        require_bin(principal, new.account.bin)


def require_bin(principal: Principal, bin_: str) -> None:
    """A bank the service knows, within the principal's scope; else `BIN_UNKNOWN` or 404."""
    if not principal.may_bin(bin_):
        raise hidden()
    if banks.find(bin_) is None:
        raise Invalid(
            "No bank has this BIN. GET /v1/banks lists those that are known.", code="BIN_UNKNOWN"
        )


def partner_bin(principal: Principal, new: NewVendor) -> str:
    """Whose reference this is: a bank's by the account's BIN or its first, all others' ''."""
    if principal.role != "bank":
        return ""
    return new.account.bin if new.account is not None else min(principal.bins, default="")


async def _occupant(
    tracker: Tracker, principal: Principal, market: str, new: NewVendor
) -> tuple[Market, History | None]:
    """The market, and the vendor that this registration is about: None where the stall is free."""
    names = [stall_name(new.stall)]
    if new.partner_ref is not None:
        names.append(ref_name("v", partner_bin(principal, new), new.partner_ref))
    place, holders = await tracker.reader.market_and_holders(market, names)
    if place is None:
        raise NotFound("There is no such market.")
    tracker.known_markets.keep(place)
    by_stall, by_ref = holders[0], holders[1] if len(holders) > 1 else None
    if by_ref is not None and by_ref != by_stall:
        raise reference_taken(vendor_code(place.prefix, int(by_ref)))
    if by_stall is None:
        return place, None
    history = await tracker.reader.history(place.id, place.prefix, int(by_stall))
    same_vendor(history, await tracker.vault(place.id, history), new)
    return place, history


def same_vendor(history: History, vault: VendorVault, new: NewVendor) -> None:
    """Passes where the vendor at the stall has the folded name that is registered there."""
    person = decide.person_of(history.replay(), vault)
    if search_key(person.name) != search_key(new.name):
        raise Conflict(
            "Another vendor trades at this stall; the code on the sticker there is in `vendor`. "
            "Correct the stall, or ask the market's office.",
            code="STALL_TAKEN",
            vendor=history.vendor_code,
        )


def reference_taken(holder: str) -> Conflict:
    """The refusal of a reference that the vendor `holder` (its code) has, at another stall."""
    return Conflict(
        "This partner_ref belongs to a vendor at another stall. Send a reference of its own "
        "for each vendor.",
        code="PARTNER_REF_TAKEN",
        vendor=holder,
    )


def add_zone(commit: Commit, place: Market, zone: str | None, when: Stated) -> Market:
    """A zone that the market's list does not have joins it in the same commit."""
    if zone is None or zone in place.zones:
        return place
    commit.append(MARKET, place.version, [ZoneAdded(*when, zone=zone)])
    return place


async def link_account(
    tracker: Tracker,
    principal: Principal,
    vendor: str,
    new: NewAccount,
    check: Callable[[int], None] = lambda _: None,
) -> Written | Pending:
    """The vendor's account at a bank, new or replaced; `created` where there was none.

    `check` is given the vendor's version where an account is replaced, and raises where the caller
    decided on another. Where a live code pays another account number nothing changes: the wish
    waits for a second person, and sent again it waits under the same approval.
    """
    require_bin(principal, new.bin)
    for _ in range(ATTEMPTS_MAX):
        market, history = await find(tracker, principal, vendor)
        vault = await tracker.vault(market, history)
        when = decide.stated(None, tracker.now(), principal.id)
        known = history.replay()
        holder = new.holder or decide.person_of(known, vault).name
        details = AccountDetails(new.number, holder)
        try:
            facts = decide.link_account(history, vault, when, bin_=new.bin, details=details)
        except Conflict as refused:
            if refused.code != "ACCOUNT_HAS_LIVE_CODE":
                raise
            waits = await _ask(tracker, principal, market, history, vault, new.bin, details, check)
            if waits is not None:
                return waits
            continue
        after = history.then(*facts)
        written = Written(
            vendor_out(market, after, after.replay(), vault, principal),
            new.bin not in known.accounts,
        )
        if not facts:
            return written
        if not written.created:
            check(history.version)
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if isinstance(await tracker.commit(commit), Done):
            return written
    raise busy()


async def _ask(
    tracker: Tracker,
    principal: Principal,
    market: str,
    history: History,
    vault: VendorVault,
    bin_: str,
    details: AccountDetails,
    check: Callable[[int], None],
) -> Pending | None:
    """The approval under which another account behind a live code waits; None after a lost race."""
    when, who = decide.stated(None, tracker.now(), principal.id), asker(principal)
    asked = ask_account(history, vault, when, who, bin_=bin_, details=details)
    if isinstance(asked, int):
        return pending(tracker, principal, market, history, asked, vault)
    check(history.version)
    await room.for_approval(tracker, market)
    commit = Commit(Space(market))
    commit.vendor(history, [asked])
    if not isinstance(await tracker.commit(commit), Done):
        return None
    after = history.then(asked)
    return pending(tracker, principal, market, after, after.version, vault)
