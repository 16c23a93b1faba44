"""Passwords: argon2id, in a thread, a few at a time.

19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet, argon2id): some 20 ms a check. A
login that there is not costs the same: its password is checked against one that nobody has.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

from tracker.domain.errors import Unavailable

T = TypeVar("T")

MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1

GUESSED_BELOW: Final = 3
"""zxcvbn's score below which a password is refused: fewer than some 10^8 guesses."""

READ_CHARS_MAX: Final = 72
"""So much of a password is looked at: the work grows with the square of it."""

VIETNAMESE: Final = (
    "mật khẩu",
    "mat khau",
    "matkhau",
    "tiểu thương",
    "tieuthuong",
    "ngân hàng",
    "nganhang",
    "anh yêu em",
    "anhyeuem",
    "emyeuanh",
    "xin chào",
    "xinchao",
    "vietnam",
    "saigon",
    "hanoi",
    "vungtau",
)
"""What many think of first here; zxcvbn's own lists are mostly English."""

_PARTS: Final = re.compile(r"[\s@._+-]+")

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

    async def guessed(self, password: str, about: Iterable[str]) -> bool:
        """Whether whoever guesses would try it early: a common password, a date, a run of keys, or
        one of the words `about` the person, and what is commonly done to such words.
        """
        words = [*VIETNAMESE, *(part for text in about for part in (text, *_PARTS.split(text)))]
        return await self._in_turn(lambda: _score(password, words) < GUESSED_BELOW)

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


def _score(password: str, words: list[str]) -> int:
    from zxcvbn import zxcvbn  # noqa: PLC0415 - 14 MB of lists, for the few who choose a password

    read = unicodedata.normalize("NFC", password)[:READ_CHARS_MAX]
    return int(zxcvbn(read, user_inputs=words)["score"])


def _plain(password: str) -> bytes:
    """One spelling of what was typed (RFC 8265 §4.2): keyboards compose marks differently."""
    return unicodedata.normalize("NFC", password).encode()
