"""Calls of many rows under one idempotency key: which request it was, and whether one is at it.

No answer rests on this: each row is a commit under a key of its own, so two twins at once give one
effect. It spares the second the work, and keeps another request from using the key.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final, Literal

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.store.commit import ANSWER_TTL_MS
from tracker.store.keys import Space

AT_IT_MS: Final = 5_000
"""How long a twin is waited for: 500 rows take a second, and who was killed never ends."""

# KEYS 1 the call  ARGV token  reply: 1 where that token was at it
_END: Final = """
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'token', 'until')
"""

Begun = Literal["begun", "other", "running"]


class BulkCalls:
    """The calls of one store."""

    def __init__(self, client: Redis) -> None:
        script = files("tracker.store").joinpath("bulk_call.lua").read_text("utf-8")
        self._begin: Any = AsyncScript(client, script)
        self._end: Any = AsyncScript(client, _END)

    async def begin(self, space: str, key: str, fingerprint: bytes, token: str) -> Begun:
        """Begins the call under `key`, unless that was another request or its twin is at it."""
        args = [fingerprint, token, AT_IT_MS, ANSWER_TTL_MS]
        said: Begun = (await self._begin(keys=[_name(space, key)], args=args)).decode()
        return said

    async def end(self, space: str, key: str, token: str) -> None:
        """Nobody is at the call any more; one that another has taken over stays theirs."""
        await self._end(keys=[_name(space, key)], args=[token])


def _name(space: str, key: str) -> str:
    return f"{Space(space).answers}{key}:call"
