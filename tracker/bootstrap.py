"""The one composition root: settings in, a `Tracker` out. What a test replaces is an argument."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from os import environ

from tracker.access.master_key import MASTER_KEY_ENV, KeySource
from tracker.access.vault import Keyring
from tracker.domain.errors import Unavailable
from tracker.services.context import Tracker
from tracker.settings import Settings
from tracker.store.client import connect
from tracker.store.durability import require_durable
from tracker.store.embedded import socket_of
from tracker.store.queue import QueueClient
from tracker.store.secrets import LOOKUP, Secrets


def wall_clock() -> int:
    """Now, in ms since the epoch."""
    return time.time_ns() // 1_000_000


def store_url(settings: Settings) -> str:
    """The store's address: the setting, or the embedded server that runs on the data directory.

    Raises `Unavailable` where there is neither.
    """
    if settings.store_url is not None:
        return settings.store_url
    socket = socket_of(settings.data)
    if socket is None:
        raise Unavailable(
            f"No store runs on {settings.data}. Start it with `tracker up --data {settings.data}`, "
            "or set TRACKER_STORE_URL.",
            code="NO_STORE",
        )
    return f"unix://{socket}?db=0"


def queue_url(settings: Settings) -> str:
    """The queue's address: the setting, or database 1 of the store's server."""
    if settings.queue_url is not None:
        return settings.queue_url
    url = store_url(settings)
    if url.startswith("unix://"):
        return url.replace("?db=0", "?db=1")
    return url.rstrip("/").removesuffix("/0") + "/1"


async def _keyring(secrets: Secrets, settings: Settings) -> Keyring:
    """The keys of this store. A store that has secrets is never given a new master key."""
    wrapped = await secrets.get(LOOKUP)
    source = KeySource(settings.data, environ.get(MASTER_KEY_ENV))
    masters = source.load(create=wrapped is None)
    keyring = Keyring(masters)
    if wrapped is None:
        wrapped = await secrets.put_once(LOOKUP, keyring.wrap(keyring.new_data_key()))
    lookup_secret = keyring.unwrap(wrapped)
    return Keyring(masters, lookup_secret=lookup_secret, source=source.changed)


@asynccontextmanager
async def open_tracker(
    settings: Settings, *, now: Callable[[], int] = wall_clock
) -> AsyncIterator[Tracker]:
    """A tracker on the store of these settings, closed at the end.

    Raises `VolatileStore` where the store could lose what it acknowledged, `BadMasterKey` where
    the keys do not fit.
    """
    client = connect(store_url(settings), max_connections=settings.store_connections_max)
    queue = QueueClient(queue_url(settings))
    try:
        await require_durable(client, accept_volatile=settings.accept_volatile_store)
        keyring = await _keyring(Secrets(client), settings)
        yield Tracker(
            settings=settings, client=client, keyring=keyring, now=now, dispatch=queue.dispatch
        )
    finally:
        queue.close()
        await client.aclose()
