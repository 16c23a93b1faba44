"""A market's list of doubts: what a manager should look at, and what was decided about it."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import Permission, hidden, require
from tracker.access.vault import Keyring, VendorVault
from tracker.domain import decide, rows
from tracker.domain.codes import parse_vendor_code
from tracker.domain.days import moment_text
from tracker.domain.doubts import (
    Decision,
    Doubt,
    Named,
    State,
    decide_doubt,
    of_names,
    of_vendor,
    standing,
)
from tracker.domain.facts import DoubtDecided, DoubtKind
from tracker.domain.text import search_key
from tracker.domain.vendor import History
from tracker.services.context import ATTEMPTS_MAX, Once, Tracker, busy
from tracker.services.known_doubts import MarketDoubts
from tracker.store.commit import Commit, Done
from tracker.store.keys import Space

NAMES_MAX: Final = 20_000
"""Vendors of a market up to which names are compared; no market of people is larger."""

STEP: Final = 1_000


class DoubtAbout(Struct, frozen=True):
    """A vendor that a doubt is about; one of another market of yours without its stall."""

    vendor: str
    stall: str | None


class MarketDoubtOut(Struct, frozen=True):
    """A doubt: open until somebody decided, and again when what it rests on has changed.

    `bin` is that of the account of a `family_account`. A vendor out of your sight is left out.
    """

    id: str
    kind: DoubtKind
    vendors: list[DoubtAbout]
    bin: str | None
    state: State
    reason: str | None
    decided_by: str | None
    decided_at: str | None


async def listed(
    tracker: Tracker, principal: Principal, market: str, state: State | None = None
) -> list[MarketDoubtOut]:
    """The market's doubts by id; raises `NotFound`."""
    require(principal, Permission.DOUBTS_READ, market)
    known = await _known(tracker, market)
    shown = [
        await _shown(tracker, principal, known, doubt, decision)
        for doubt, decision in known.doubts
        if state is None or (decision.decision if decision else "open") == state
    ]
    return sorted(shown, key=place)


def place(doubt: MarketDoubtOut) -> str:
    """What the list is sorted by."""
    return doubt.id


async def open_in(tracker: Tracker, market: str) -> int | None:
    """How many doubts of the market nobody has decided; None for one too large to look through."""
    if len((await tracker.reader.roster(market)).where(rows.ON_ROSTER)) > NAMES_MAX:
        return None
    return sum(decision is None for _, decision in (await _known(tracker, market)).doubts)


async def decide_one(
    tracker: Tracker,
    principal: Principal,
    market: str,
    id_: str,
    *,
    decision: Decision,
    reason: str,
    once: Once | None = None,
) -> MarketDoubtOut:
    """Decides a doubt; the same decision again changes nothing. Raises `NotFound`."""
    require(principal, Permission.DOUBTS_DECIDE, market)
    for _ in range(ATTEMPTS_MAX):
        known = await _known(tracker, market)
        doubt = next((doubt for doubt, _ in known.doubts if doubt.id == id_), None)
        if doubt is None:
            raise hidden()
        prefix, number = parse_vendor_code(doubt.vendor)
        history = await tracker.reader.history(market, prefix, number)
        when = decide.stated(None, tracker.now(), principal.id)
        facts = decide_doubt(history, when, doubt, decision, reason)
        stands = standing(doubt, history.then(*facts))
        shown = await _shown(tracker, principal, known, doubt, stands)
        commit = Commit(Space(market))
        if facts:
            commit.vendor(history, facts)
        if once is not None:
            commit.answer(once.key, once.seal(shown))
        if not facts and once is None:
            return shown
        if isinstance(await tracker.commit(commit), Done):
            return shown
    raise busy()


async def _known(tracker: Tracker, market: str) -> MarketDoubts:
    prefix = (await tracker.market(market)).prefix
    return await tracker.known_doubts.of(
        market,
        lambda: tracker.reader.position(market),
        lambda: _work_out(tracker, market, prefix),
    )


async def _work_out(tracker: Tracker, market: str, prefix: str) -> MarketDoubts:
    numbers = (await tracker.reader.roster(market)).where(rows.ON_ROSTER)
    known = MarketDoubts([], {})
    people: list[Named] = []
    first: dict[str, History] = {}
    for start in range(0, len(numbers), STEP):
        some = numbers[start : start + STEP]
        histories = await tracker.reader.histories(market, prefix, some)
        keys = await tracker.reader.data_keys(market, some)
        names = len(numbers) <= NAMES_MAX
        people += await to_thread(_read, tracker.keyring, histories, keys, known, names)
        if names:
            first.update((history.vendor_code, history) for history in histories)
    for doubt in await to_thread(lambda: list(of_names(people))):
        known.doubts.append((doubt, standing(doubt, first[doubt.vendor])))
    return known


def _read(
    keyring: Keyring,
    histories: Sequence[History],
    keys: Sequence[bytes | None],
    known: MarketDoubts,
    names: bool,
) -> list[Named]:
    """Takes the vendors' own doubts; their names, of those that were not erased."""
    people = []
    for history, wrapped in zip(histories, keys, strict=True):
        vendor = history.replay()
        known.stalls[history.vendor_code] = vendor.stall or ""
        known.doubts.extend(
            (doubt, standing(doubt, history)) for doubt in of_vendor(history, vendor)
        )
        if names and wrapped is not None and vendor.person is not None:
            vault = VendorVault(history.vendor_code, keyring.unwrap(wrapped))
            name = search_key(decide.person_of(vendor, vault).name)
            people.append(Named(history.vendor_code, name, vendor.person.event))
    return people


async def _shown(
    tracker: Tracker,
    principal: Principal,
    known: MarketDoubts,
    doubt: Doubt,
    decision: DoubtDecided | None,
) -> MarketDoubtOut:
    family = doubt.kind == "family_account"
    vendors = [DoubtAbout(doubt.vendor, known.stalls.get(doubt.vendor))]
    id_ = doubt.id
    if not family:
        where = await tracker.market_id(parse_vendor_code(doubt.other)[0])
        if principal.may_market(where):
            vendors.append(DoubtAbout(doubt.other, known.stalls.get(doubt.other)))
    return MarketDoubtOut(
        id=id_,
        kind=doubt.kind,
        vendors=vendors,
        bin=doubt.other if family else None,
        state="open" if decision is None else decision.decision,
        reason=None if decision is None else decision.reason,
        decided_by=None if decision is None else decision.by,
        decided_at=None if decision is None else moment_text(decision.at),
    )
