"""Clients of the store: one asynchronous for the service, one blocking for the queue.

**Nothing is sent twice.** redis-py's default of ten silent retries ran one INCR twice: it sends a
command again when the connection broke after it was sent. Here retries are off everywhere. A
caller may repeat a read once; a write is repeated only by what makes it safe, the idempotency key
in the commit script.

**RESP2.** Values are bytes in both protocols and nothing here needs RESP3's types. RESP2 saves a
round trip (HELLO) a connection, and on it a server never speaks unasked: an idle connection that
has something to read is a dead one. The pool looks before each use and connects anew *before*
sending, so connections from before a restart of the server cost nothing. RESP3 with redis-py's
maintenance notices, on by default, switches that look off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import redis
import redis.asyncio
from hiredis import pack_command
from redis._parsers.hiredis import NOT_ENOUGH_DATA
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import InvalidResponse, OutOfMemoryError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from tracker.store.cluster import Cluster
from tracker.store.diskguard import is_low
from tracker.store.failures import DiskLow
from tracker.store.slot_map import Address

CLUSTER_SCHEMES: Final = {"cluster": "redis", "clusters": "rediss"}
"""How the URL of a cluster begins, and that of each of its nodes; `clusters` is with TLS."""

PORT: Final = 6379
HEALTH_CHECK_S = 30  # a connection idle for longer is asked (PING) before it is trusted
POP_MARGIN_S = 10.0  # RQ gives its blocking pops this much more before it calls them dead


def _options(timeout_s: float, read_s: float | None) -> dict[str, Any]:
    return {
        "timeout": timeout_s,  # waiting for a free connection
        "socket_connect_timeout": timeout_s,
        "socket_timeout": read_s,
        "health_check_interval": HEALTH_CHECK_S,
        "decode_responses": False,
        "protocol": 2,
        "driver_info": None,  # else each client reads the package's files, each connection says it
        # Only matters where a URL asks for RESP3: keeps the look before use.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }


def connect(url: str, *, max_connections: int = 64, timeout_s: float = 10.0) -> redis.asyncio.Redis:
    """An asynchronous client; it connects on first use and must be closed (``aclose``).

    `url` is ``unix://PATH?db=N``, ``redis://`` or ``rediss://``; options in its query win over
    ours. ``cluster://USER:PASSWORD@HOST:PORT,HOST:PORT`` (``clusters://`` with TLS) names some
    nodes of a cluster; each of its nodes is given `max_connections`. `timeout_s` bounds each of:
    waiting for a free connection, connecting, sending, reading.

    Commands raise `redis.exceptions.ConnectionError` (not sent, or sent with an unknown outcome)
    and `redis.exceptions.TimeoutError` (outcome unknown). Raises ValueError for another kind of
    URL.
    """
    if is_cluster(url):
        seeds, node_url = _nodes_of(url)
        return Cluster(
            seeds,
            lambda at: connect(node_url(at), max_connections=max_connections, timeout_s=timeout_s),
        )
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        retry=AsyncRetry(NoBackoff(), 0),
        **_options(timeout_s, timeout_s),
    )
    pool.connection_class = _PACKED[pool.connection_class]
    return redis.asyncio.Redis.from_pool(pool)


def is_cluster(url: str) -> bool:
    """Whether a URL is that of a cluster."""
    return url.partition("://")[0] in CLUSTER_SCHEMES


def _nodes_of(url: str) -> tuple[list[Address], Callable[[Address], str]]:
    """The addresses in the URL of a cluster, and what makes the URL of any of its nodes."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    if parts.path.strip("/0") or not all(hosts.split(",")):
        raise ValueError(
            "The URL of a cluster is cluster://HOST:PORT,HOST:PORT (clusters:// with TLS), with "
            "USER:PASSWORD@ before the hosts if it asks for them; it has no other database than 0."
        )
    found = [urlsplit(f"//{host}") for host in hosts.split(",")]
    scheme = CLUSTER_SCHEMES[parts.scheme]

    def node_url(address: Address) -> str:
        host, port = address
        name = f"[{host}]" if ":" in host else host
        return f"{scheme}://{user}{at}{name}:{port}/0" + (f"?{parts.query}" if parts.query else "")

    return [(one.hostname or "", one.port or PORT) for one in found], node_url


class _Packing:
    """Puts commands on the wire with hiredis, as redis-py's blocking connections do.

    Its asynchronous ones do so in Python, which takes as long as all the rest of a commit. And
    they give each reply a time limit, where in a pipeline most have arrived with the one before.
    """

    _parser: Any

    def pack_command(self, *args: Any) -> list[bytes]:
        packed: list[bytes] = _PACKER.pack(*args)
        return packed

    def pack_commands(self, commands: Iterable[Any]) -> list[bytes]:
        return [b"".join(map(_packed, commands))]

    async def read_response(self, *args: Any, **more: Any) -> Any:
        reader = self._parser._reader
        try:
            reply = NOT_ENOUGH_DATA if reader is None or args or more else reader.gets()
        except InvalidResponse:  # what comes after it cannot be told apart any more
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]  # redis-py's
            raise
        if reply is NOT_ENOUGH_DATA:
            return await super().read_response(*args, **more)  # type: ignore[misc]  # redis-py's
        first = reply[0] if type(reply) is list and reply else reply
        for error in (reply, first):
            if isinstance(error, StoreConnectionError):  # the store is loading, say
                await self.disconnect(nowait=True)  # type: ignore[attr-defined]
                raise error
        if isinstance(reply, ResponseError):
            raise reply
        return reply


def _packed(command: tuple[Any, ...]) -> bytes:
    name = command[0]
    if type(name) is str and " " not in name:
        try:
            return bytes(pack_command(command))
        except TypeError:  # what hiredis does not know: redis-py turns it into bytes, or says so
            pass
    return b"".join(_PACKER.pack(*command))


class _Tcp(_Packing, redis.asyncio.Connection):
    """Over TCP."""


class _Tls(_Packing, redis.asyncio.SSLConnection):
    """Over TLS."""


class _Unix(_Packing, redis.asyncio.UnixDomainSocketConnection):
    """Over a unix socket; tells a full disk of the embedded server from a full memory."""

    async def read_response(self, *args: Any, **more: Any) -> Any:
        try:
            return await super().read_response(*args, **more)
        except OutOfMemoryError as full:
            if is_low(Path(self.path)):
                raise DiskLow(str(full)) from None
            raise


_PACKER = HiredisRespSerializer()
_PACKED: dict[type[Any], type[Any]] = {kind.__bases__[1]: kind for kind in (_Tcp, _Tls, _Unix)}


def connect_sync(
    url: str, *, max_connections: int = 16, timeout_s: float = 10.0, longest_pop_s: float = 0.0
) -> redis.Redis:
    """A blocking client for RQ, by the same rules; to be closed (``close``).

    A worker waits for jobs inside a command of the server (BLMOVE), for ``worker_ttl - 15``
    seconds: give that as `longest_pop_s`, so that a quiet queue is not taken for a dead server.
    (RQ raises too short a limit of its worker's pool by itself, but connections made before keep
    theirs.) RQ reconnects by itself after ConnectionError and TimeoutError of a pop.
    """
    read_s = max(timeout_s, longest_pop_s + POP_MARGIN_S) if longest_pop_s else timeout_s
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=max_connections,
        retry=Retry(NoBackoff(), 0),
        **_options(timeout_s, read_s),
    )
    return redis.Redis.from_pool(pool)
