"""What the server tells of itself: memory, log, syncs, connections, clock."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from tracker.store.cluster import servers


class ServerState(Struct, frozen=True, kw_only=True):
    """A server at a moment. Sizes in bytes; 0 for a limit is none."""

    name: str
    version: str
    role: str
    uptime_s: int
    clock_ms: int
    asked_ms: int
    """Our own clock in the middle of the question for the server's."""

    round_trip_s: float
    memory_used: int
    memory_max: int
    memory_system: int
    policy: str
    log_kept: bool
    log_bytes: int
    log_base_bytes: int
    log_write_ok: bool
    log_rewrite_ok: bool
    log_rewriting: bool
    delayed_syncs: int
    sync_s: float | None
    """Time spent writing and syncing the log since the start; None where it is not told."""

    loops: int
    """Rounds of its event loop: a round has at most one sync, for all that were served in it."""

    commands: int
    connections: int
    connections_max: int
    connections_refused: int
    evicted: int


async def read_servers(client: Redis) -> dict[str, ServerState]:
    """The state of each server behind a client, by its name ('' for the only one)."""
    found = await servers(client)
    states = await asyncio.gather(*(read_server(server.client) for server in found))
    return {server.name: state for server, state in zip(found, states, strict=True)}


async def read_server(client: Redis) -> ServerState:
    """The server's state, in four round trips. Raises the client's own errors."""
    asked: Any = client  # redis-py types replies as unions that say nothing
    await asked.ping()  # a connection that is only made now is not part of the measurement
    began = time.time()
    seconds, micros = await asked.time()
    took = time.time() - began
    info = await asked.info()
    with suppress(NoPermissionError, ResponseError):  # an older server, or a user who may not
        info |= await asked.info("debug")
    synced = info.get("eventloop_duration_aof_sum")
    valkey = "valkey_version" in info
    return ServerState(
        name="Valkey" if valkey else "Redis",
        version=str(info.get("valkey_version" if valkey else "redis_version", "")),
        role=str(info.get("role", "master")),
        uptime_s=int(info.get("uptime_in_seconds", 0)),
        clock_ms=int(seconds) * 1000 + int(micros) // 1000,
        asked_ms=int((began + took / 2) * 1000),
        round_trip_s=took,
        memory_used=int(info.get("used_memory", 0)),
        memory_max=int(info.get("maxmemory", 0)),
        memory_system=int(info.get("total_system_memory", 0)),
        policy=str(info.get("maxmemory_policy", "")),
        log_kept=bool(info.get("aof_enabled", 0)),
        log_bytes=int(info.get("aof_current_size", 0)),
        log_base_bytes=int(info.get("aof_base_size", 0)),
        log_write_ok=info.get("aof_last_write_status", "ok") == "ok",
        log_rewrite_ok=info.get("aof_last_bgrewrite_status", "ok") == "ok",
        log_rewriting=bool(info.get("aof_rewrite_in_progress", 0)),
        delayed_syncs=int(info.get("aof_delayed_fsync", 0)),
        sync_s=None if synced is None else int(synced) / 1e6,
        loops=int(info.get("eventloop_cycles", 0)),
        commands=int(info.get("total_commands_processed", 0)),
        connections=int(info.get("connected_clients", 0)),
        connections_max=int(info.get("maxclients", 0)),
        connections_refused=int(info.get("rejected_connections", 0)),
        evicted=int(info.get("evicted_keys", 0)),
    )
