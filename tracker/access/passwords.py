"""Passwords: argon2id, in a thread, a few at a time.

19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet, argon2id): some 20 ms a check. A
login that there is not costs the same: its password is checked against one that nobody has.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from tracker.domain.errors import Unavailable

T = TypeVar("T")

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1

AT_ONCE: Final = 2
WAITING_MAX: Final = 64
"""Beyond this a sign-in is refused at once: whoever waits longer has gone away."""


class Passwords:
    """Hashes and checks; `work` counts how often either was done."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobodys: str | None = None
        self.work = 0

    async def hash(self, password: str) -> bytes:
        """The password's hash in argon2's own notation, parameters and salt included."""
        return (await self._in_turn(lambda: self._hasher.hash(_plain(password)))).encode()

    async def verify(self, stored: bytes | None, password: str) -> bool:
        """Whether this is the password behind the hash; of None never, by the same work."""
        right = await self._in_turn(lambda: self._matches(stored, password))
        return right and stored is not None

    def _matches(self, stored: bytes | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash(secrets.token_hex(16))
        try:
            known = self._nobodys if stored is None else stored.decode()
            return self._hasher.verify(known, _plain(password))
        except VerifyMismatchError:
            return False

    async def _in_turn(self, act: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Unavailable("Many people sign in at this moment. Try again.", code="BUSY")
        self._waiting += 1
        try:
            async with self._turn:
                self.work += 1
                return await asyncio.to_thread(act)
        finally:
            self._waiting -= 1


def _plain(password: str) -> bytes:
    """One spelling of what was typed (RFC 8265 §4.2): keyboards compose marks differently."""
    return unicodedata.normalize("NFC", password).encode()
