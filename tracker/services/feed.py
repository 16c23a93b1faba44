"""What operations centres pull: all publications in their order, and each market's latest.

A publication is a market's snapshot or a value that somebody reported for an indicator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, json

from tracker.access.keys import Principal
from tracker.domain.days import day_of, moment_of
from tracker.domain.indicators import item
from tracker.services.context import Tracker
from tracker.store.publications import FeedEntry

LOOKS_MAX = 10
"""Looks into the feed that one call takes: a narrow filter gives short pages, not slow ones."""

LOOK = 1_000
"""Entries of each look after the first, which takes as many as are asked for."""


class Window(NamedTuple):
    """Moments of publication (ms) that are asked for: after the first, up to the second."""

    after: int | None = None
    until: int | None = None

    @property
    def everything(self) -> bool:
        """Whether all of them are asked for."""
        return self.after is None and self.until is None

    def holds(self, at: int) -> bool:
        """Whether what was published at this moment is asked for."""
        return (self.after is None or at > self.after) and (self.until is None or at <= self.until)


ALWAYS = Window()


class Stretch(NamedTuple):
    """Published bodies, the last position looked at, and whether more follow it."""

    bodies: list[bytes]
    reached: int
    more: bool


class _Published(Struct):
    published_at: datetime


def published_at(body: bytes) -> int:
    """When a body was published, in ms."""
    return moment_of(json.decode(body, type=_Published).published_at)


async def follow(
    tracker: Tracker, principal: Principal, after: int, limit: int, window: Window = ALWAYS
) -> Stretch:
    """Published bodies in the order of publication, after a position of the feed.

    A reader with a scope gets its own markets only; reported values are for everybody. What the
    window leaves out is looked at, by its entry and not its body, so a stretch can be short, even
    empty, and have more after it.
    """
    bodies: list[bytes] = []
    reached = after
    for size in (limit, *[LOOK] * (LOOKS_MAX - 1)):
        page = await tracker.publications.feed_page(reached, size)
        wanted = [entry for entry in page if _concerns(principal, window, entry)]
        stopped = await _take(tracker, window, wanted, bodies, limit)
        if stopped is not None:
            reached = stopped
            break
        reached = page[-1].position if page else reached
        if len(page) < size:
            break
    more = await tracker.publications.feed_position() > reached
    return Stretch(bodies, reached, more)


def _concerns(principal: Principal, window: Window, entry: FeedEntry) -> bool:
    """Whether an entry is for this reader and, as far as it says when, within the window."""
    if entry.market and not principal.may_market(entry.market):
        return False
    return entry.published is None or window.holds(entry.published)


async def _take(
    tracker: Tracker, window: Window, entries: Sequence[FeedEntry], bodies: list[bytes], limit: int
) -> int | None:
    """Reads what entries name until there are `limit` bodies; the position of the last of them.

    None where there are fewer. An entry that does not say when is judged by its body.
    """
    rest = list(entries)
    while rest:
        some = rest[: limit - len(bodies)]
        del rest[: len(some)]
        for entry, body in zip(some, await _read(tracker, some), strict=True):
            if body is None:
                continue
            undated = entry.published is None and not window.everything
            if undated and not window.holds(published_at(body)):
                continue
            bodies.append(body)
            if len(bodies) == limit:
                return entry.position
    return None


async def _read(tracker: Tracker, entries: Sequence[FeedEntry]) -> list[bytes | None]:
    """The bodies that entries name, in their order."""
    snapshots = [(e.market, e.day, e.revision) for e in entries if e.market]
    bodies = iter(await tracker.publications.bodies(snapshots))
    values = iter(await tracker.reported.values([e.value for e in entries if not e.market]))
    found: list[bytes | None] = []
    for entry in entries:
        if entry.market:
            found.append(next(bodies))
        else:
            value = next(values)
            found.append(None if value is None else json.encode(item(value)))
    return found


async def latest(
    tracker: Tracker, principal: Principal, after: str | None, limit: int
) -> tuple[list[bytes], str | None]:
    """The latest revision of the latest published day of each market in scope, by market id.

    Markets without a publication are passed over. Returns the bodies and the market to go on
    after, if any are left.
    """
    every = await tracker.reader.markets()
    rest = [m for m in every if principal.may_market(m) and (after is None or m > after)]
    some = rest[:limit]
    yesterday = day_of(tracker.now()) - 1
    wanted = await tracker.publications.newest(some, yesterday)
    bodies = await tracker.publications.bodies([(m, *place) for m, place in wanted.items()])
    following = some[-1] if len(rest) > limit else None
    return [body for body in bodies if body is not None], following


async def names(tracker: Tracker, markets: Iterable[str]) -> dict[str, str]:
    """Market id → name."""
    found = await tracker.reader.some_markets(list(dict.fromkeys(markets)))
    return {market.id: market.name for market in found}
