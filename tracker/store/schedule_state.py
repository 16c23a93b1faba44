"""What the schedule remembers between two looks at the clock."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from tracker.store.keys import CLOSED_UNTIL


class ScheduleState:
    """The last day that the schedule closed; days before the first start are nobody's.

    `sealed_at` is when this process last had nothing left to seal: not stored, for another
    process may well look once more. So is `sets_dropped`: the first day whose sets of vendors paid
    are kept, and the market up to which older ones were dropped (None = of all).
    """

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self.sealed_at: int | None = None
        self.sets_dropped: tuple[int, str | None] = (0, "")

    async def closed_until(self) -> int | None:
        """The last closed day, or None before the first start."""
        raw = await self._client.get(CLOSED_UNTIL)
        return None if raw is None else int(raw)

    async def close(self, day: int) -> None:
        """Remembers a closed day; an older one changes nothing, for runs may end in any order."""
        known = await self.closed_until()
        if known is None or known < day:
            await self._client.set(CLOSED_UNTIL, day)
