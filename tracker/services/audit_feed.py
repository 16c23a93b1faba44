"""Is each publication in the feed, once and in its order, with the moment of its publication?

The feed is read once, up to where it stood at the start; of each market only counts and digests of
its entries are kept, and of the service, whose publications are the reported values, likewise. A
market whose publications give another digest is looked at entry by entry, in a second pass for all
such markets.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from tracker.domain.facts import Published
from tracker.services.audit_difference import NONE, Difference, publication
from tracker.store.keys import SERVICE
from tracker.store.publications import body_name
from tracker.store.views import FeedState, RawFeedEntry, ViewStore

SPACE = "feed"
"""The space of differences that are no market's."""

LAG_MS = 60_000
"""The feed takes a publication over after its commit, or the schedule does within seconds: one
that was this old when the feed was read, and is not there, is missing."""


class Due(NamedTuple):
    """What the feed is to hold: how its entry names it, when it was published (ms), its number.

    A market's publications are numbered without gaps; a reported value's number is its position in
    the service's ledger, among entries of other kinds.
    """

    body: str
    at: int
    number: int


class Correction(NamedTuple):
    """The number of the market's last publication in the feed: what it says, what it should."""

    said: str | None
    reached: int


def due(publications: Sequence[Published]) -> list[Due]:
    """What the feed is to hold of a market."""
    return [Due(body_name(fact), fact.at, n) for n, fact in enumerate(publications, 1)]


class _Seen:
    """What the feed holds of one market: how many entries, and a digest over them in order.

    Entries of before the feed kept moments come first and have none.
    """

    def __init__(self) -> None:
        self.count = 0
        self.undated = 0
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, body: str, published: str | None) -> None:
        if published is None and self.undated == self.count:
            self.undated += 1
        self.count += 1
        self._digest.update(f"{body}@{published or ''};".encode())

    def holds_first_of(self, dues: Sequence[Due]) -> bool:
        """Whether the entries are these publications, as far as they go."""
        should = _Seen()
        for one in dues[: self.count]:
            should.add(one.body, None if should.count < self.undated else str(one.at))
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
        self._doubtful: dict[str, Sequence[Due]] = {}

    async def read(self) -> None:
        """Reads the feed. Before any ledger: what the feed holds now is in the ledgers later."""
        self._state = await self._views.feed_state()
        async for entry in self._views.feed(self._state.position):
            self._seen.setdefault(entry.market, _Seen()).add(entry.body, entry.published)

    def unreadable(self) -> Iterator[Difference]:
        """What could not be read because something else stands in its place."""
        for field, why in self._state.wrong.items():
            subject = "entries" if field == "ledger" else "last numbers"
            yield Difference(SPACE, "feed", subject, "what the service writes", why)

    def market(self, market: str, dues: Sequence[Due]) -> Iterator[Difference]:
        """Compares one market's publications, in their order; doubts are left to `settle`.

        The service's are its reported values.
        """
        if self._state.wrong:
            return
        seen = self._seen.pop(market, _Seen())
        if seen.holds_first_of(dues):
            yield from self._end(market, dues, seen.count)
        else:
            self._doubtful[market] = dues

    async def settle(self) -> AsyncIterator[Difference]:
        """Names each difference of the markets that are in doubt."""
        if not self._doubtful:
            return
        found: dict[str, list[RawFeedEntry]] = {market: [] for market in self._doubtful}
        async for entry in self._views.feed(self._state.position):
            if entry.market in found:
                found[entry.market].append(entry)
        for market, dues in self._doubtful.items():
            there = {entry.body for entry in found[market]}
            reached = max((n for n, one in enumerate(dues, 1) if one.body in there), default=0)
            for difference in _entries(market, dues[:reached], found[market]):
                yield difference
            for difference in self._end(market, dues, reached):
                yield difference

    def strangers(self) -> Iterator[Difference]:
        """Entries of markets that were not compared: after all markets, of those unknown."""
        for market, seen in sorted(self._seen.items()):
            yield Difference(SPACE, "feed", f"entries of {market}", NONE, str(seen.count))

    def _end(self, market: str, dues: Sequence[Due], reached: int) -> Iterator[Difference]:
        """The last number that the feed says it took over, and what is missing after it."""
        said = self._state.last.get(market)
        last = dues[reached - 1].number if reached else 0
        following = dues[reached].number if reached < len(dues) else None
        if not _stands(market, said or "0", last, following):
            self.corrections[market] = Correction(said, last)
            yield Difference(market, "feed_last", "number", str(last), said or NONE)
        for one in dues[reached:]:
            if self._started - one.at > LAG_MS:
                yield Difference(market, "feed", _named(market, one.body), "once", "not there")


def _stands(market: str, said: str, last: int, following: int | None) -> bool:
    """Whether a number lets the feed go on with just what it lacks.

    The service's may lie anywhere before the value that follows: entries of other kinds lie there.
    """
    if market != SERVICE:
        return said == str(last)
    return (
        said.isascii()
        and said.isdigit()
        and last <= int(said)
        and (following is None or int(said) < following)
    )


def _entries(
    market: str, dues: Sequence[Due], entries: Sequence[RawFeedEntry]
) -> Iterator[Difference]:
    should, found = [one.body for one in dues], [entry.body for entry in entries]
    times = Counter(found)
    for body in should:
        count = times.pop(body, 0)
        if count != 1:
            there = f"{count} times" if count else "not there"
            yield Difference(market, "feed", _named(market, body), "once", there)
    for body, count in times.items():
        yield Difference(market, "feed", _named(market, body), NONE, f"{count} times")
    yield from _moments(market, dues, entries)
    known, there_once = set(should), list(dict.fromkeys(found))
    is_ = [body for body in there_once if body in known]
    wanted = [body for body in should if body in set(is_)]
    for one, other in zip(wanted, is_, strict=True):
        if one != other:
            yield Difference(market, "feed", "order", _named(market, one), _named(market, other))
            return


def _moments(
    market: str, dues: Sequence[Due], entries: Sequence[RawFeedEntry]
) -> Iterator[Difference]:
    moments = {one.body: str(one.at) for one in dues}
    for entry in entries:
        at = moments.get(entry.body)
        if at is not None and entry.published is not None and entry.published != at:
            name = f"moment of {_named(market, entry.body)}"
            yield Difference(market, "feed", name, at, entry.published)


def _named(market: str, body: str) -> str:
    if market == SERVICE:
        return f"value at {body}"
    day, _, revision = body.partition(".")
    try:
        return publication(int(day), int(revision))
    except (ValueError, OverflowError):
        return body
