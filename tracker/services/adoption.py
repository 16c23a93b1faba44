"""Live adoption: the figures as they stand now, computed once a change."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.access.roles import hidden
from tracker.domain.days import day_date, day_of
from tracker.domain.figures import DEFINITION_VERSION, content, roll_up
from tracker.domain.snapshot import canonical
from tracker.services.context import Tracker

CACHED_MAX = 10_000
"""Markets whose live figures a process keeps: a country has some 8 500."""


class Live(Struct, frozen=True):
    """A live body, encoded, and the ETag that changes with it."""

    body: bytes
    etag: str
    content: dict[str, Any]


class LiveFigures:
    """Live figures, exact at every call: one small read tells whether the kept ones still hold."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._kept: OrderedDict[str, tuple[int, int, Live]] = OrderedDict()

    async def market(self, principal: Principal, market: str) -> Live:
        """A market's figures now. Raises `NotFound` out of scope."""
        if not principal.may_market(market):
            raise hidden()
        position = await self._tracker.reader.position(market)
        today = day_of(self._tracker.now())
        kept = self._kept.get(market)
        if kept is not None and kept[:2] == (position, today):
            self._kept.move_to_end(market)
            return kept[2]
        look = await self._tracker.reader.look(market)
        if look.market is None:
            raise hidden()
        body = content(look.market, look.sums, today)
        live = _live({**body, "ledger_position": str(look.position)})
        self._kept[market] = (look.position, today, live)
        if len(self._kept) > CACHED_MAX:
            self._kept.popitem(last=False)
        return live

    async def city(self, principal: Principal) -> Live:
        """The sum over all markets in scope that are open today."""
        today = day_of(self._tracker.now())
        ids = [m for m in await self._tracker.reader.markets() if principal.may_market(m)]
        looks = await self._tracker.reader.look_many(ids)
        parts = [
            (content(look.market, look.sums, today), look.position)
            for look in looks
            if look.market is not None and look.market.open_on(today)
        ]
        return _live(
            {
                "group": "city",
                "date": day_date(today).isoformat(),
                "definition_version": DEFINITION_VERSION,
                "markets": len(parts),
                **roll_up([part for part, _ in parts]),
                "inputs": [
                    {"market": part["market"], "ledger_position": str(position)}
                    for part, position in parts
                ],
                "missing": [],
            }
        )


def _live(body: dict[str, Any]) -> Live:
    encoded = canonical(body)
    return Live(encoded, f'"{hash_of(encoded)}"', body)


def hash_of(encoded: bytes) -> str:
    """A short digest for ETags: equal bodies have equal tags in every process."""
    return hashlib.sha256(encoded).hexdigest()[:32]
