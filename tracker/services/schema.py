"""Is the store in the form that this program writes? How it gets there: `services.upgrade`."""

from __future__ import annotations

from typing import Any

from tracker.domain.errors import Unavailable
from tracker.store.schema_version import SCHEMA, Found, SchemaVersion


class SchemaMismatch(Unavailable):
    """The store is in another form than the program writes."""

    title = "Store of another version"
    default_code = "SCHEMA_OLDER"


async def require_present(client: Any, *, older: bool = False) -> None:
    """Passes where the store is in the present form; an older one too, if that is said.

    Raises `SchemaMismatch` whose detail says what to do. An empty store is in the present form
    from then on.
    """
    require(await SchemaVersion(client).read(), older=older)


def require(found: Found, *, older: bool = False) -> None:
    """As `require_present`, of what a store says of itself."""
    if found.restoring:
        raise SchemaMismatch(
            "A restore into this store is at work, or ended before it was done. Let it finish; if "
            "it does not run any more, restore again into another, empty store.",
            code="RESTORE_UNFINISHED",
        )
    if found.version > SCHEMA:
        raise SchemaMismatch(
            f"The store was written by a newer program (version {found.version} of its form, this "
            f"program knows {SCHEMA}). Nothing was changed. Start the newer program again, or "
            "restore a backup of before the upgrade into an empty store.",
            code="SCHEMA_NEWER",
        )
    if found.version < SCHEMA and not older:
        raise SchemaMismatch(
            f"The store is of an older form (version {found.version}, this program writes "
            f"{SCHEMA}). Stop every process of the older program, then run `tracker upgrade`: it "
            "makes the views anew from the ledger, which stays as it is."
        )
