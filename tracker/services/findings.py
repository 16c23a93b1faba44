"""Finds what vendors share across stalls and markets, and writes it as facts of each of them.

A derived step: it reads each market's ledger from where it stopped, looks at the vendors whose
facts may change what they share, and at those who share it with them, and writes the difference
between the findings that hold and those that the vendors bear. What is decided comes from the
vendors' own facts, so a second worker, a repeat and a death between two markets' commits do no
harm: the position moves on only when nothing is left to write.

Whoever is examined is named in the index before it is asked: of two vendors that come to share
something at the same moment, the one examined later finds the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from msgspec import DecodeError

from tracker.access.vault import VendorVault
from tracker.domain import decide
from tracker.domain.codes import parse_vendor_code
from tracker.domain.facts import AccountLinked
from tracker.domain.findings import Change, Holding, Key, changes, facts_of, refs_of, touches
from tracker.domain.vendor import History, Sealed
from tracker.services.account_index import ACCOUNT, held_by, holder, lookup, ref_lookup
from tracker.services.context import ATTEMPTS_MAX, Tracker
from tracker.store.commit import MARKET, Commit, Done
from tracker.store.keys import Space

ENTRIES_MAX = 20_000
"""Ledger entries a run looks at: some seconds of work; the next run takes up the rest."""

BATCH = 500
"""Vendors examined in one go."""

Place = tuple[str, int]
"""A vendor by market and number."""


class Found(NamedTuple):
    """What a run came to: entries read, vendors examined, facts written."""

    entries: int = 0
    vendors: int = 0
    facts: int = 0


class _Seen(NamedTuple):
    """A vendor as it was read; `ever` is every key that it holds or once held."""

    market: str
    history: History
    holding: Holding
    ever: frozenset[Key]


async def find(tracker: Tracker, entries_max: int = ENTRIES_MAX) -> Found:
    """One run over what is new in all markets, at most so many entries; safe to run twice at once.

    Raises as `find_in` does.
    """
    prefixes = await tracker.reader.markets()
    behind = await tracker.examined.behind(list(prefixes))
    return await find_in(tracker, prefixes, behind, entries_max)


async def find_in(
    tracker: Tracker,
    prefixes: Mapping[str, str],
    behind: Mapping[str, tuple[int, int]],
    entries_max: int = ENTRIES_MAX,
) -> Found:
    """One run over these entries, market by market: after which one, and up to which.

    `prefixes` are all markets'. A vendor that others keep changing is left to the next run, and its
    market's position with it. Raises `DecodeError` where a ledger is damaged, once all other
    markets were served.
    """
    found, waiting, reached = Found(), set[Place](), dict[str, int]()
    damage: DecodeError | None = None
    for market, (after, last) in behind.items():
        until = min(last, after + entries_max - found.entries)
        try:
            waiting |= await _touched(tracker, market, after, until)
        except DecodeError as error:  # told at the end: one damaged ledger stops no other market
            damage = error
            continue
        reached[market] = until
        found = found._replace(entries=found.entries + until - after)
        if len(waiting) >= BATCH or found.entries >= entries_max:
            found = await _examine(tracker, prefixes, waiting, reached, found)
            waiting, reached = set(), {}
        if found.entries >= entries_max:
            break
    found = await _examine(tracker, prefixes, waiting, reached, found)
    if damage is not None:
        raise damage
    return found


async def _touched(tracker: Tracker, market: str, after: int, until: int) -> set[Place]:
    """The market's vendors whose entries in between may change what they share."""
    return {
        (market, int(entry.subject))
        async for entry in tracker.reader.ledger(market, after, until)
        if entry.subject != MARKET and touches(entry.fact)
    }


async def _examine(
    tracker: Tracker,
    prefixes: Mapping[str, str],
    waiting: Collection[Place],
    reached: Mapping[str, int],
    found: Found,
) -> Found:
    """Examines vendors; where all of them are settled, the positions are reached."""
    in_order, settled = sorted(waiting), True
    for start in range(0, len(in_order), BATCH):
        written, calm = await _settle(tracker, prefixes, in_order[start : start + BATCH])
        found, settled = found._replace(facts=found.facts + written), settled and calm
    if settled:
        await tracker.examined.reached(reached)
    return found._replace(vendors=found.vendors + len(in_order))


