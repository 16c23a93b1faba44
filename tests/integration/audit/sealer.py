"""A sealer in a process of its own, to be killed: one run over some ledgers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from tests.integration.registry import Clock, tracker_on
from tracker.services.seals import seal
from tracker.store.client import connect


async def work(url: str, now: str, ledgers: Sequence[str]) -> None:
    """Seals what is quiet at that moment (ms)."""
    client, clock = connect(url), Clock()
    clock.ms = int(now)
    await seal(tracker_on(client, clock), ledgers)
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], sys.argv[3:]))
