"""The ledger as an auditor reads it: entry by entry, who stated what, what it changed, its seal.

Nothing personal is opened for it. An entry never changes; what can come is its seal.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.codes import event_id, vendor_code
from tracker.domain.days import moment_text
from tracker.domain.facts import Fact
from tracker.domain.vendor import History
from tracker.services import plain_facts
from tracker.services.context import Tracker
from tracker.services.ledger_states import (
    State,
    States,
    VendorStates,
    changed,
    market_states,
    service_states,
)
from tracker.services.plain_facts import ByKind, Plain
from tracker.store.commit import MARKET
from tracker.store.keys import SERVICE
from tracker.store.reads import LEDGER_PAGE, Entry
from tracker.store.seals import Covering

COST_MAX: Final = 20_000
"""Steps of replay a page, about a tenth of a second: a page that needs more ends early."""


class SealOut(Struct, frozen=True):
    """The seal that covers an entry: its number, first and last position, and its digest."""

    number: int
    first: int
    last: int
    digest: str


class EntryOut(Struct, frozen=True, kw_only=True):
    """One entry of a ledger.

    `subject` is a vendor code, `market`, or what the service's own entry is about. `event` is the
    fact's id, by which it is taken back; publications and reports of payments have none. `before`
    and `after` are the subject's state by what was known just then, null where there was none or
    the fact says it all; `changed` names the fields that differ. `seal` is null until the stretch
    is sealed.
    """

    position: int
    kind: str
    subject: str
    event: str | None
    occurred_at: str
    recorded_at: str
    by: str
    by_kind: ByKind
    fields: dict[str, Plain]
    before: State
    after: State
    changed: list[str]
    seal: SealOut | None


async def page(
    tracker: Tracker, principal: Principal, market: str, after: int, limit: int
) -> tuple[list[EntryOut], int | None]:
    """Entries of a market's ledger after a position, or of the service's own (`sys`).

    Also the position to go on from; None at the end. Fewer than `limit` where replaying their
    subjects costs too much. Raises `NotFound` for a market that is not there or out of scope; the
    service's own ledger is for principals of all markets.
    """
    whole = not principal.markets if market == SERVICE else principal.may_market(market)
    if not whole:
        raise hidden()
    found = None if market == SERVICE else await tracker.reader.market(market)
    if market != SERVICE and found is None:
        raise hidden()
    entries = [entry async for entry in tracker.reader.ledger(market, after, after + limit + 1)]
    more = len(entries) > limit
    entries = entries[:limit]
    subjects = await _subjects(tracker, market, "" if found is None else found.prefix, entries)
    seals = await _seals(tracker, market, entries)
    shown: list[EntryOut] = []
    cost = 0
    for entry in entries:
        subject = subjects[entry.subject]
        shown.append(subject.show(entry, _seal(seals, entry.position)))
        cost += subject.spent()
        if cost > COST_MAX:
            more = more or len(shown) < len(entries)
            break
    return shown, entries[len(shown) - 1].position if more else None


class _Subject:
    """A subject of a page: its name, its facts, and which of them comes next on the page.

    `prefix` begins the ids of its events; what the service's own facts are about has none.
    """

    def __init__(self, name: str, prefix: str, facts: Sequence[Fact], states: States | None):
        self._name = name
        self._prefix = prefix
        self._facts = facts
        self._states = states
        self._next = 0
        self._spent = 0

    def places(self, page: Sequence[Fact]) -> list[int]:
        """Where the page's first fact may stand among all; none of it need be there.

        Several where facts are equal in everything, to the millisecond.
        """
        places = defaultdict(list)
        for n, fact in enumerate(self._facts):
            places[fact].append(n)
        return next((places[fact] for fact in page if fact in places), [])

    def start(self, place: int) -> None:
        """The page's facts stand from there on, in the same order and without gaps."""
        self._next = place

    def show(self, entry: Entry, seal: SealOut | None) -> EntryOut:
        """The entry, with what it changed."""
        fact, n = entry.fact, self._next
        known = n < len(self._facts) and self._facts[n] == fact
        before = after = None
        if known:
            self._next += 1
            if self._states is not None:
                before, after = self._states.after(n), self._states.after(n + 1)
        return EntryOut(
            position=entry.position,
            kind=plain_facts.kind_of(fact),
            subject=self._name,
            event=event_id(self._prefix, n + 1) if known and self._prefix else None,
            occurred_at=moment_text(fact.at),
            recorded_at=moment_text(fact.recorded),
            by=fact.by,
            by_kind=plain_facts.by_kind(fact.by),
            fields=plain_facts.all_fields(fact, self._prefix),
            before=before,
            after=after,
            changed=changed(before, after),
            seal=seal,
        )

    def spent(self) -> int:
        """Steps of replay since it was asked the last time."""
        cost = 0 if self._states is None else self._states.cost
        new, self._spent = cost - self._spent, cost
        return new


async def _subjects(
    tracker: Tracker, market: str, prefix: str, entries: Sequence[Entry]
) -> Mapping[str, _Subject]:
    """The subjects of a page, by their names in the ledger."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    for entry in entries:
        facts[entry.subject].append(entry.fact)
    found: dict[str, _Subject] = {}
    if market == SERVICE:
        for name, known in (await tracker.reader.service_documents(list(facts))).items():
            found[name] = _Subject(name, "", known, service_states(name, known))
    else:
        if MARKET in facts:
            own = await tracker.reader.market_facts(market)
            found[MARKET] = _Subject("market", prefix, own, market_states(market, own))
        numbers = [int(name) for name in facts if name != MARKET]
        for history in await tracker.reader.histories(market, prefix, numbers):
            found[str(history.number)] = _vendor(prefix, history)
    for name, subject in found.items():
        places = subject.places(facts[name])
        equal = await _equal_before(tracker, market, name, entries) if len(places) > 1 else 0
        if places:
            subject.start(places[min(equal, len(places) - 1)])
    return found


def _vendor(prefix: str, history: History) -> _Subject:
    name = vendor_code(prefix, history.number)
    return _Subject(name, name, history.facts, VendorStates(history))


async def _equal_before(tracker: Tracker, market: str, name: str, entries: Sequence[Entry]) -> int:
    """How many entries before the page are equal to the subject's first one on it.

    Equal facts were recorded in the same millisecond, so they stand close together.
    """
    first = next(entry for entry in entries if entry.subject == name)
    start = entries[0].position - 1
    earlier = tracker.reader.ledger(market, max(0, start - LEDGER_PAGE), start)
    return sum([(e.subject, e.raw) == (name, first.raw) async for e in earlier])


async def _seals(tracker: Tracker, market: str, entries: Sequence[Entry]) -> Sequence[Covering]:
    if not entries:
        return ()
    return await tracker.seals.covering(market, entries[0].position, entries[-1].position)


def _seal(seals: Sequence[Covering], position: int) -> SealOut | None:
    at = bisect_right(seals, position, key=lambda found: found.seal.first) - 1
    if at < 0 or seals[at].seal.last < position:
        return None
    number, seal = seals[at]
    return SealOut(number, seal.first, seal.last, f"sha256:{seal.digest.hex()}")
