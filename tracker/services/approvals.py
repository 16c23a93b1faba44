"""Four eyes: what waits for a second person, as those may see it who asked or may decide."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from itertools import islice

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.access.vault import VendorVault
from tracker.domain.approvals import VALID_MS, Approval, State, approvals, same_side
from tracker.domain.codes import parse_subject_event
from tracker.domain.errors import NotFound
from tracker.services.approval_shapes import ApprovalOut, Subject, asker, shown
from tracker.services.context import Tracker
from tracker.store.commit import MARKET

STEP = 200
"""Approvals read in one go."""


async def find(tracker: Tracker, principal: Principal, approval: str) -> tuple[Subject, Approval]:
    """An approval that the principal may see, and whose facts it is among; else `NotFound`."""
    try:
        prefix, number, event = parse_subject_event(approval)
        market = await tracker.market_id(prefix)
    except NotFound as wrong:
        raise hidden() from wrong
    if not principal.may_market(market):
        raise hidden()
    subject = (await _subjects(tracker, market, prefix, [str(number or MARKET)]))[0]
    found = approvals(subject.facts).get(event)
    if found is None or not _sees(principal, found):
        raise hidden()
    return subject, found


def _sees(principal: Principal, approval: Approval) -> bool:
    return principal.role != "bank" or same_side(approval.asked, asker(principal))


async def _subjects(
    tracker: Tracker, market: str, prefix: str, names: Sequence[str]
) -> list[Subject]:
    numbers = [int(name) for name in names if name != MARKET]
    histories = await tracker.reader.histories(market, prefix, numbers)
    known = {str(h.number): Subject(market, h.vendor_code, h.facts, h) for h in histories}
    if MARKET in names:
        known[MARKET] = Subject(market, prefix, await tracker.reader.market_facts(market))
    return [known[name] for name in names]


async def get(tracker: Tracker, principal: Principal, approval: str) -> ApprovalOut:
    """One approval; a bank sees those that it asked for."""
    subject, found = await find(tracker, principal, approval)
    return shown(tracker, principal, subject, found, await vault_of(tracker, subject))


async def vault_of(tracker: Tracker, subject: Subject) -> VendorVault | None:
    """The vault of the vendor; None for a market, and where the data were erased."""
    return (await _vaults(tracker, subject.market, [subject]))[0]


async def _vaults(
    tracker: Tracker, market: str, subjects: Sequence[Subject]
) -> list[VendorVault | None]:
    numbers = [subject.history.number for subject in subjects if subject.history is not None]
    wrapped = dict(zip(numbers, await tracker.reader.data_keys(market, numbers), strict=True))
    vaults: list[VendorVault | None] = []
    for subject in subjects:
        key = None if subject.history is None else wrapped[subject.history.number]
        opened = None if key is None else tracker.keyring.unwrap(key)
        vaults.append(None if opened is None else VendorVault(subject.name, opened))
    return vaults


async def listed(
    tracker: Tracker,
    principal: Principal,
    *,
    market: str | None,
    state: State | None,
    after: str | None,
    limit: int,
) -> tuple[list[ApprovalOut], str | None]:
    """Approvals in the principal's markets, oldest first, after a place; and the last's place."""
    prefixes = await tracker.reader.markets()
    if market is not None and (market not in prefixes or not principal.may_market(market)):
        raise hidden()
    ids = [m for m in prefixes if principal.may_market(m) and market in (None, m)]
    since = tracker.now() - VALID_MS if state == "waiting" else 0
    rows = (
        (f"{at:015d} {place} {subject}.{ordinal:09d}", place, subject, ordinal)
        for at, place, subject, ordinal in await tracker.reader.asked(ids)
        if at >= since
    )
    rest = iter(row for row in rows if after is None or row[0] > after)
    found: list[ApprovalOut] = []
    last = ""
    while some := list(islice(rest, STEP)):
        async for place, out in _some(tracker, principal, prefixes, some):
            if state is None or out.state == state:
                if len(found) == limit:
                    return found, last
                found.append(out)
                last = place
    return found, None


async def _some(
    tracker: Tracker,
    principal: Principal,
    prefixes: dict[str, str],
    rows: Sequence[tuple[str, str, str, int]],
) -> AsyncIterator[tuple[str, ApprovalOut]]:
    """The approvals of these rows that the principal may see, in their order."""
    known: dict[tuple[str, str], tuple[Subject, VendorVault | None]] = {}
    for market in dict.fromkeys(row[1] for row in rows):
        names = list(dict.fromkeys(row[2] for row in rows if row[1] == market))
        subjects = await _subjects(tracker, market, prefixes[market], names)
        for name, subject, vault in zip(
            names, subjects, await _vaults(tracker, market, subjects), strict=True
        ):
            known[market, name] = subject, vault
    for place, market, name, ordinal in rows:
        subject, vault = known[market, name]
        approval = approvals(subject.facts).get(ordinal)
        if approval is not None and _sees(principal, approval):
            yield place, shown(tracker, principal, subject, approval, vault)