async def _settle(
    tracker: Tracker, prefixes: Mapping[str, str], some: Collection[Place]
) -> tuple[int, bool]:
    """Writes what is to be told until nothing is; the facts written, and whether it came to that.

    Whoever was told is looked at again: the other of the two may have changed meanwhile.
    """
    facts = 0
    for _ in range(ATTEMPTS_MAX):
        seen, told = await _decide(tracker, prefixes, some)
        if not told:
            return facts, True
        commits = []
        for vendor, about in told.items():
            commit = Commit(Space(seen[vendor].market))
            history = seen[vendor].history
            commit.vendor(history, facts_of(history, about, tracker.now()))
            commits.append(commit)
        outcomes = await tracker.committer.commit_many(commits)
        for outcome, about in zip(outcomes, told.values(), strict=True):
            facts += len(about) if isinstance(outcome, Done) else 0
        some = [(seen[vendor].market, seen[vendor].history.number) for vendor in told]
    return facts, False


async def _decide(
    tracker: Tracker, prefixes: Mapping[str, str], some: Collection[Place]
) -> tuple[dict[str, _Seen], dict[str, list[Change]]]:
    """The vendors and all who share something with them, by code, and what each is to be told."""
    seen = await _read(tracker, prefixes, some)
    named = await _named(tracker, seen.values())
    markets = {prefix: market for market, prefix in prefixes.items()}
    for one in seen.values():
        for _, other in one.holding.findings:
            prefix, number = parse_vendor_code(other)
            named.add((markets.get(prefix, ""), number))
    asked = {key for one in seen.values() for key in one.ever}
    # A market founded since the run began is left out: its vendors are examined in the next one.
    others = {place for place in named.difference(some) if place[0] in prefixes}
    seen |= await _read(tracker, prefixes, others)
    return seen, changes({vendor: one.holding for vendor, one in seen.items()}, asked)


async def _named(tracker: Tracker, seen: Iterable[_Seen]) -> set[Place]:
    """Everybody whom the index names under a key of these vendors, once it names them too."""
    mine: dict[str, list[str]] = {}
    for one in seen:
        for key in one.ever:
            mine.setdefault(key.lookup, []).append(holder(one.market, one.history.number))
    held = await tracker.accounts.holders_of(mine)
    missing = {look: names for look, names in mine.items() if not set(names) <= set(held[look])}
    if missing:
        await tracker.accounts.add(missing)
        held |= await tracker.accounts.holders_of(missing)
    return {held_by(name) for names in held.values() for name in names}


async def _read(
    tracker: Tracker, prefixes: Mapping[str, str], places: Iterable[Place]
) -> dict[str, _Seen]:
    numbers: dict[str, list[int]] = {}
    for market, number in sorted(places):
        numbers.setdefault(market, []).append(number)
    seen: dict[str, _Seen] = {}
    for market, its in numbers.items():
        for start in range(0, len(its), BATCH):
            some = its[start : start + BATCH]
            histories = await tracker.reader.histories(market, prefixes[market], some)
            keys = await tracker.reader.data_keys(market, some)
            for history, wrapped in zip(histories, keys, strict=True):
                seen[history.vendor_code] = _seen(tracker, market, history, wrapped)
    return seen


def _seen(tracker: Tracker, market: str, history: History, wrapped: bytes | None) -> _Seen:
    vendor = history.replay()
    if wrapped is None:
        holding = Holding(vendor.on_roster, frozenset(), vendor.findings, readable=False)
        return _Seen(market, history, holding, frozenset())
    vault = VendorVault(history.vendor_code, tracker.keyring.unwrap(wrapped))
    accounts = {
        event: _account_key(tracker, fact.bin, Sealed(event, fact.personal), vault)
        for event, fact in enumerate(history.facts, 1)
        if isinstance(fact, AccountLinked)
    }
    ever = {*accounts.values(), *_ref_keys(tracker, history, ever=True)}
    keys: set[Key] = set()
    if vendor.on_roster:
        keys.update(accounts[account.details.event] for account in vendor.accounts.values())
        keys |= _ref_keys(tracker, history)
    holding = Holding(vendor.on_roster, frozenset(keys), vendor.findings)
    return _Seen(market, history, holding, frozenset(ever))


def _account_key(tracker: Tracker, bin_: str, details: Sealed, vault: VendorVault) -> Key:
    number = decide.details_of(details, vault).number
    return Key("duplicate_account", lookup(tracker, ACCOUNT, bin_, number))


def _ref_keys(tracker: Tracker, history: History, *, ever: bool = False) -> set[Key]:
    refs = refs_of(history, ever=ever)
    return {Key("partner_ref_reused", ref_lookup(tracker, ref)) for ref in refs}
