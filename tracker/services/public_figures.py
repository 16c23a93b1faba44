"""What everybody may see: each market's latest published figures, and their sums.

Nothing is computed here but sums: the numbers are those of the published bodies, in which small
rows and money of few are withheld. Whether anything was published since is looked up at most once
in `KEPT_MS`, however many people look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic_ns
from typing import Any

from msgspec import Struct, json

from tracker.access.roles import hidden
from tracker.domain.days import day_of
from tracker.domain.figures import rate
from tracker.domain.text import search_key
from tracker.services.context import Tracker

KEPT_MS = 30_000
BATCH = 500

Place = tuple[int, int]
"""A day and its latest revision."""


class PublicRow(Struct, frozen=True):
    """A market's latest published day."""

    market: str
    name: str
    date: str
    attached: int
    denominator: int
    body: bytes

    @property
    def rate(self) -> float | None:
        """Attached of the denominator, in percent."""
        return rate(self.attached, self.denominator)


class PublicTotals(Struct, frozen=True):
    """The sums over markets, and the oldest and newest of their days."""

    attached: int
    denominator: int
    first: str | None
    last: str | None

    @property
    def rate(self) -> float | None:
        """In percent."""
        return rate(self.attached, self.denominator)


class PublicFigures:
    """The latest published body of every open market."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._rows: dict[str, tuple[Place, PublicRow]] = {}
        self._by_name: Sequence[PublicRow] = ()
        self._totals = PublicTotals(0, 0, None, None)
        self._until_ns = 0
        self._turn = asyncio.Lock()

    async def rows(self) -> tuple[Sequence[PublicRow], PublicTotals]:
        """All markets that have published and are open, by name, and their sums."""
        async with self._turn:
            if monotonic_ns() >= self._until_ns:
                await self._find()
                self._until_ns = monotonic_ns() + KEPT_MS * 1_000_000
        return self._by_name, self._totals

    async def one(self, market: str) -> tuple[PublicRow, dict[str, Any]]:
        """A market's row and its published body. Raises `NotFound`."""
        await self.rows()
        found = self._rows.get(market)
        if found is None:
            raise hidden()
        return found[1], json.decode(found[1].body)

    async def _find(self) -> None:
        tracker, today = self._tracker, day_of(self._tracker.now())
        ids = list(await tracker.reader.markets())
        found: dict[str, tuple[Place, PublicRow]] = {}
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH]
            places = await tracker.publications.newest(some, today - 1)
            names = {
                place.id: place.name
                for place in await tracker.reader.some_markets(some)
                if place.open_on(today)
            }
            known = {m: self._rows[m] for m in some if m in self._rows}
            new = [m for m in places if m in names and known.get(m, ((), None))[0] != places[m]]
            bodies = await tracker.publications.bodies([(m, *places[m]) for m in new])
            made = {m: body for m, body in zip(new, bodies, strict=True) if body is not None}
            for market, name in names.items():
                if market in made:
                    found[market] = places[market], _row(name, made[market])
                elif market in places and market in known:
                    found[market] = known[market]
        self._rows = found
        rows = sorted((row for _, row in found.values()), key=lambda row: search_key(row.name))
        self._by_name = rows
        dates = sorted(row.date for row in rows)
        self._totals = PublicTotals(
            sum(row.attached for row in rows),
            sum(row.denominator for row in rows),
            dates[0] if dates else None,
            dates[-1] if dates else None,
        )


def _row(name: str, body: bytes) -> PublicRow:
    read = json.decode(body)
    return PublicRow(
        market=read["market"],
        name=name,
        date=read["date"],
        attached=read["figures"]["attached"]["count"],
        denominator=read["denominator"]["value"],
        body=body,
    )
