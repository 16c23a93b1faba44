"""How a store of an older form is brought forward.

Only views have a form: they are made anew from the ledger, which is never changed. So one step
brings every older store forward, whatever lies between, and a step that was killed is run again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from tracker.services import audit
from tracker.services.audit import Progress, Rebuilt
from tracker.services.context import Tracker
from tracker.store.schema_version import SCHEMA, SchemaVersion


def _ignore(_: Progress) -> None:
    """Nobody wants to know."""


async def upgrade(
    tracker: Tracker, *, seen: Callable[[Progress], None] = _ignore
) -> AsyncIterator[Rebuilt]:
    """Makes every view anew and then says that the store is in the present form.

    One result a space; with one that was refused (its ledger is damaged) the form stays the older.
    """
    refused = False
    async for rebuilt in audit.rebuild(tracker, seen=seen):
        refused = refused or bool(rebuilt.refused)
        yield rebuilt
    if not refused:
        await SchemaVersion(tracker.client).put(SCHEMA)
