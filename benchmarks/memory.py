"""What the store's memory is made of: bytes by kind of key, and what a fact more costs.

Part of `benchmarks.country`. Bytes of a key are the server's own (MEMORY USAGE of all its
elements); what the server holds beside its keys is told as a remainder.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, Final

from msgspec import Struct

from benchmarks.close_day import BANKS
from tracker.commands import OFFICE
from tracker.domain.activity import Line
from tracker.domain.codes import vendor_code
from tracker.services import activity, snapshots
from tracker.services.context import Tracker

SCANNED: Final = 500
"""Keys a round trip."""

PASSING: Final = ("jobs", "queue", "answer")
"""Kinds of keys that go by themselves: jobs with their files and rows, and stored answers, after
7 days."""

_KIND = re.compile(rb"\{(m|[a-z]+)[^}]*\}:?([a-z]*)")


class Memory(Struct, frozen=True):
    """What a server holds: bytes by kind of key, and all that it has taken for its data."""

    kinds: Counter[str]
    data: int

    @property
    def lasting(self) -> int:
        """Bytes of all keys but those that go by themselves.

        Not of `data`, in which what the server borrows for a moment is as much as some markets.
        """
        return self.kinds.total() - sum(self.kinds[kind] for kind in PASSING)

    def since(self, before: Memory) -> Memory:
        """The difference."""
        kinds = Counter(self.kinds)
        kinds.subtract(before.kinds)
        return Memory(kinds, self.data - before.data)


def kind_of(key: bytes) -> str:
    """What a key is called after: `docs` of a market, `jobs`, `feed`, `accounts`, `sys`."""
    found = _KIND.match(key)
    if found is None:
        return "queue"
    space, kind = found[1].decode(), found[2].decode()
    return kind if space == "m" else space


async def look(*databases: Any) -> Memory:
    """What the server of these clients, one a database, holds now."""
    kinds: Counter[str] = Counter()
    for client in databases:
        cursor = None
        while cursor != 0:
            cursor, keys = await client.scan(cursor or 0, count=SCANNED)
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.memory_usage(key, samples=0)
            for key, size in zip(keys, await pipeline.execute() if keys else [], strict=True):
                kinds[kind_of(key)] += size or 0
    info = await databases[0].info("memory")
    own = ("mem_clients_normal", "mem_aof_buffer", "mem_cluster_links", "used_memory_scripts")
    data = int(info["used_memory"]) - sum(int(info.get(name, 0)) for name in own)
    return Memory(kinds, data)


async def report_days(
    tracker: Tracker, market: str, vendors: Sequence[Sequence[int]], days: Sequence[int]
) -> int:
    """The days of three banks, each paying half of its vendors; how many reports."""
    prefix = (await tracker.market(market)).prefix
    random = Random(market)
    for day in days:
        for bank, its in zip(BANKS, vendors, strict=True):
            paid = [number for number in its if random.random() < 0.5]
            lines = [
                Line(row, vendor_code(prefix, number), random.randint(1, 30), 1_000_000)
                for row, number in enumerate(paid, 1)
            ]
            done = await activity.report(
                tracker, OFFICE.id, market, day=day, bin_=bank, lines=lines
            )
            assert done.recorded
            assert not done.decided.refused
    return len(days) * len(BANKS)


async def publish(tracker: Tracker, names: Sequence[str], days: Sequence[int]) -> int:
    """Publishes these days, and has the feed know it; how many revisions."""
    published = await snapshots.publish_days(tracker, names, days)
    await tracker.publications.feed_markets(names)
    return published
