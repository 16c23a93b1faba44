"""The doctor's look at the store's servers: durable, with room, keeping the same time."""

from __future__ import annotations

from typing import Any, Final

from tracker.access.master_key import KEY_ID_BYTES, BadMasterKey, load_master_keys
from tracker.services import schema
from tracker.services.doctor import Finding, error, warning
from tracker.settings import Settings
from tracker.store import durability
from tracker.store.secrets import LOOKUP, Secrets
from tracker.store.server_state import ServerState, read_servers

SKEW_WARN_MS, SKEW_ERROR_MS = 2_000, 60_000
"""Facts carry our clock, leases and limits the store's."""

HIGH: Final = 0.8
"""Of memory or connections: the rest goes within weeks in a city that grows, or within a burst."""

UNLIMITED_MAX: Final = 0.6
"""Of the machine's memory, where the server has no limit of its own: a rewrite needs some too."""

LOG_TIMES, LOG_BYTES_MIN = 4, 64 << 20
"""A log that is so many times what a rewrite left: rewrites do not happen."""


async def look(settings: Settings, client: Any) -> list[Finding]:
    """Everything about the servers and the form of the data."""
    found: list[Finding] = []
    reasons = await durability.check(client)
    if reasons:
        kind = warning if settings.accept_volatile_store else error
        says = f"The store could lose what it acknowledged: {'; '.join(reasons)}."
        found.append(kind("STORE_VOLATILE", says, "Mend each setting that is named."))
    for name, state in (await read_servers(client)).items():
        found += of_server(name, state)
    return found


async def look_at_form(client: Any) -> list[Finding]:
    """Whether the data are in the form of this program; what is not is raised by `schema`."""
    await schema.require_present(client)
    return []


async def look_at_key(settings: Settings, client: Any, given: str | None) -> list[Finding]:
    """Whether the master key is the one that the store was sealed with."""
    wrapped = await Secrets(client).get(LOOKUP)
    try:
        keys = load_master_keys(settings.data, given, create=False)
    except (BadMasterKey, OSError):
        return []  # said by the look at the directory
    if wrapped is None or wrapped[:KEY_ID_BYTES] in {key.id for key in keys}:
        return []
    ours = ", ".join(key.id.hex() for key in keys)
    says = f"The store wants the master key {wrapped[:KEY_ID_BYTES].hex()}; here is {ours}."
    do = "Put the right key back; names and accounts do not open with this one."
    return [error("KEY_WRONG", says, do)]


def of_server(name: str, state: ServerState) -> list[Finding]:
    """What is wrong with one server; `name` is '' for the only one."""
    which = f"The store {name}" if name else "The store"
    return [*_memory(which, state), *_log(which, state), *_rest(which, state)]


def _memory(which: str, state: ServerState) -> list[Finding]:
    if state.memory_max == 1:
        says = f"{which} takes no writes: its disk has too little room."
        return [error("WRITES_REFUSED", says, "Make room on its disk; it goes on by itself.")]
    limit, used = state.memory_max, state.memory_used
    told = f"{used >> 20} of {limit >> 20} MiB of memory are used."
    do = "Give it more (TRACKER_STORE_MEMORY_BYTES_MAX, or maxmemory of your own store)."
    if limit and used >= limit:
        return [error("MEMORY_FULL", f"{which} takes no writes: {told}", do)]
    if limit and used >= HIGH * limit:
        return [warning("MEMORY_HIGH", f"{which} fills up: {told}", do)]
    if not limit and used > UNLIMITED_MAX * state.memory_system > 0:
        says = f"{which} has no memory limit and takes {used >> 20} MiB of the machine's."
        do = "Set maxmemory, so that it refuses writes before the system kills it."
        return [warning("MEMORY_UNLIMITED", says, do)]
    return []


def _log(which: str, state: ServerState) -> list[Finding]:
    found = []
    if not state.log_write_ok:
        says = f"{which} could not write its log the last time."
        found.append(error("LOG_WRITE_FAILED", says, "Look at its disk: room, rights, faults."))
    if not state.log_rewrite_ok:
        says = f"{which} could not write its log anew the last time; the log grows."
        do = "See its log for the reason: mostly too little disk, or memory to fork."
        found.append(warning("LOG_REWRITE_FAILED", says, do))
    base = max(state.log_base_bytes, LOG_BYTES_MIN)
    if state.log_bytes > LOG_TIMES * base and not state.log_rewriting:
        says = f"The log is {state.log_bytes >> 20} MiB long and is not written anew by itself."
        do = "Set auto-aof-rewrite-percentage to 25, and run BGREWRITEAOF once."
        found.append(warning("LOG_LONG", says, do))
    return found


def _rest(which: str, state: ServerState) -> list[Finding]:
    found = []
    skew = abs(state.clock_ms - state.asked_ms)
    if skew > SKEW_WARN_MS:
        kind = error if skew > SKEW_ERROR_MS else warning
        says = f"{which}'s clock and this machine's differ by {skew / 1000:.0f} seconds."
        found.append(kind("CLOCK_SKEW", says, "Let both keep time by NTP (chrony)."))
    if state.connections_max and state.connections >= HIGH * state.connections_max:
        says = f"{which} has {state.connections} of {state.connections_max} connections open."
        do = "Raise maxclients, or lower TRACKER_STORE_CONNECTIONS_MAX of each process."
        found.append(warning("CONNECTIONS_HIGH", says, do))
    if state.evicted:
        says = f"{which} has evicted {state.evicted} keys: data are lost."
        do = "Set maxmemory-policy noeviction at once, run `tracker verify`, restore a backup."
        found.append(error("EVICTED", says, do))
    return found
