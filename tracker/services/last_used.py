"""When principals and sessions were last used: noted in memory, written once a minute.

A request that only reads must not wait for a write that syncs, and who asks a thousand times a
minute needs no thousand writes. What a dying process had noted, a minute at most, is lost.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog

from tracker.access.keys import Principal
from tracker.services.context import Tracker
from tracker.store.cancelling import repeated

MINUTE_MS: Final = 60_000
FLUSH_S: Final = 60.0
KNOWN_MAX: Final = 50_000

log = structlog.stdlib.get_logger("tracker.access")


class LastUsed:
    """What one process has noted."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._known: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._new: dict[tuple[str, str], int] = {}

    def note(self, principal: Principal, session: str = "") -> None:
        """The principal asks now, in this session (digest) if it is a person."""
        minute = self._tracker.now() // MINUTE_MS * MINUTE_MS
        who = principal.id, session
        if self._known.get(who) == minute:
            return
        self._known[who] = self._new[who] = minute
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    async def flush(self) -> None:
        """Writes what is new; on a failure it stays noted, and the failure is raised."""
        new, self._new = self._new, {}
        if not new:
            return
        principals: dict[str, int] = {}
        sessions: dict[str, dict[str, int]] = {}
        for (principal, session), minute in new.items():
            principals[principal] = max(minute, principals.get(principal, 0))
            if session:
                sessions.setdefault(principal, {})[session] = minute
        try:
            await self._tracker.last_used.write(principals, sessions)
        except BaseException:
            self._new = new | self._new
            raise

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Writes once a minute while it is open, and at the end."""
        try:
            async with repeated(self._later):
                yield
        finally:
            await self._try()

    async def _later(self) -> None:
        await asyncio.sleep(FLUSH_S)
        await self._try()

    async def _try(self) -> None:
        try:
            await self.flush()
        except Exception as error:  # nobody waits for this; it is tried again
            log.warning("last used not written", error=type(error).__name__)
