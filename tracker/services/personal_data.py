"""Everything held about one trader, in clear, for the trader who asks for it.

That it was read is a fact in the vendor's ledger, and is written before anything leaves: without
the commit there is no answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.masking import mask_account
from tracker.access.roles import Permission, hidden, require
from tracker.access.vault import VendorVault
from tracker.domain import decide, decide_erasure, decide_void
from tracker.domain.bitmaps import holds
from tracker.domain.codes import event_id, parse_vendor_code
from tracker.domain.days import day_date, moment_text
from tracker.domain.errors import Invalid
from tracker.domain.facts import (
    AccountAsked,
    AccountLinked,
    Fact,
    Person,
    ProfileChanged,
    Registered,
)
from tracker.domain.vendor import History, IncidentState, Sealed
from tracker.services.codes import full
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.services.events import FactOut, find_any, of_history
from tracker.services.shapes import CodeOut
from tracker.store.activity import decode_day
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space


class Statement(Struct, frozen=True, kw_only=True):
    """When somebody stated something, and who: a key's or person's id, or `<job>.<row>`."""

    event: str
    occurred_at: str
    recorded_at: str
    by: str
    voided_by: str | None


class NameStated(Statement, frozen=True, kw_only=True):
    """A name and phone, as they were given."""

    name: str
    phone: str | None


class AccountStated(Statement, frozen=True, kw_only=True):
    """An account, as it was given; `asked` where it waits, or waited, for an approval."""

    bin: str
    number: str
    holder: str
    asked: bool


class IncidentHeld(Struct, frozen=True, kw_only=True):
    """A stranger's code at the trader's stall; the account is somebody else's and masked."""

    id: str
    bin: str
    account: str
    state: IncidentState
    opened_at: str
    reason: str | None


class PaidThrough(Struct, frozen=True, kw_only=True):
    """The days on which a bank reported that the trader was paid; how much is not known."""

    bin: str
    days: list[str]


class PersonalDataOut(Struct, frozen=True, kw_only=True):
    """Everything held about a trader. `access` is the event that says that this was read."""

    vendor: str
    market: str
    stall: str | None
    zone: str | None
    category: str | None
    status: str
    access: str
    given_at: str
    names: list[NameStated]
    accounts: list[AccountStated]
    codes: list[CodeOut]
    incidents: list[IncidentHeld]
    paid: list[PaidThrough]
    events: list[FactOut]
    version: int


async def export(tracker: Tracker, principal: Principal, vendor: str) -> PersonalDataOut:
    """Everything held about the vendor, and the fact that the principal read it.

    Those of a vendor whose registration was voided too. Raises `NotFound`, with the code `ERASED`
    where nothing is held any more.
    """
    try:
        prefix, number = parse_vendor_code(vendor)
    except Invalid as wrong:
        raise hidden() from wrong
    for _ in range(ATTEMPTS_MAX):
        market, history = await find_any(tracker, principal, prefix, number)
        require(principal, Permission.PERSONAL_READ, market)
        when = decide.stated(None, tracker.now(), principal.id)
        facts = decide_erasure.read(history, when)
        after = history.then(*facts)
        shown = await _everything(tracker, principal, market, after)
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if isinstance(await tracker.commit(commit), Done):
            return shown
    raise busy()


async def _everything(
    tracker: Tracker, principal: Principal, market: str, history: History
) -> PersonalDataOut:
    vault = await tracker.vault(market, history)
    vendor = history.replay()
    return PersonalDataOut(
        vendor=history.vendor_code,
        market=market,
        stall=vendor.stall,
        zone=vendor.zone,
        category=vendor.category,
        status=vendor.status,
        access=event_id(history.vendor_code, history.version),
        given_at=moment_text(history.facts[-1].recorded),
        names=list(_names(history, vault)),
        accounts=list(_accounts(history, vault)),
        codes=[full(market, history, code, vault) for code in vendor.codes.values()],
        incidents=[
            IncidentHeld(
                id=event_id(history.vendor_code, event),
                bin=incident.bin,
                account=mask_account(decide.details_of(incident.seen, vault).number),
                state=incident.state,
                opened_at=moment_text(incident.opened_at),
                reason=incident.reason,
            )
            for event, incident in vendor.incidents.items()
        ],
        paid=await _paid(tracker, market, history.number),
        events=of_history(history, principal),
        version=history.version,
    )


def _stated(history: History, event: int, fact: Fact) -> dict[str, str | None]:
    voided = decide_void.voids(history.facts).get(event)
    return {
        "event": event_id(history.vendor_code, event),
        "occurred_at": moment_text(fact.at),
        "recorded_at": moment_text(fact.recorded),
        "by": fact.by,
        "voided_by": None if voided is None else event_id(history.vendor_code, voided),
    }


def _names(history: History, vault: VendorVault) -> Iterator[NameStated]:
    for event, fact in enumerate(history.facts, 1):
        if isinstance(fact, Registered | ProfileChanged) and fact.personal is not None:
            person = vault.open(event, fact.personal, Person)
            said = _stated(history, event, fact)
            yield NameStated(name=person.name, phone=person.phone, **said)  # type: ignore[arg-type]


def _accounts(history: History, vault: VendorVault) -> Iterator[AccountStated]:
    for event, fact in enumerate(history.facts, 1):
        if isinstance(fact, AccountLinked | AccountAsked):
            details = decide.details_of(Sealed(event, fact.personal), vault)
            yield AccountStated(
                bin=fact.bin,
                number=details.number,
                holder=details.holder,
                asked=isinstance(fact, AccountAsked),
                **_stated(history, event, fact),  # type: ignore[arg-type]
            )


async def _paid(tracker: Tracker, market: str, number: int) -> list[PaidThrough]:
    _, _, days = await tracker.activity.days(market)
    found = sorted(
        (bin_, day)
        for day, raw in days.items()
        for bin_, bank in decode_day(raw).items()
        if bank.paid is not None and holds(bank.paid, number)
    )
    return [
        PaidThrough(bin=bin_, days=[day_date(day).isoformat() for _, day in some])
        for bin_, some in groupby(found, key=lambda one: one[0])
    ]
