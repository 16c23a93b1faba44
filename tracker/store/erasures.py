"""Erasures that are not yet done everywhere, and the list of the erased.

A commit that erases leaves in its market what is still to be cleared away: the look-ups under which
the vendor is found. It goes when they are gone and the server's log was written anew, so a death in
between leaves nothing behind for good. The list of the erased is kept for restores: a copy of the
store that is older than an erasure holds the data key again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

from msgspec import msgpack
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ResponseError

from tracker.store.cluster import servers
from tracker.store.commit import Commit
from tracker.store.keys import ERASED, LOG_REWRITE, Space, accounts

_COVERS: Final = "covers:"


class Pending(NamedTuple):
    """One erasure to be completed: the vendor, when it was decided (ms), the look-ups to clear."""

    market: str
    number: int
    vendor: str
    at: int
    lookups: tuple[str, ...]

    @property
    def name(self) -> str:
        """The vendor as the account index names it."""
        return f"{self.market}:{self.number}"


class LogState(NamedTuple):
    """The server's log: whether it is kept, is being written anew, and how the last time ended.

    Of a cluster that of all servers that take writes: any is kept or busy, all ended well.
    """

    server: str
    kept: bool
    busy: bool
    ok: bool


class Rewrite(NamedTuple):
    """The rewrite of the log that was asked for last: of which server, when, for which vendors.

    It was refused where it covers none.
    """

    server: str
    begun: int
    covers: frozenset[str]


def put(commit: Commit, space: Space, pending: Pending) -> None:
    """The vendor's data key goes, and what is left to do is kept, with the facts that say so."""
    commit.drop(space.data_keys, str(pending.number))
    commit.record(space.erasing, str(pending.number), _encode(pending), new=False)


class Erasures:
    """The erasures of one store."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        script = files("tracker.store").joinpath("account_forget.lua").read_text("utf-8")
        self._forget = AsyncScript(client, script)

    async def waiting(self, markets: Sequence[str]) -> list[Pending]:
        """The erasures of these markets that are not done everywhere."""
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.hgetall(Space(market).erasing)
        found = await pipeline.execute() if markets else []
        return [
            pending_of(market, number, raw)
            for market, some in zip(markets, found, strict=True)
            for number, raw in some.items()
        ]

    async def clear_index(self, pending: Pending) -> None:
        """Nothing in the account index names the vendor any more."""
        parts: dict[str, list[str]] = {}
        for lookup in pending.lookups:
            parts.setdefault(accounts(lookup), []).append(lookup)
        for part, lookups in parts.items():
            await self._forget(keys=[part], args=[pending.name, *lookups])

    async def forget_lookups(self, done: Collection[Pending]) -> None:
        """Drops the look-ups of erasures that were cleared, so that the new log is without them."""
        for pending in done:
            left = _encode(pending._replace(lookups=()))
            key = Space(pending.market).erasing
            await self._client.hset(key, str(pending.number), left)

    async def settled(self, done: Collection[Pending]) -> None:
        """These are done; they stay on the list of the erased."""
        if done:
            await self._client.hset(ERASED, mapping={p.vendor: p.at for p in done})
        for pending in done:
            await self._client.hdel(Space(pending.market).erasing, str(pending.number))

    async def listed(self) -> dict[str, int]:
        """Vendor codes of all erasures that are done, with the moment (ms) of each."""
        found: Mapping[bytes, bytes] = await self._client.hgetall(ERASED)
        return {vendor.decode(): int(at) for vendor, at in sorted(found.items())}

    # ── the server's log ─────────────────────────────────────────────────────────────────────

    async def log_state(self) -> LogState:
        """How the server's log stands."""
        logs, ids = [], []
        for client in await self._writing():
            logs.append(await client.info("persistence"))
            ids.append(str((await client.info("server"))["run_id"]))
        return LogState(
            server=",".join(sorted(ids)),
            kept=any(log["aof_enabled"] for log in logs),
            busy=any(
                log["aof_rewrite_in_progress"] or log["aof_rewrite_scheduled"] for log in logs
            ),
            ok=all(log["aof_last_bgrewrite_status"] == "ok" for log in logs),
        )

    async def rewrite_begun(self) -> Rewrite | None:
        """The rewrite that was asked for last and is not settled."""
        found = {
            k.decode(): v.decode() for k, v in (await self._client.hgetall(LOG_REWRITE)).items()
        }
        if not found:
            return None
        covers = (name.removeprefix(_COVERS) for name in found if name.startswith(_COVERS))
        return Rewrite(found["server"], int(found["begun"]), frozenset(covers))

    async def rewrite_log(self) -> bool:
        """Has the server write its log anew, without what was deleted; False: it refuses to."""
        try:
            for client in await self._writing():
                await client.bgrewriteaof()
        except ResponseError:
            return False
        return True

    async def _writing(self) -> list[Any]:
        return [server.client for server in await servers(self._client) if server.primary]

    async def note_rewrite(self, server: str, now: int, covers: Sequence[str]) -> None:
        """Notes what a rewrite covers, none where it was refused.

        After it was asked for: whoever dies in between leaves no note, and it is asked for again.
        """
        note = {"server": server, "begun": now, **dict.fromkeys((_COVERS + c for c in covers), "")}
        pipeline = self._client.pipeline(transaction=True)
        pipeline.delete(LOG_REWRITE)
        pipeline.hset(LOG_REWRITE, mapping=note)
        await pipeline.execute()

    async def end_rewrite(self) -> None:
        """The rewrite is settled."""
        await self._client.delete(LOG_REWRITE)


def pending_of(market: str, number: str | bytes, raw: bytes) -> Pending:
    """An erasure as a market keeps it, under the vendor's number."""
    return Pending(market, int(number), *_decode(raw))


def _encode(pending: Pending) -> bytes:
    return msgpack.encode((pending.vendor, pending.at, pending.lookups))


def _decode(raw: bytes) -> tuple[str, int, tuple[str, ...]]:
    return msgpack.decode(raw, type=tuple[str, int, tuple[str, ...]])
