"""Records of people who sign in: logins, passwords, one-time links. All but reads go by commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct, msgpack
from redis.asyncio import Redis

from tracker.domain.facts import ServiceFact, decode_service
from tracker.store.keys import INVITATIONS, LOGINS, PASSWORDS, SERVICE, Space


class Invitation(Struct, frozen=True, array_like=True):
    """A one-time link: until when (ms) it opens, and SHA-256 of its secret."""

    expires: int
    digest: bytes


class Account(NamedTuple):
    """All that is kept of one person; `raw_invitation` is empty once the link was used."""

    facts: tuple[ServiceFact, ...]
    password: bytes | None
    raw_invitation: bytes | None

    @property
    def invitation(self) -> Invitation | None:
        """The link that may still open, expired or not."""
        return _invitation(self.raw_invitation) if self.raw_invitation else None


_invitation = msgpack.Decoder(Invitation).decode
invitation_bytes = msgpack.Encoder().encode


def subject(person: str) -> str:
    """The service's subject that holds a person's facts."""
    return f"person:{person}"


class PeopleStore:
    """Reads of people's records."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing

    async def account(self, person: str) -> Account:
        """One person in one round trip; without facts where there is none."""
        pipeline = self._client.pipeline(transaction=False)
        pipeline.hget(Space(SERVICE).docs, subject(person))
        pipeline.hget(PASSWORDS, person)
        pipeline.hget(INVITATIONS, person)
        document, password, invitation = await pipeline.execute()
        facts = () if document is None else decode_service(document)
        return Account(facts, password, invitation)

    async def holder(self, login: str) -> str | None:
        """Whose login (keyed hash) it is: None where it was never used, '' where nobody's now."""
        found = await self._client.hget(LOGINS, login)
        return None if found is None else found.decode()

    async def data_keys(self, people: Sequence[str]) -> list[bytes | None]:
        """The wrapped data keys of some people."""
        if not people:
            return []
        found: list[bytes | None] = await self._client.hmget(Space(SERVICE).data_keys, list(people))
        return found
