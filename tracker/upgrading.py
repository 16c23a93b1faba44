"""What `tracker up` does with a store of its own that an older program wrote."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tracker.bootstrap import open_tracker
from tracker.domain.errors import Unavailable
from tracker.services.audit import Progress, Rebuilt
from tracker.services.context import Tracker
from tracker.services.upgrade import upgrade
from tracker.settings import Settings
from tracker.store.schema_version import SCHEMA, SchemaVersion


def bring_forward(settings: Settings, say: Callable[[str], None]) -> None:
    """Brings a store of ours that is not of the present form forward, while nobody else uses it.

    Raises `SchemaMismatch` where it is newer, `Unavailable` where a ledger is damaged.
    """
    asyncio.run(_bring_forward(settings, say))


async def _bring_forward(settings: Settings, say: Callable[[str], None]) -> None:
    async with open_tracker(settings, older=True) as tracker:
        found = await SchemaVersion(tracker.client).read()
        say(f"Upgrade  version {found.version} to {SCHEMA}: views are made anew from the ledger")
        began = time.monotonic()
        progress = await run(tracker)
        took_s = time.monotonic() - began
    say(f"Upgrade  {progress.spaces} ledgers, {progress.entries} entries: {took_s:.1f} s")


async def run(tracker: Tracker, each: Callable[[Rebuilt], None] = lambda _: None) -> Progress:
    """The upgrade itself. Raises `Unavailable` where a ledger is damaged."""
    last = Progress()

    def seen(progress: Progress) -> None:
        nonlocal last
        last = progress

    refused = []
    async for rebuilt in upgrade(tracker, seen=seen):
        each(rebuilt)
        if rebuilt.refused:
            refused.append(rebuilt)
    if refused:
        raise Unavailable(
            f"Not upgraded: {refused[0].text()}. The older program can still start.",
            code="SCHEMA_OLDER",
        )
    return last
