"""Secrets of the installation that live in the store, wrapped by the master key."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from tracker.store.keys import SECRETS

LOOKUP = "lookup"
"""The key of all look-up HMACs: they outlive every master key."""


class Secrets:
    """Wrapped secrets by name; each is set once and for ever."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing

    async def get(self, name: str) -> bytes | None:
        """The wrapped secret."""
        found: bytes | None = await self._client.hget(SECRETS, name)
        return found

    async def put_once(self, name: str, wrapped: bytes) -> bytes:
        """Sets the secret unless another process was faster; returns the one that stands."""
        await self._client.hsetnx(SECRETS, name, wrapped)
        stands: bytes = await self._client.hget(SECRETS, name)
        return stands
