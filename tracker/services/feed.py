"""What operations centres pull: all publications in their order, and each market's latest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, json

from tracker.access.keys import Principal
from tracker.domain.days import day_of, moment_of
from tracker.services.context import Tracker

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

    def holds(self, body: bytes) -> bool:
        """Whether a published body was published then."""
        at = published_at(body)
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

    A reader with a scope gets its own markets only. What the window leaves out is looked at, so a
    stretch can be short, even empty, and have more after it.
    """
    bodies: list[bytes] = []
    reached = after
    for size in (limit, *[LOOK] * (LOOKS_MAX - 1)):
        page = await tracker.publications.feed_page(reached, size)
        mine = [entry for entry in page if principal.may_market(entry.market)]
        found = await tracker.publications.bodies([(e.market, e.day, e.revision) for e in mine])
        ended = len(page) < size
        reached = page[-1].position if page else reached
        for entry, body in zip(mine, found, strict=True):
            if body is not None and (window.everything or window.holds(body)):
                bodies.append(body)
                if len(bodies) == limit:
                    reached = entry.position
                    break
        if ended or len(bodies) == limit:
            break
    more = await tracker.publications.feed_position() > reached
    return Stretch(bodies, reached, more)


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
