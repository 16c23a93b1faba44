"""Tries to sign in: counted before they are checked, so that many at once are many."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from msgspec import Struct
from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.store.keys import tries

SCRIPT: Final = files("tracker.store").joinpath("tries.lua").read_text("utf-8")


class Limits(Struct, frozen=True):
    """How many tries are free, how the delays after them grow, and how many a place has."""

    window_ms: int
    free: int
    delay_ms: int
    delay_ms_max: int
    a_place: int


class Tries:
    """Counts by bucket; buckets are keyed hashes."""

    def __init__(self, client: Redis, limits: Limits) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._script = AsyncScript(client, SCRIPT)
        self._limits = limits

    async def begin(self, bucket: str, place: str | None, now: int) -> int:
        """Counts a try, in the bucket and at the place if given; else the ms to wait first."""
        keys = [tries(bucket), tries(bucket if place is None else place)]
        limits = self._limits
        args = [now, limits.window_ms, limits.free, limits.delay_ms, limits.delay_ms_max]
        wait: int = await self._script(keys=keys, args=[*args, limits.a_place])
        return wait

    async def right(self, bucket: str, place: str | None) -> None:
        """The try was right: the bucket is forgotten, and the place has this try back."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.delete(tries(bucket))
        if place is not None:
            pipeline.hincrby(tries(place), "n", -1)
            pipeline.pexpire(tries(place), self._limits.window_ms)
        await pipeline.execute()
