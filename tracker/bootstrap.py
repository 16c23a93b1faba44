"""The one composition root: settings in, a `Tracker` out. What a test replaces is an argument."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from os import environ
from typing import Any
from urllib.parse import urlsplit

from tracker.access.master_key import MASTER_KEY_ENV, KeySource
from tracker.access.vault import Keyring
from tracker.clock import SteadyClock
from tracker.domain.errors import Invalid, Unavailable
from tracker.services.context import Tracker
from tracker.services.schema import require_present
from tracker.settings import Settings
from tracker.store.beats import Beats
from tracker.store.client import connect, is_cluster
from tracker.store.durability import require_durable
from tracker.store.embedded import socket_of
from tracker.store.queue import QueueClient
from tracker.store.secrets import LOOKUP, Secrets


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
    """The queue's address: the setting, or database 1 of the store's server.

    Raises `Invalid` where that would be a cluster, on which the queue does not run.
    """
    url = settings.queue_url or store_url(settings)
    if is_cluster(url):
        raise Invalid(
            "The job queue does not run on a cluster. Set TRACKER_QUEUE_URL to a single server, "
            "such as redis://queue.example:6379/0; it holds ids of jobs and no data.",
            code="SETTING_INVALID",
        )
    if settings.queue_url is not None:
        return url
    if url.startswith("unix://"):
        return url.replace("?db=0", "?db=1")
    parts = urlsplit(url)
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + 1}").geturl()


def lock_url(settings: Settings) -> str:
    """Where the schedule's lock lies: beside the data, or beside the queue of a cluster.

    Its thread speaks to one server; who holds it is safe beside another (`tracker.store.lock`).
    """
    url = store_url(settings)
    return queue_url(settings) if is_cluster(url) else url


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


async def _clock(client: Any) -> SteadyClock:
    """The machine's clock, not before the schedule's last look."""
    last = await Beats(client).last_tick()
    return SteadyClock(0 if last is None else last.at)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Any]:
    """A client of the store of these settings, whatever is in it, closed at the end.

    Raises `VolatileStore`. For a restore, which is what makes a store of an empty one.
    """
    client = connect(store_url(settings), max_connections=settings.store_connections_max)
    try:
        await require_durable(client, accept_volatile=settings.accept_volatile_store)
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def open_tracker(
    settings: Settings, *, now: Callable[[], int] | None = None, older: bool = False
) -> AsyncIterator[Tracker]:
    """A tracker on the store of these settings, closed at the end.

    Raises `VolatileStore` where the store could lose what it acknowledged, `SchemaMismatch` where
    it is in another form than this program writes (with `older`: in a newer one), `BadMasterKey`
    where the keys do not fit, `Unavailable` `CLOCK_BACK` where the machine's clock is far behind.
    """
    queue = QueueClient(queue_url(settings))
    client = connect(store_url(settings), max_connections=settings.store_connections_max)
    try:
        await require_durable(client, accept_volatile=settings.accept_volatile_store)
        await require_present(client, older=older)
        keyring = await _keyring(Secrets(client), settings)
        tracker = Tracker(
            settings=settings,
            client=client,
            keyring=keyring,
            now=now or await _clock(client),
            dispatch=queue.dispatch,
            queue=queue,
        )
        async with tracker.news.kept():
            yield tracker
    finally:
        queue.close()
        await client.aclose()
