"""Which form the views of a store have: a number that the program compares with its own.

The number says what `rebuild` would make of the ledger. A change of any view (its key, its bytes,
a new one) raises `SCHEMA`; facts have no version, for they are only ever added to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tracker.store.keys import SCHEMA_VERSION, SERVICE, Space

if TYPE_CHECKING:
    from redis.asyncio import Redis

SCHEMA: Final = 4
"""The form that this program writes. 1 is every store of before there was a number; up to 2 reports
of activity were kept whole, up to 3 a row held what is now in sets."""

RESTORING: Final = "restoring"
"""Stands in place of the number while a restore is at work."""


class Found(NamedTuple):
    """What a store says of itself: its number, or that a restore of it was never finished."""

    version: int
    restoring: bool = False


class SchemaVersion:
    """The number of one store."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing

    async def read(self) -> Found:
        """The store's number; an empty store gets the present one by being asked."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.get(SCHEMA_VERSION)
        pipeline.exists(Space(SERVICE).ledger)
        said, written = await pipeline.execute()
        if said is None and not written:
            await self._client.set(SCHEMA_VERSION, SCHEMA, nx=True)
            said = await self._client.get(SCHEMA_VERSION)
        return found(said)

    async def put(self, version: int) -> None:
        """From now on the store is in this form."""
        await self._client.set(SCHEMA_VERSION, version)

    async def begin_restoring(self) -> bool:
        """Nobody may use the store until `put`; False where it says anything already."""
        return bool(await self._client.set(SCHEMA_VERSION, RESTORING, nx=True))


def of_server(url: str) -> Found:
    """What the server at a URL says of its store; an empty one is in the present form."""
    from tracker.store.client import connect_sync  # noqa: PLC0415  # others need only the number

    client: Any = connect_sync(url, max_connections=1)
    try:
        said = client.get(SCHEMA_VERSION)
        if said is None and not client.exists(Space(SERVICE).ledger):
            return Found(SCHEMA)
        return found(said)
    finally:
        client.close()


def found(said: bytes | None) -> Found:
    """What is stored, as it is meant; without a number, facts are from before there was one."""
    if said is None:
        return Found(1)
    text = said.decode(errors="backslashreplace")
    return Found(int(text)) if text.isdecimal() else Found(0, restoring=True)
