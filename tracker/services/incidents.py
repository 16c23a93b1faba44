"""Incidents: strangers' codes at stalls, clusters of one account, and who handles them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.masking import mask_account
from tracker.access.roles import hidden
from tracker.access.vault import VendorVault
from tracker.domain import decide
from tracker.domain.codes import event_id, parse_vendor_code
from tracker.domain.days import moment_text
from tracker.domain.decide_codes import handle_incident
from tracker.domain.errors import Invalid
from tracker.domain.vendor import History, IncidentState
from tracker.services import account_index
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.vendors import find
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space
from tracker.store.reads import numbers_in


class IncidentOut(Struct, frozen=True, kw_only=True):
    """A stranger's code at a stall. `cluster`: the stalls where the same account hangs now."""

    id: str
    market: str
    vendor: str
    stall: str
    state: IncidentState
    bin: str
    account: str
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
    """Incidents in the principal's markets, oldest first.

    A bank gets those of its BINs that are clusters (one account at two stalls or more), with the
    account number, for it is the bank that can stop it.
    """
    ids = await tracker.reader.markets()
    if market is not None and (market not in ids or not principal.may_market(market)):
        raise hidden()
    found = []
    for place in [market] if market is not None else ids:
        if principal.may_market(place):
            found += await _of_market(tracker, principal, place, ids[place])
    wanted = [one for one in found if state is None or one.state == state]
    return sorted(wanted, key=lambda one: (one.opened_at, one.id))


async def _of_market(
    tracker: Tracker, principal: Principal, market: str, prefix: str
) -> list[IncidentOut]:
    bits = (await tracker.reader.stage_bits(market))["incident"]
    numbers = list(numbers_in(bits))
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


async def _shown(
    tracker: Tracker,
    principal: Principal,
    market: str,
    history: History,
    vault: VendorVault,
    event: int,
) -> IncidentOut | None:
    vendor = history.replay()
    incident = vendor.incidents[event]
    number = decide.details_of(incident.seen, vault).number
    others = await account_index.holders(tracker, account_index.INCIDENT, incident.bin, number)
    stalls = sorted(f"{where}/{other.replay().stall}" for where, other, _ in others)
    bank = principal.role == "bank"
    if bank and (not principal.may_bin(incident.bin) or len(stalls) < 2):
        return None
    return IncidentOut(
        id=event_id(history.vendor_code, event),
        market=market,
        vendor=history.vendor_code,
        stall=vendor.stall or "",
        state=incident.state,
        bin=incident.bin,
        account=number if bank else mask_account(number),
        cluster=stalls if len(stalls) > 1 else [],
        opened_at=moment_text(incident.opened_at),
        reason=incident.reason,
        handled_by=incident.handled_by,
        handled_at=None if incident.handled_at is None else moment_text(incident.handled_at),
    )


async def handle(
    tracker: Tracker,
    principal: Principal,
    incident: str,
    *,
    state: Literal["confirmed", "dismissed", "resolved"],
    reason: str,
    once: Once | None = None,
) -> IncidentOut:
    """Confirms, dismisses or resolves an incident. Raises `Conflict` `INCIDENT_CLOSED`."""
    for _ in range(ATTEMPTS_MAX):
        market, history, event = await _find(tracker, principal, incident)
        vault = await tracker.vault(market, history)
        when = decide.stated(None, tracker.now(), principal.id)
        facts = handle_incident(history, when, incident=event, state=state, reason=reason)
        after = history.then(*facts)
        shown = await _shown(tracker, principal, market, after, vault, event)
        if shown is None:
            raise hidden()
        if not facts and once is None:
            return shown
        commit = Commit(Space(market))
        if facts:
            commit.vendor(history, facts)
        if once is not None:
            commit.answer(once.key, once.seal(shown))
        if isinstance(await tracker.commit(commit), Done):
            return shown
    raise busy()


async def _find(tracker: Tracker, principal: Principal, incident: str) -> tuple[str, History, int]:
    vendor, _, ordinal = incident.rpartition(".e")
    try:
        parse_vendor_code(vendor)
    except Invalid as wrong:
        raise hidden() from wrong
    market, history = await find(tracker, principal, vendor)
    if not ordinal.isdecimal() or int(ordinal) not in history.replay().incidents:
        raise hidden()
    return market, history, int(ordinal)
