"""Does this store keep what it acknowledged? Asked once, before the first write.

With ``appendfsync always`` a server syncs its log before it answers; every weaker setting, and
any policy of eviction, loses facts that were acknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import NoPermissionError, ResponseError
from redis.exceptions import TimeoutError as StoreTimeoutError

from tracker.domain.errors import TrackerError
from tracker.store.cluster import Cluster, Server, servers

WANTED = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",  # with yes, nothing is synced while the log is rewritten
    "maxmemory-policy": "noeviction",
}
VALKEY_MIN, REDIS_MIN = (8, 0), (7, 2)


class VolatileStore(TrackerError):
    """The store could lose or evict what it acknowledges."""

    status = 503
    title = "Store is not durable"
    default_code = "STORE_VOLATILE"


async def check(client: Redis) -> list[str]:
    """Why the store could lose or evict facts, one sentence a reason; empty if it could not.

    Of a cluster every server is asked, replicas too, for each may be the primary tomorrow; one that
    is away loses nothing now. A right that is missing to find out is a reason too. Raises the
    client's own errors where a server that takes writes cannot be reached.
    """
    if not isinstance(client, Cluster):
        return await _check(Server("", client, primary=True), clustered=False)
    return [
        f"{server.name}: {fault}"
        for server in await servers(client)
        for fault in await _check(server, clustered=True)
    ]


async def _check(server: Server, *, clustered: bool) -> list[str]:
    faults: list[str] = []
    client = server.client
    try:
        info = await client.info()
    except (StoreConnectionError, StoreTimeoutError):
        if server.primary:
            raise
        return []
    except NoPermissionError:
        faults.append("INFO is not allowed for this user: grant it (ACL SETUSER … +info)")
    else:
        if clustered and not server.primary:
            info = {**info, "role": "master"}  # here replicas are asked for what they will be
        faults += faults_of_server(info, clustered=clustered)
    try:
        faults += faults_of_settings(dict(await client.config_get(*WANTED)))
    except NoPermissionError:
        faults.append(
            "CONFIG GET is not allowed for this user: grant it (ACL SETUSER … +config|get)"
        )
    except ResponseError as error:  # renamed or removed, as hosted services do
        faults.append(f"CONFIG GET is refused ({error}): use a server that shows its settings")
    return faults


async def require_durable(client: Redis, *, accept_volatile: bool) -> list[str]:
    """The reasons of `check`, if they are accepted; with none given, an empty list.

    Raises `VolatileStore` with all reasons in one line where there are some and
    `accept_volatile` (``--accept-volatile-store``) is not set.
    """
    faults = await check(client)
    if faults and not accept_volatile:
        raise VolatileStore(
            f"the store could lose acknowledged facts: {'; '.join(faults)}."
            " For throw-away use start with --accept-volatile-store"
        )
    return faults


def faults_of_server(info: Mapping[str, Any], *, clustered: bool = False) -> list[str]:
    """What is wrong with a server's version and role, from its INFO.

    `clustered` says that it is asked as one of a cluster.
    """
    faults = []
    if "valkey_version" in info:
        name, version, least = "Valkey", str(info["valkey_version"]), VALKEY_MIN
    else:
        name, version, least = "Redis", str(info.get("redis_version", "")), REDIS_MIN
    if tuple(int(part) for part in version.split(".") if part.isdigit()) < least:
        faults.append(
            f"{name} {version or 'of unknown version'} is too old: use Valkey 8, Redis 7.2 or newer"
        )
    if info.get("role", "master") != "master":
        faults.append("it is a replica and drops writes of its own: use its primary's address")
    if info.get("cluster_enabled") == 1 and not clustered:
        faults.append(
            "it is a node of a cluster and refuses most keys: write cluster://HOST:PORT (with TLS "
            "clusters://) into TRACKER_STORE_URL"
        )
    return faults


def faults_of_settings(settings: Mapping[Any, Any]) -> list[str]:
    """What is wrong with a server's settings, from its CONFIG GET; a missing one is a fault.

    A policy of eviction counts even while maxmemory is 0: it acts as soon as that is set.
    """
    faults = []
    for name, wanted in WANTED.items():
        found = settings.get(name)
        if found is None:
            faults.append(f"{name} cannot be read: use a server that shows it")
        elif found != wanted:
            faults.append(f"{name} is {found}: set it to {wanted}")
    return faults
