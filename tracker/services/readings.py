"""What the store, the queue and the markets tell of how the service does: numbers, no names.

For whoever measures (`tracker.exporter`) and who says what is wrong (`tracker.services.doctor`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from tracker.domain.days import DAY_MS, OFFSET_MS, day_of
from tracker.settings import Settings
from tracker.store.beats import Beat, Beats
from tracker.store.jobs import Jobs
from tracker.store.publications import Publications
from tracker.store.queue import QueueClient, queue_of
from tracker.store.reads import Reader
from tracker.store.schedule_state import ScheduleState

MARKETS_A_LOOK: Final = 1_000
"""Markets asked about in one round trip: what the store does for it takes a few milliseconds."""


class Waiting(Struct, frozen=True):
    """How many wait, and for how long the oldest has (s)."""

    count: int = 0
    oldest_s: float = 0.0


class JobsOpen(Struct, frozen=True):
    """Jobs that have not ended, by the queue's name."""

    open: Mapping[str, Waiting]


class QueueState(Struct, frozen=True):
    """By the queue's name: how many jobs wait for a worker, and how many workers live."""

    depths: Mapping[str, int]
    workers: Mapping[str, int]


class MarketsState(Struct, frozen=True):
    """All markets: figures that facts have overtaken, publications not yet in the feed.

    `outdated` counts from when the latest fact came. `unclosed` is how many whole days, of all
    markets, are over (by more than `close_at_minute`) and not closed; None before the first start.
    """

    markets: int
    outdated: Waiting
    unfed: Waiting
    unclosed: int | None


async def read_jobs(client: Any, now: int) -> JobsOpen:
    """The open jobs, the thousand oldest of them."""
    found: dict[str, list[int]] = {}
    for id_, made in (await Jobs(client).open_since()).items():
        found.setdefault(queue_of(id_), []).append(made)
    return JobsOpen({queue: _waiting(made, now) for queue, made in found.items()})


async def read_queue(queue: QueueClient) -> QueueState:
    """The queue's side. Raises `RedisError`."""
    return QueueState(await queue.depths(), await queue.workers())


async def read_beat(client: Any) -> Beat | None:
    """The schedule's last sign of life."""
    return await Beats(client).last_tick()


async def read_markets(client: Any, settings: Settings, now: int) -> MarketsState:
    """Looks at every market: some 0.1 s a thousand."""
    reader, publications = Reader(client), Publications(client)
    markets = list(await reader.markets())
    marked: list[int] = []
    unfed: list[int] = []
    closed = await ScheduleState(client).closed_until()
    for start in range(0, len(markets), MARKETS_A_LOOK):
        some = markets[start : start + MARKETS_A_LOOK]
        marks = await reader.marks(some)
        marked += [at for day, at in marks.values() if closed is not None and day <= closed]
        unfed += (await publications.unfed_since(some)).values()
    return MarketsState(
        markets=len(markets),
        outdated=_waiting(marked, now),
        unfed=_waiting(unfed, now),
        unclosed=None if closed is None else max(0, due_until(settings, now) - closed),
    )


def due_until(settings: Settings, now: int) -> int:
    """The last day that is to be closed by now."""
    minute = (now + OFFSET_MS) % DAY_MS // 60_000
    return day_of(now) - (1 if minute >= settings.close_at_minute else 2)


def _waiting(since: list[int], now: int) -> Waiting:
    return Waiting(len(since), max(0, now - min(since)) / 1000 if since else 0.0)
