"""Incidents: strangers' codes at stalls, clusters of one account, and who handles them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.masking import mask_account
from tracker.access.roles import hidden
from tracker.access.vault import VendorVault
from tracker.domain import decide, rows
from tracker.domain.codes import event_id, parse_event_id
from tracker.domain.days import moment_text
from tracker.domain.decide_codes import handle_incident
from tracker.domain.errors import NotFound
from tracker.domain.vendor import History, IncidentState
from tracker.services import account_index
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.services.vendor_reading import find_number
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space

CLUSTER = 2
"""At so many stalls one account is a cluster."""


class IncidentOut(Struct, frozen=True, kw_only=True):
    """A stranger's code at a stall.

    `stalls`: at how many stalls the same account hangs unresolved now, in the whole city; from
    two on `cluster` names those in the reader's markets, as `<market>/<stall>`.
    """

    id: str
    market: str
    vendor: str
    stall: str
    state: IncidentState
    bin: str
    account: str
    stalls: int
    cluster: list[str]
    opened_at: str
    reason: str | None
    handled_by: str | None
    handled_at: str | None


async def listed(
    tracker: Tracker,
    principal: Principal,
    *,
    market: str | None = None,
    state: IncidentState | None = None,
) -> list[IncidentOut]:
    """Incidents in the principal's markets, in ascending order of `place`: oldest first.

    A bank gets those of its BINs that are clusters (one account at two stalls or more), with the
    account number, for it is the bank that can stop it.
    """
    ids = await tracker.reader.markets()
    if market is not None and (market not in ids or not principal.may_market(market)):
        raise hidden()
    await account_index.complete_all(tracker)
    found = []
    for place_ in [market] if market is not None else ids:
        if principal.may_market(place_):
            found += await _of_market(tracker, principal, place_, ids[place_])
    return sorted((one for one in found if state is None or one.state == state), key=place)


def place(incident: IncidentOut) -> str:
    """Where an incident stands in the list."""
    return f"{incident.opened_at} {incident.id}"


async def get(tracker: Tracker, principal: Principal, incident: str) -> IncidentOut:
    """One incident as the principal may see it; else `NotFound`."""
    market, history, event = await _find(tracker, principal, incident)
    await account_index.complete_all(tracker)
    vault = await tracker.vault(market, history)
    return await _seen_by(tracker, principal, market, history, vault, event)


async def handle(
    tracker: Tracker,
    principal: Principal,
    incident: str,
    *,
    state: Literal["confirmed", "dismissed", "resolved"],
    reason: str,
    check: Callable[[IncidentOut], None],
) -> IncidentOut:
    """Confirms, dismisses or resolves an incident. Raises `Conflict` `INCIDENT_CLOSED`.

    `check` is given the incident as it stands and raises where the caller decided on another.
    """
    await account_index.complete_all(tracker)
    for _ in range(ATTEMPTS_MAX):
        market, history, event = await _find(tracker, principal, incident)
        vault = await tracker.vault(market, history)
        check(await _seen_by(tracker, principal, market, history, vault, event))
        when = decide.stated(None, tracker.now(), principal.id)
        facts = handle_incident(history, when, incident=event, state=state, reason=reason)
        after = history.then(*facts)
        shown = await _seen_by(tracker, principal, market, after, vault, event)
        if not facts:
            return shown
        commit = Commit(Space(market))
        commit.vendor(history, facts)
        if isinstance(await tracker.commit(commit), Done):
            return shown
    raise busy()


async def _find(tracker: Tracker, principal: Principal, incident: str) -> tuple[str, History, int]:
    try:
        prefix, number, event = parse_event_id(incident)
    except NotFound as wrong:
        raise hidden() from wrong
    market, history = await find_number(tracker, principal, prefix, number)
    if event not in history.replay().incidents:
        raise hidden()
    return market, history, event


async def _of_market(
    tracker: Tracker, principal: Principal, market: str, prefix: str
) -> list[IncidentOut]:
    numbers = (await tracker.reader.roster(market)).where(rows.INCIDENT)
    histories = await tracker.reader.histories(market, prefix, numbers)
    keys = await tracker.reader.data_keys(market, numbers)
    found = []
    for history, wrapped in zip(histories, keys, strict=True):
        if wrapped is None:
            continue
        vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(wrapped))
        for event in history.replay().incidents:
            shown = await _shown(tracker, principal, market, history, vault, event)
            if shown is not None:
                found.append(shown)
    return found


async def _seen_by(
    tracker: Tracker,
    principal: Principal,
    market: str,
    history: History,
    vault: VendorVault,
    event: int,
) -> IncidentOut:
    shown = await _shown(tracker, principal, market, history, vault, event)
    if shown is None:
        raise hidden()
    return shown


async def _shown(
    tracker: Tracker,
    principal: Principal,
    market: str,
    history: History,
    vault: VendorVault,
    event: int,
) -> IncidentOut | None:
    """The incident, or None where a bank may not see it; `history` may be ahead of the store."""
    vendor = history.replay()
    incident = vendor.incidents[event]
    bank = principal.role == "bank"
    if bank and not principal.may_bin(incident.bin):
        return None
    number = decide.details_of(incident.seen, vault).number
    kind = account_index.INCIDENT
    others = await account_index.holders(tracker, kind, incident.bin, number)
    at = {
        (where, other.replay().stall or "")
        for where, other, _ in others
        if (where, other.number) != (market, history.number)
    }
    if account_index.stands(history, vault, kind, incident.bin, number):
        at.add((market, vendor.stall or ""))
    if bank and len(at) < CLUSTER:
        return None
    named = sorted(f"{where}/{stall}" for where, stall in at if principal.may_market(where))
    return IncidentOut(
        id=event_id(history.vendor_code, event),
        market=market,
        vendor=history.vendor_code,
        stall=vendor.stall or "",
        state=incident.state,
        bin=incident.bin,
        account=number if bank else mask_account(number),
        stalls=len(at),
        cluster=named if len(at) >= CLUSTER else [],
        opened_at=moment_text(incident.opened_at),
        reason=incident.reason,
        handled_by=incident.handled_by,
        handled_at=None if incident.handled_at is None else moment_text(incident.handled_at),
    )
