"""Who holds an account or a reference, over all markets: keyed hashes, never what they stand for.

A commit that links an account or names a reference leaves a mark in its market; the indexer adds
what is marked and takes the mark away if nothing changed meanwhile. Adding again changes nothing,
so a death in between costs nothing. Holders stay once they are named; who reads one looks at the
vendor itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.store.keys import Space, accounts


class AccountIndex:
    """Look-up (hex of a keyed hash) → holders (texts without spaces)."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        scripts = files("tracker.store")
        self._add = AsyncScript(client, scripts.joinpath("account_index.lua").read_text())
        self._indexed = AsyncScript(client, scripts.joinpath("indexed.lua").read_text())

    async def waiting(self, markets: Sequence[str]) -> list[str]:
        """Markets with vendors that are not indexed yet."""
        pipeline = self._client.pipeline(transaction=False)
        for market in markets:
            pipeline.exists(Space(market).unindexed)
        found = await pipeline.execute()
        return [market for market, some in zip(markets, found, strict=True) if some]

    async def unindexed(self, market: str) -> dict[int, bytes]:
        """The market's vendors to index, each with the state that asked for it."""
        found = await self._client.hgetall(Space(market).unindexed)
        return {int(number): state for number, state in found.items()}

    async def to_index(self, market: str, numbers: Mapping[int, bytes]) -> None:
        """Marks vendors as a commit does: number → state, as `unindexed` gives it back."""
        if numbers:
            fields = {str(number): state for number, state in numbers.items()}
            await self._client.hset(Space(market).unindexed, mapping=fields)

    async def add(self, held: Mapping[str, Sequence[str]]) -> None:
        """Holders by look-up; those that are named already stay once."""
        pipeline = self._client.pipeline(transaction=False)
        for lookup, holders in held.items():
            await self._add(keys=[accounts(lookup)], args=[lookup, *holders], client=pipeline)
        await pipeline.execute()

    async def indexed(self, market: str, done: Mapping[int, bytes]) -> None:
        """These vendors are indexed in the state given."""
        args: list[bytes] = []
        for number, state in done.items():
            args += [str(number).encode(), state]
        await self._indexed(keys=[Space(market).unindexed], args=args)

    async def holders(self, lookup: str) -> list[str]:
        """Everybody who was ever named under a look-up."""
        return (await self.holders_of([lookup]))[lookup]

    async def holders_of(self, lookups: Collection[str]) -> dict[str, list[str]]:
        """As `holders`, for many look-ups in one round trip."""
        if not lookups:
            return {}
        pipeline = self._client.pipeline(transaction=False)
        for lookup in lookups:
            pipeline.hget(accounts(lookup), lookup)
        found = zip(lookups, await pipeline.execute(), strict=True)
        return {lookup: [] if held is None else held.decode().split() for lookup, held in found}
