"""A backup into an empty store, whole or to a point; then views made anew, and the erased again.

Everything that can be refused is refused before the first write: files that are not as they were
written, keys that do not open it, a store that holds anything. While it writes, the store says so,
and nobody else can use it; a restore that was killed is begun anew in another empty store.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker.access.vault import Keyring
from tracker.domain.errors import Conflict
from tracker.services import audit, erased_again
from tracker.services.backup import Seen
from tracker.services.backup_reading import BadBackup
from tracker.services.context import Tracker
from tracker.services.restore_reading import Given, check, keyring_of
from tracker.services.restore_writing import Writing, Written
from tracker.store.load import Load
from tracker.store.schema_version import SCHEMA, SchemaVersion


async def restore(
    client: Any, given: Given, opened: Callable[[Keyring], Tracker], *, seen: Seen = lambda _: None
) -> Written:
    """Restores into the store of `client`, which must be empty; `opened` makes a tracker on it.

    Raises `BadBackup`, `BadMasterKey`, `Conflict` `STORE_NOT_EMPTY`; nothing is written then.
    """
    manifest = check(given)
    tracker = opened(keyring_of(given, manifest))
    version, load = SchemaVersion(client), Load(client)
    if not await load.is_empty() or not await version.begin_restoring():
        raise Conflict(
            "The store is not empty. Restore into an empty one: another data directory (--data) "
            "or another server (TRACKER_STORE_URL). Nothing was written.",
            code="STORE_NOT_EMPTY",
        )
    writing = Writing(load, given, manifest, tracker.now(), seen)
    done = await writing.all()
    async for rebuilt in audit.rebuild(tracker):
        if rebuilt.refused:
            raise BadBackup(f"{rebuilt.text()}. This store is not usable; restore an older backup.")
    done.erased_again = await erased_again.apply(tracker, load, writing.erased())
    await version.put(SCHEMA)
    return done
