"""When keys, people and sessions were last used: a record, a minute exact, written in batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis.asyncio import Redis

from tracker.store.keys import USED, sessions_seen


class LastUsedStore:
    """The minutes (ms) by principal, and by session."""

    def __init__(self, client: Redis, *, session_ms: int) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._session_ms = session_ms

    async def write(
        self, principals: Mapping[str, int], by_person: Mapping[str, Mapping[str, int]]
    ) -> None:
        """Writes what was noted; of two processes the later writer's minute stands."""
        pipeline = self._client.pipeline(transaction=False)
        if principals:
            pipeline.hset(USED, mapping=dict(principals))
        for person, used in by_person.items():
            pipeline.hset(sessions_seen(person), mapping=dict(used))
            pipeline.pexpire(sessions_seen(person), self._session_ms)
        await pipeline.execute()

    async def of_principals(self) -> dict[str, int]:
        """The minute in which each principal last asked, of those that ever did."""
        found = await self._client.hgetall(USED)
        return {principal.decode(): int(ms) for principal, ms in found.items()}
