"""Signs of life of what nobody calls: the schedule's last look at the clock."""

from __future__ import annotations

from typing import Any, Final

from msgspec import DecodeError, Struct, msgpack
from redis.asyncio import Redis

from tracker.store.keys import BEATS

BEAT_MS: Final = 5_000
"""A sign of life is a write, which waits for a sync: one in so long, however often it ticks."""

TICK: Final = "tick"


class Beat(Struct, frozen=True, array_like=True):
    """When a look at the clock ended (ms), how long it took, and whether all its parts worked."""

    at: int
    took_ms: int
    whole: bool


class Beats:
    """The signs of life of one store."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._noted = Beat(0, 0, whole=True)

    async def ticked(self, beat: Beat) -> None:
        """Notes the end of a look, now and then; that one failed, or works again, at once."""
        before = self._noted
        if beat.whole == before.whole and 0 <= beat.at - before.at < BEAT_MS:
            return
        await self._client.hset(BEATS, TICK, msgpack.encode(beat))
        self._noted = beat

    async def last_tick(self) -> Beat | None:
        """The last look that was noted; None before the first."""
        raw = await self._client.hget(BEATS, TICK)
        try:
            return None if raw is None else msgpack.decode(raw, type=Beat)
        except DecodeError:
            return None
