"""Keeps the account index complete, and asks it who else holds an account.

It knows the banks' references of vendors too: `tracker.services.findings` asks for those.
"""

from __future__ import annotations

from tracker.access.vault import VendorVault
from tracker.domain import decide
from tracker.domain.facts import AccountLinked, IncidentOpened
from tracker.domain.findings import Ref, refs_of
from tracker.domain.vendor import History, Sealed
from tracker.services.context import Tracker

BATCH = 500
"""Vendors indexed in one go."""

ACCOUNT = "account"
INCIDENT = "incident"
REF = "ref"
"""The questions: whose account is this, at which stalls was it seen instead, whose reference."""


def lookup(tracker: Tracker, kind: str, bin_: str, number: str) -> str:
    """The keyed hash under which an account is found."""
    return tracker.keyring.lookup(kind, bin_, number).hex()


def ref_lookup(tracker: Tracker, ref: Ref) -> str:
    """The keyed hash under which a bank's reference is found: it may say more than it should."""
    return tracker.keyring.lookup(REF, *ref).hex()


def holder(market: str, number: int) -> str:
    """A vendor as the index names it."""
    return f"{market}:{number}"


def held_by(named: str) -> tuple[str, int]:
    """Market and number of a vendor that the index names."""
    market, _, number = named.rpartition(":")
    return market, int(number)


async def complete_all(tracker: Tracker) -> None:
    """Indexes whoever waits for it, in any market."""
    for market in await tracker.accounts.waiting(list(await tracker.reader.markets())):
        await complete(tracker, market)


async def complete(tracker: Tracker, market: str) -> None:
    """Indexes the market's vendors that wait for it."""
    waiting = await tracker.accounts.unindexed(market)
    if not waiting:
        return
    place = await tracker.market(market)
    numbers = sorted(waiting)
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        histories = await tracker.reader.histories(market, place.prefix, some)
        keys = await tracker.reader.data_keys(market, some)
        held: dict[str, list[str]] = {}
        for history, wrapped in zip(histories, keys, strict=True):
            if wrapped is None:
                continue  # erased: nothing to find any more
            vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(wrapped))
            for found in _lookups(tracker, market, history, vault):
                held.setdefault(found[0], []).append(found[1])
        await tracker.accounts.add(held)
        await tracker.accounts.indexed(market, {number: waiting[number] for number in some})


def _lookups(
    tracker: Tracker, market: str, history: History, vault: VendorVault
) -> list[tuple[str, str]]:
    vendor = history.replay()
    named = holder(market, history.number)
    found = [(ref_lookup(tracker, ref), named) for ref in refs_of(history)]
    for account in vendor.accounts.values():
        number = decide.details_of(account.details, vault).number
        found.append((lookup(tracker, ACCOUNT, account.bin, number), named))
    for incident in vendor.incidents.values():
        number = decide.details_of(incident.seen, vault).number
        found.append((lookup(tracker, INCIDENT, incident.bin, number), named))
    return found


def lookups_ever(tracker: Tracker, history: History, vault: VendorVault) -> list[str]:
    """Every look-up under which the vendor may be named, by voided facts too."""
    found = {ref_lookup(tracker, ref) for ref in refs_of(history, ever=True)}
    for event, fact in enumerate(history.facts, 1):
        if isinstance(fact, AccountLinked | IncidentOpened):
            kind = ACCOUNT if isinstance(fact, AccountLinked) else INCIDENT
            number = decide.details_of(Sealed(event, fact.personal), vault).number
            found.add(lookup(tracker, kind, fact.bin, number))
    return sorted(found)


async def holders(
    tracker: Tracker, kind: str, bin_: str, number: str
) -> list[tuple[str, History, VendorVault]]:
    """Market, history and vault of the vendors at whom the account stands now.

    For `ACCOUNT` those with that account on the roster, for `INCIDENT` those with an unresolved
    incident of it.
    """
    found = []
    for named in await tracker.accounts.holders(lookup(tracker, kind, bin_, number)):
        market, its_number = held_by(named)
        place = await tracker.reader.market(market)
        if place is None:
            continue
        history = await tracker.reader.history(market, place.prefix, its_number)
        keys = await tracker.reader.data_keys(market, [its_number])
        if keys[0] is None:
            continue
        vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(keys[0]))
        if stands(history, vault, kind, bin_, number):
            found.append((market, history, vault))
    return found


def stands(history: History, vault: VendorVault, kind: str, bin_: str, number: str) -> bool:
    """Whether the account stands at this vendor now, as `holders` asks."""
    vendor = history.replay()
    if not vendor.on_roster:
        return False
    if kind == ACCOUNT:
        account = vendor.accounts.get(bin_)
        return account is not None and decide.details_of(account.details, vault).number == number
    return any(
        incident.unresolved
        and incident.bin == bin_
        and decide.details_of(incident.seen, vault).number == number
        for incident in vendor.incidents.values()
    )
