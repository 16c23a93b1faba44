"""Everything in the store that a master key seals: wrapped keys and stored answers.

For the rotation of the master key, and for erasure, which must not be undone by an answer that is
given again. Nothing is written over what changed since it was read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from importlib.resources import files
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from tracker.store.keys import SECRETS, SERVICE, Space, job, job_file

PAGE: Final = 500
"""Fields or keys a read."""

ANSWERS: Final = "*:answer:*"
"""The pattern of the keys of stored answers, and of some others: see `space_and_name`."""

_FILES: Final = job_file("*")


class Change(NamedTuple):
    """A value as it was read, and what takes its place."""

    field: str
    old: bytes
    new: bytes


class SealedAnswer(NamedTuple):
    """A stored answer: its key in the store, its space, its own name there, the sealed bytes."""

    key: str
    space: str
    name: str
    sealed: bytes

    @property
    def context(self) -> bytes:
        """What it was sealed for."""
        return f"{self.space}:{self.name}".encode()


class SealedStore:
    """Reads what is sealed, and puts something else in its place."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        script = files("tracker.store").joinpath("cas.lua").read_text("utf-8")
        self._cas = AsyncScript(client, script)

    async def data_keys(self, space: str) -> AsyncIterator[dict[str, bytes]]:
        """The wrapped data keys of a space, some at a time; a field may come twice."""
        async for some in self._hash(Space(space).data_keys):
            yield some

    async def secrets(self) -> dict[str, bytes]:
        """The wrapped secrets of the installation."""
        return {name.decode(): raw for name, raw in (await self._client.hgetall(SECRETS)).items()}

    async def put_data_keys(self, space: str, changes: list[Change]) -> int:
        """How many were replaced."""
        return await self._put(Space(space).data_keys, "hash", changes)

    async def put_secrets(self, changes: list[Change]) -> int:
        """How many were replaced."""
        return await self._put(SECRETS, "hash", changes)

    async def answers(self) -> AsyncIterator[SealedAnswer]:
        """Every stored answer; one that comes or goes meanwhile may be left out."""
        async for key in self._client.scan_iter(match=ANSWERS, count=PAGE, _type="string"):
            name = key.decode()
            place = space_and_name(name)
            if place is None:
                continue
            sealed = await self._client.get(name)
            if sealed is not None:
                yield SealedAnswer(name, *place, sealed)

    async def put_answer(self, answer: SealedAnswer, sealed: bytes) -> bool:
        """Another answer in its place, kept as long; whether it still stood."""
        return await self._put(answer.key, "string", [Change("", answer.sealed, sealed)]) == 1

    async def files(self) -> AsyncIterator[str]:
        """The ids of all jobs that have a file."""
        head, tail = _FILES.split("*")
        async for key in self._client.scan_iter(match=_FILES, count=PAGE, _type="hash"):
            yield key.decode().removeprefix(head).removesuffix(tail)

    async def job_records(self) -> AsyncIterator[tuple[str, bytes]]:
        """Every job's record as it is stored, by id."""
        head = job("")
        async for key in self._client.scan_iter(match=job("*"), count=PAGE, _type="string"):
            id_ = key.decode().removeprefix(head)
            raw = None if ":" in id_ else await self._client.get(key)
            if raw is not None:
                yield id_, raw

    async def put_job(self, id_: str, old: bytes, new: bytes) -> bool:
        """Another record in its place, kept as long; whether the old one still stood."""
        return await self._put(job(id_), "string", [Change("", old, new)]) == 1

    async def _hash(self, key: str) -> AsyncIterator[dict[str, bytes]]:
        cursor = 0
        while True:
            cursor, found = await self._client.hscan(key, cursor, count=PAGE)
            if found:
                yield {field.decode(): raw for field, raw in found.items()}
            if cursor == 0:
                return

    async def _put(self, key: str, kind: str, changes: list[Change]) -> int:
        if not changes:
            return 0
        args: list[Any] = [kind]
        for change in changes:
            args += change
        return int(await self._cas(keys=[key], args=args))


def space_and_name(key: str) -> tuple[str, str] | None:
    """Whose stored answer a key is, and its name there; None where it is none."""
    tag, _, name = key.partition(":answer:")
    space = SERVICE if tag == "{sys}" else tag.removeprefix("{m:").removesuffix("}")
    return (space, name) if Space(space).answers + name == key else None


def fields_of(found: Mapping[str, bytes], of: Any) -> list[Change]:
    """The changes that `of` (value → other value, or None) makes to these fields."""
    made = ((name, raw, of(raw)) for name, raw in found.items())
    return [Change(name, old, new) for name, old, new in made if new is not None]
