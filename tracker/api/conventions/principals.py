"""Whom a key stands for, remembered for some seconds: most calls come from few keys."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from tracker.access.keys import Principal
from tracker.services import keys
from tracker.services.context import Tracker

KEPT_MS = 5_000
"""A key revoked elsewhere opens for at most this long."""

KEPT_MAX = 4_096


class Principals:
    """Principals by the digest of the key presented; a refusal is never remembered."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._kept: OrderedDict[bytes, tuple[int, Principal]] = OrderedDict()

    async def of(self, presented: bytes) -> Principal:
        """Whom the presented key stands for; raises `Unauthenticated`."""
        digest = hashlib.sha256(presented).digest()
        now = self._tracker.now()
        kept = self._kept.get(digest)
        if kept is not None and 0 <= now - kept[0] < KEPT_MS and not kept[1].expired(now):
            return kept[1]
        self._kept.pop(digest, None)
        principal = await keys.principal_of(self._tracker, presented.decode("latin-1"))
        self._kept[digest] = (now, principal)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return principal

    def forget(self, key: str) -> None:
        """Drops what is kept of a key (id): it was revoked here."""
        for digest in [d for d, (_, known) in self._kept.items() if known.id == key]:
            del self._kept[digest]
