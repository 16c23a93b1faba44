"""Is a restored store the one that was backed up? Compared while the latter goes on being written.

A market that was written to since it was backed up stands at a later position of its ledger, and is
compared no further than by `verify` in the restored store: it is counted as moved on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from tracker.domain.days import day_of
from tracker.services import audit
from tracker.services.adoption import Kept, LiveFigures
from tracker.services.context import Tracker

BATCH: Final = 100
"""Markets compared in one go: some MB of replies of each store."""


class Compared(Struct):
    """What a drill looked at, and every difference in words."""

    markets: int = 0
    moved_on: int = 0
    snapshots: int = 0
    entries: int = 0
    vendors: int = 0
    publications: int = 0
    differences: list[str] = []


async def compare(running: Tracker, restored: Tracker) -> Compared:
    """The restored store verified, and its live figures and latest snapshots beside the running's.

    Both must go by the same clock. A market that was founded since is left out.
    """
    done = Compared(differences=[])

    def seen(progress: audit.Progress) -> None:
        done.entries, done.vendors = progress.entries, progress.vendors
        done.publications = progress.publications

    done.differences += [found.text() async for found in audit.verify(restored, seen=seen)]
    markets = list(await restored.reader.markets())
    for start in range(0, len(markets), BATCH):
        some = markets[start : start + BATCH]
        theirs = await LiveFigures(restored).standing(some)
        ours = await LiveFigures(running).standing(some)
        still = [m for m in some if m in theirs and not _moved(ours.get(m), theirs[m])]
        done.markets += len(some)
        done.moved_on += len(some) - len(still)
        done.differences += _figures(still, ours, theirs)
        done.differences += await _snapshots(running, restored, still, done)
    return done


def _moved(ours: Kept | None, theirs: Kept) -> bool:
    return ours is not None and ours.position > theirs.position


def _figures(
    markets: Sequence[str], ours: dict[str, Kept], theirs: dict[str, Kept]
) -> Iterator[str]:
    for market in markets:
        one, other = ours.get(market), theirs[market]
        if one is None or one.position != other.position:
            yield f"{market}: restored to another position than the running store has"
        elif one.content != other.content:
            yield f"{market}: other live figures than the running store's"


async def _snapshots(
    running: Tracker, restored: Tracker, markets: Sequence[str], done: Compared
) -> list[str]:
    yesterday = day_of(running.now()) - 1
    latest = [await t.publications.newest(markets, yesterday) for t in (running, restored)]
    wanted = [(market, *place) for market, place in latest[0].items()]
    bodies = [await t.publications.bodies(wanted) for t in (running, restored)]
    done.snapshots += len(wanted)
    pairs = zip(wanted, *bodies, strict=True)
    found = [market for (market, *_), ours, theirs in pairs if ours != theirs]
    found += [m for m in markets if latest[0].get(m) != latest[1].get(m) and m not in found]
    return [f"{market}: another latest snapshot than the running store's" for market in found]
