"""The zones and categories that markets use, as this process knows them: a name that is in use
costs no look at the store, and a new one only fits where there is room.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from tracker.domain.limits import require_groups
from tracker.domain.rows import groups_of
from tracker.store.reads import Reader

MARKETS_KEPT: Final = 10_000
"""Markets whose names a process remembers, some KB each."""


class KnownGroups:
    """What one process remembers of them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: OrderedDict[str, set[str]] = OrderedDict()

    async def require(self, market: str, zone: str | None, category: str | None) -> None:
        """Passes names in use, or new ones that fit; raises `Conflict` `TOO_MANY_GROUPS`."""
        wanted = set(groups_of(zone, category))
        if wanted <= self._known.get(market, set()):
            return
        known = self._known[market] = await self._reader.groups(market)
        self._known.move_to_end(market)
        if len(self._known) > MARKETS_KEPT:
            self._known.popitem(last=False)
        for new in wanted - known:
            require_groups(len(known))
            known.add(new)
