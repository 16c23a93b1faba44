"""The door: a key's document and the count of its requests, in one round trip.

The caller shows the document that it knows. While that is the one that stands, the request is
counted in the key's window; else the new document comes back and nothing is counted. So what a
process remembers of a key is never older than its last request, and a revocation works at once.

The window slides: at any moment it holds the requests of the last `WINDOW_S` seconds by the
store's clock, whichever process counted them. Refused requests are not counted. Documents and
windows carry the service's tag, so on a cluster one node is the door of all; it passes some
100 000 requests a second.
"""

from __future__ import annotations

from hashlib import sha1
from importlib.resources import files
from typing import Any, Final

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from tracker.domain.facts import ServiceFact, decode_service
from tracker.store.keys import SERVICE, Space, window

SCRIPT: Final = files("tracker.store").joinpath("doorkeeper.lua").read_text("utf-8")
SHA: Final = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
WINDOW_S: Final = 60
WINDOW_US: Final = WINDOW_S * 1_000_000


class Counted(Struct, frozen=True):
    """Whether the request may go on, how many more may now, µs until one more may."""

    passes: bool
    left: int
    wait_us: int


class Document(Struct, frozen=True):
    """What stands of a subject: its bytes (empty: there is none) and its facts."""

    raw: bytes
    facts: tuple[ServiceFact, ...]


UNKNOWN: Final = Document(b"", ())


class Doorkeeper:
    """Asks the store at the door."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client  # redis-py types replies as unions that say nothing
        self._documents = Space(SERVICE).docs

    async def ask(self, subject: str, known: bytes, requests_max: int) -> Counted | Document:
        """Counts one request of `subject`, at most so many a window (0: without limit).

        A `Document` where `known` is not what stands; nothing is counted then.
        """
        keys = self._documents, window(subject)
        asked = SHA, len(keys), *keys, subject, known, requests_max, WINDOW_US
        try:
            reply = await self._client.evalsha(*asked)
        except NoScriptError:  # a restart of the store; nothing was done
            await self._client.script_load(SCRIPT)
            reply = await self._client.evalsha(*asked)
        if len(reply) == 1:
            raw: bytes = reply[0]
            return Document(raw, decode_service(raw)) if raw else UNKNOWN
        passes, left, wait_us = reply
        return Counted(passes == 1, left, wait_us)
