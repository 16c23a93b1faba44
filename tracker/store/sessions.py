"""Sessions of people on the web: records, found by the digest of their secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec import Struct, msgpack
from redis.asyncio import Redis

from tracker.domain.facts import ServiceFact, decode_service
from tracker.store.keys import SERVICE, Space, sessions, sessions_seen
from tracker.store.people import subject


class Session(Struct, frozen=True, array_like=True):
    """A session: since when, until when at most (ms), and under which password (its event)."""

    created: int
    until: int
    stamp: int


class Seen(NamedTuple):
    """A session and the moment (ms, to the minute) at which it was last used."""

    session: Session
    used: int


_pack = msgpack.Encoder().encode
_unpack = msgpack.Decoder(Session).decode


class SessionStore:
    """Every session of a person lies under two keys, which end when the last session does."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing

    async def put(self, person: str, digest: str, session: Session) -> None:
        """Keeps a session."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hset(sessions(person), digest, _pack(session))
        pipeline.pexpire(sessions(person), session.until - session.created)
        await pipeline.execute()

    async def load(
        self, person: str, digest: str
    ) -> tuple[bytes, tuple[ServiceFact, ...], Seen | None]:
        """The person's document, as stored and as read, and the session, in one round trip."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hget(Space(SERVICE).docs, subject(person))
        pipeline.hget(sessions(person), digest)
        pipeline.hget(sessions_seen(person), digest)
        document, raw, used = await pipeline.execute()
        facts = () if document is None else decode_service(document)
        return document or b"", facts, None if raw is None else _seen(raw, used)

    async def all(self, person: str) -> dict[str, Seen]:
        """Every session kept of a person by its digest, those that ended by themselves too."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hgetall(sessions(person))
        pipeline.hgetall(sessions_seen(person))
        kept, used = await pipeline.execute()
        return {digest.decode(): _seen(raw, used.get(digest)) for digest, raw in kept.items()}

    async def drop(self, person: str, digests: Iterable[str]) -> None:
        """Ends sessions."""
        gone = list(digests)
        if gone:
            pipeline = self._client.pipeline(transaction=True)
            pipeline.hdel(sessions(person), *gone)
            pipeline.hdel(sessions_seen(person), *gone)
            await pipeline.execute()

    async def drop_all(self, person: str) -> None:
        """Ends every session of a person."""
        await self._client.delete(sessions(person), sessions_seen(person))


def _seen(raw: bytes, used: bytes | None) -> Seen:
    session = _unpack(raw)
    return Seen(session, max(session.created, int(used or 0)))
