"""Is each publication in the feed, once and in its market's order?

The feed is read once, up to where it stood at the start; of each market only a count and a digest
of its entries are kept. A market whose publications give another digest is looked at entry by
entry, in a second pass for all such markets.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from tracker.domain.facts import Published
from tracker.services.audit_difference import NONE, Difference, publication
from tracker.store.publications import body_name
from tracker.store.views import FeedState, ViewStore

SPACE = "feed"
"""The space of differences that are no market's."""

LAG_MS = 60_000
"""The feed takes a publication over after its commit, or the schedule does within seconds: one
that was this old when the feed was read, and is not there, is missing."""


class Correction(NamedTuple):
    """The number of the market's last publication in the feed: what it says, what it should."""

    said: str | None
    reached: int


class _Seen:
    """What the feed holds of one market: how many entries, and a digest over them in order."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, body: str) -> None:
        self.count += 1
        self._digest.update(f"{body};".encode())

    def holds_first_of(self, publications: Sequence[Published]) -> bool:
        """Whether the entries are these publications, as far as they go."""
        should = _Seen()
        for fact in publications[: self.count]:
            should.add(body_name(fact))
        return (should.count, should._digest.digest()) == (self.count, self._digest.digest())


class Feed:
    """The feed as it stood at one moment, to be compared market by market.

    `corrections` are what `feed_last` differences come to, by market.
    """

    def __init__(self, views: ViewStore, started: int) -> None:
        self.corrections: dict[str, Correction] = {}
        self._views = views
        self._started = started
        self._seen: dict[str, _Seen] = {}
        self._state = FeedState(0, {}, {})
        self._doubtful: dict[str, Sequence[Published]] = {}

    async def read(self) -> None:
        """Reads the feed. Before any ledger: what the feed holds now is in the ledgers later."""
        self._state = await self._views.feed_state()
        async for entry in self._views.feed(self._state.position):
            self._seen.setdefault(entry.market, _Seen()).add(entry.body)

    def unreadable(self) -> Iterator[Difference]:
        """What could not be read because something else stands in its place."""
        for field, why in self._state.wrong.items():
            subject = "entries" if field == "ledger" else "last numbers"
            yield Difference(SPACE, "feed", subject, "what the service writes", why)

    def market(self, market: str, publications: Sequence[Published]) -> Iterator[Difference]:
        """Compares one market's publications, in their order; doubts are left to `settle`."""
        if self._state.wrong:
            return
        seen = self._seen.pop(market, _Seen())
        if seen.holds_first_of(publications):
            yield from self._end(market, publications, seen.count)
        else:
            self._doubtful[market] = publications

    async def settle(self) -> AsyncIterator[Difference]:
        """Names each difference of the markets that are in doubt."""
        if not self._doubtful:
            return
        found: dict[str, list[str]] = {market: [] for market in self._doubtful}
        async for entry in self._views.feed(self._state.position):
            if entry.market in found:
                found[entry.market].append(entry.body)
        for market, publications in self._doubtful.items():
            there = set(found[market])
            bodies = [body_name(fact) for fact in publications]
            reached = max((n for n, body in enumerate(bodies, 1) if body in there), default=0)
            for difference in _entries(market, bodies[:reached], found[market]):
                yield difference
            for difference in self._end(market, publications, reached):
                yield difference

    def strangers(self) -> Iterator[Difference]:
        """Entries of markets that were not compared: after all markets, of those unknown."""
        for market, seen in sorted(self._seen.items()):
            yield Difference(SPACE, "feed", f"entries of {market}", NONE, str(seen.count))

    def _end(
        self, market: str, publications: Sequence[Published], reached: int
    ) -> Iterator[Difference]:
        said = self._state.last.get(market)
        if (said or "0") != str(reached):
            self.corrections[market] = Correction(said, reached)
            yield Difference(market, "feed_last", "number", str(reached), said or NONE)
        for fact in publications[reached:]:
            if self._started - fact.at > LAG_MS:
                name = publication(fact.day, fact.revision)
                yield Difference(market, "feed", name, "once", "not there")


def _entries(market: str, should: Sequence[str], found: Sequence[str]) -> Iterator[Difference]:
    times = Counter(found)
    for body in should:
        count = times.pop(body, 0)
        if count != 1:
            there = f"{count} times" if count else "not there"
            yield Difference(market, "feed", _named(body), "once", there)
    for body, count in times.items():
        yield Difference(market, "feed", _named(body), NONE, f"{count} times")
    known, there_once = set(should), list(dict.fromkeys(found))
    is_ = [body for body in there_once if body in known]
    wanted = [body for body in should if body in set(is_)]
    for one, other in zip(wanted, is_, strict=True):
        if one != other:
            yield Difference(market, "feed", "order", _named(one), _named(other))
            return


def _named(body: str) -> str:
    day, _, revision = body.partition(".")
    try:
        return publication(int(day), int(revision))
    except (ValueError, OverflowError):
        return body
