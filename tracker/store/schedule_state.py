"""What the schedule remembers between two looks at the clock."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field
from redis.asyncio import Redis

from tracker.store.keys import CLOSED_UNTIL


class Agenda(Struct):
    """Which markets are to be asked when (ms), and what that rests on; of one process.

    `heard`: the number of the news up to which was listened. `walked_at`: when all markets were
    asked last, `prefixes` those that there were (id → prefix), `closed` the last closed day then.
    `unsealed`: those whose ledger went on after the newest seal when they were asked last.
    """

    due: dict[str, int] = field(default_factory=dict)
    heard: int | None = None
    walked_at: int | None = None
    prefixes: dict[str, str] = field(default_factory=dict)
    closed: int | None = None
    unsealed: set[str] = field(default_factory=set)


class ScheduleState:
    """The last day that the schedule closed; days before the first start are nobody's.

    `sealed_at` is when this process last had nothing left to seal: not stored, for another
    process may well look once more. So is `sets_dropped`: the first day whose sets of vendors paid
    are kept, and the market up to which older ones were dropped (None = of all). So is `agenda`.
    """

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self.sealed_at: int | None = None
        self.sets_dropped: tuple[int, str | None] = (0, "")
        self.agenda = Agenda()

    async def closed_until(self) -> int | None:
        """The last closed day, or None before the first start."""
        raw = await self._client.get(CLOSED_UNTIL)
        return None if raw is None else int(raw)

    async def close(self, day: int) -> None:
        """Remembers a closed day; an older one changes nothing, for runs may end in any order."""
        known = await self.closed_until()
        if known is None or known < day:
            await self._client.set(CLOSED_UNTIL, day)
