"""How large an installation is, where that is cheap to tell."""

from __future__ import annotations

from msgspec import Struct

from tracker.services.context import Tracker
from tracker.store.server_state import read_servers


class Server(Struct, frozen=True):
    """One server of the store; bytes, `memory_max` 0 where it has no limit of its own."""

    name: str
    product: str
    memory_used: int
    memory_max: int
    log_bytes: int


class Sizes(Struct, frozen=True):
    """The store's servers, and entries of the feed of published figures."""

    servers: list[Server]
    feed: int


async def read_sizes(tracker: Tracker) -> Sizes:
    """The sizes now, in a few round trips."""
    servers = [
        Server(
            name,
            f"{state.name} {state.version}",
            state.memory_used,
            state.memory_max,
            state.log_bytes,
        )
        for name, state in (await read_servers(tracker.client)).items()
    ]
    return Sizes(servers, await tracker.publications.feed_position())
