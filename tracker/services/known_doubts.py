"""Markets' doubts as this process worked them out last: true of one position of the ledger.

To work them out takes all facts and names of a market's roster, a second where it has thousands of
vendors, and nothing changes them but a fact of that market. So they are kept until its ledger goes
on, and one market at a time is worked through, however many ask. No name is kept.
"""

from __future__ import annotations

from asyncio import Lock
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from tracker.domain.doubts import Doubt
from tracker.domain.facts import DoubtDecided

LINES_MAX: Final = 200_000
"""Vendors and doubts kept by a process, 0.1 to 0.5 kB each; the market asked for longest ago goes
first."""


class MarketDoubts(Struct, frozen=True):
    """What the list needs of the vendors of a market: doubts with their decisions, and stalls."""

    doubts: list[tuple[Doubt, DoubtDecided | None]]
    stalls: dict[str, str]

    @property
    def lines(self) -> int:
        """How many vendors and doubts it holds."""
        return len(self.doubts) + len(self.stalls)


class KnownDoubts:
    """What one process remembers."""

    def __init__(self, lines_max: int = LINES_MAX) -> None:
        self._lines_max = lines_max
        self._known: OrderedDict[str, tuple[int, MarketDoubts]] = OrderedDict()
        self._turn = Lock()

    @property
    def kept(self) -> list[str]:
        """The markets whose doubts are kept, asked for longest ago first."""
        return list(self._known)

    async def of(
        self,
        market: str,
        position: Callable[[], Awaitable[int]],
        work_out: Callable[[], Awaitable[MarketDoubts]],
    ) -> MarketDoubts:
        """The market's doubts; they are worked out where its ledger went on.

        The position is read first: what is read after it may be newer, and is then read again.
        """
        found = self._get(market, await position())
        if found is not None:
            return found
        async with self._turn:
            at = await position()
            found = self._get(market, at)  # another request worked them out meanwhile
            if found is None:
                found = await work_out()
                self._keep(market, at, found)
        return found

    def _get(self, market: str, position: int) -> MarketDoubts | None:
        at, known = self._known.get(market, (-1, None))
        if known is None or at != position:
            return None
        self._known.move_to_end(market)
        return known

    def _keep(self, market: str, position: int, doubts: MarketDoubts) -> None:
        self._known[market] = position, doubts
        self._known.move_to_end(market)
        lines = sum(known.lines for _, known in self._known.values())
        while lines > self._lines_max:
            _, (_, gone) = self._known.popitem(last=False)
            lines -= gone.lines
