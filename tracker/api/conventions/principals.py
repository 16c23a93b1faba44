"""Whom a key stands for, and the count of its requests: one round trip a request.

What a process remembers of a key is shown to the store with each request, and used only while it
still stands there (`tracker.store.doorkeeper`): a revocation works at once, in every process. A
key that this process has not seen takes a second round trip, once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from tracker.access import keys as access
from tracker.access.keys import Principal
from tracker.api.conventions.limits import Buckets, Rate, seconds, too_many
from tracker.domain.errors import Unauthenticated
from tracker.domain.facts import ServiceFact
from tracker.services import keys
from tracker.services.context import ATTEMPTS_MAX, Tracker, busy
from tracker.store.doorkeeper import Document, Doorkeeper

KEPT_MAX: Final = 4_096
"""Keys that a process remembers, some MB; beyond, the one that was quiet longest goes."""

POLICY: Final = "key"
GUESSES: Final = "guesses"

Identify = Callable[[tuple[ServiceFact, ...]], Principal]
"""Whom the facts of a key show to somebody who has its secret; raises `Unauthenticated`."""


class _Kept(Struct, frozen=True):
    subject: str
    document: bytes
    principal: Principal
    requests_max: int


class Caller(Struct, frozen=True):
    """Who asks, and how the limit stands; `refused` where this request is beyond it."""

    principal: Principal
    rate: Rate | None
    refused: bool = False

    def require(self) -> None:
        """Raises `TooMany` where the request is beyond the limit."""
        if self.refused and self.rate is not None:
            raise too_many(self.rate)


class Principals:
    """Principals by the digest of the key presented; a refusal is never remembered.

    An address that shows many keys that open nothing waits before another unknown key of it is
    looked at. Keys that opened here before pass all the same, so whoever shares an address with
    somebody who guesses goes on working.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._doorkeeper = Doorkeeper(tracker.client)
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._guesses = Buckets(GUESSES, tracker.settings.guesses_per_min)

    async def of(self, presented: bytes, address: str) -> Caller:
        """Whom the presented key stands for; the request is counted.

        Raises `Unauthenticated`, and `TooMany` where this address has guessed too much.
        """
        mark = hashlib.sha256(presented).digest()
        kept = self._kept.get(mark)
        if kept is None:
            subject = f"key:{_parts(presented)[0]}"
            self._guesses.stands(address, self._tracker.now())
        else:
            subject = kept.subject

        def identify(facts: tuple[ServiceFact, ...]) -> Principal:
            return keys.shown_by(facts, _parts(presented)[1], self._tracker.now())

        try:
            return await self._admitted(mark, subject, identify)
        except Unauthenticated:
            self._guesses.take(address, self._tracker.now())
            raise

    async def _admitted(self, mark: bytes, subject: str, identify: Identify) -> Caller:
        for _ in range(ATTEMPTS_MAX):
            kept = self._kept.get(mark)
            if kept is not None and kept.principal.expired(self._tracker.now()):
                del self._kept[mark]
                raise keys.refused()
            known, most = (b"", 0) if kept is None else (kept.document, kept.requests_max)
            answer = await self._doorkeeper.ask(subject, known, most)
            if isinstance(answer, Document):
                self._kept.pop(mark, None)
                self._keep(mark, subject, answer.raw, identify(answer.facts))
            elif kept is not None:
                if mark in self._kept:
                    self._kept.move_to_end(mark)
                if not most:
                    return Caller(kept.principal, None)
                rate = Rate(POLICY, most, answer.left, seconds(answer.wait_us / 1_000))
                return Caller(kept.principal, rate, refused=not answer.passes)
        raise busy()

    def _keep(self, mark: bytes, subject: str, document: bytes, principal: Principal) -> None:
        most = self._tracker.settings.requests_per_min_of(principal.id, principal.role)
        self._kept[mark] = _Kept(subject, document, principal, most)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)


def _parts(presented: bytes) -> tuple[str, str]:
    """Id and secret of a key; raises `Unauthenticated` where it is none."""
    parsed = access.parse(presented.decode("latin-1"))
    if parsed is None:
        raise keys.refused()
    return parsed
