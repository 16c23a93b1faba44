"""All markets at a glance: a row a market, and their sums, for who may see them.

The figures are those of `tracker.services.adoption`. To look whether any of a country's markets
changed takes some tenths of a second, so what was found is shown for up to twenty times as long as
finding it took, and says as of when it is: a city of ten markets is never seconds behind. To
compute all of a country's takes many seconds: a process does so when it has started and after each
midnight, in its own time, and a reader who would wait for long sees what was found before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from time import perf_counter_ns

import structlog
from msgspec.structs import replace

from tracker.access.keys import Principal
from tracker.domain.days import day_of
from tracker.services.adoption import Kept, LiveFigures
from tracker.services.context import Tracker
from tracker.services.overview_rows import WEEK_DAYS, Glance, Row, Totals, row_of, totals
from tracker.store.cancelling import heed_cancelling, repeated

BATCH = 50
"""Markets looked at in one go: other requests wait for some hundredths of a second meanwhile."""

SHARE = 20
"""Finding the rows anew takes at most one twentieth of the time."""

KEPT_MS_MAX = 10_000

PATIENCE_S = 1.0
"""How long a reader waits for newer rows than those that are there."""

WARM_AFTER_S, WARM_EVERY_S = 1.0, 300.0
"""When a process looks by itself: once it answers, and so often that what a reader sees is never
much older. It leaves half of its time to requests meanwhile."""

log = structlog.stdlib.get_logger("tracker.overview")


class Overview:
    """The rows of all open markets, found anew when they have aged."""

    def __init__(
        self,
        tracker: Tracker,
        live: LiveFigures,
        *,
        patience_s: float = PATIENCE_S,
        warm_after_s: float = WARM_AFTER_S,
    ) -> None:
        self._tracker = tracker
        self._live = live
        self._known: dict[str, tuple[Kept, Row | None]] = {}
        self._all = Glance((), Totals(0, 0, (0, 0)), 0)
        self._until_ns = 0
        self._patience_s, self._warm_after_s = patience_s, warm_after_s
        self._finding: asyncio.Task[None] | None = None
        self._hurry = False

    async def glance(self, principal: Principal) -> Glance:
        """What this principal sees: all open markets, or those in scope; few are read anew."""
        if 0 < len(principal.markets) <= BATCH:
            now = self._tracker.now()
            own = await self._rows(
                sorted(filter(principal.may_market, principal.markets)), day_of(now)
            )
            rows = [row for _, row in own.values() if row is not None]
            return Glance(rows, totals(rows), now)
        if perf_counter_ns() >= self._until_ns:
            self._hurry = True
            await self._wait(self._patience_s if self._all.as_of else None)
        if not principal.markets and principal.may_market(""):
            return self._all
        rows = [row for row in self._all.rows if principal.may_market(row.market)]
        return Glance(rows, totals(rows), self._all.as_of)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keeps the rows at hand while it is open."""
        pauses_s = chain([self._warm_after_s], repeat(WARM_EVERY_S))

        async def warm() -> None:
            await asyncio.sleep(next(pauses_s))
            with suppress(Exception):  # it is told of, and whoever asks tries again
                await self._wait(None)

        try:
            async with repeated(warm):
                yield
        finally:
            if self._finding is not None:
                self._finding.cancel()
                with suppress(asyncio.CancelledError, Exception):  # a failure was told of
                    await self._finding

    async def _wait(self, patience_s: float | None) -> None:
        """Waits until the rows were found anew, so long at most; all who wait do so for one."""
        if self._finding is None or self._finding.done():
            self._finding = asyncio.create_task(self._find())
            self._finding.add_done_callback(_told)
        finding = self._finding
        await asyncio.wait({finding}, timeout=patience_s)
        if finding.done():
            finding.result()

    async def _find(self) -> None:
        began, now = perf_counter_ns(), self._tracker.now()
        today, idle_ns = day_of(now), 0
        markets = list(await self._tracker.reader.markets())
        found: dict[str, tuple[Kept, Row | None]] = {}
        for start in range(0, len(markets), BATCH):
            heed_cancelling()
            pause_from = perf_counter_ns()
            found |= await self._rows(markets[start : start + BATCH], today)
            if not self._hurry:
                spent = perf_counter_ns() - pause_from
                await asyncio.sleep(spent / 1e9)
                idle_ns += spent
        changed = found.keys() != self._known.keys() or any(
            known[0] is not self._known[market][0] for market, known in found.items()
        )
        self._known = found
        if changed:
            rows = [row for _, row in found.values() if row is not None]
            self._all = Glance(rows, totals(rows), now)
        else:
            self._all = replace(self._all, as_of=now)
        took = perf_counter_ns() - began - idle_ns
        self._until_ns = perf_counter_ns() + min(SHARE * took, KEPT_MS_MAX * 1_000_000)
        self._hurry = False

    async def _rows(self, markets: Sequence[str], today: int) -> dict[str, tuple[Kept, Row | None]]:
        """These markets, those that there are, with the rows of those that are open."""
        standing, known = await self._live.standing(markets), self._known
        changed = [m for m, kept in standing.items() if m not in known or known[m][0] is not kept]
        new: dict[str, tuple[Kept, Row | None]] = {}
        if changed:
            week = await self._tracker.reader.falls(changed, today - WEEK_DAYS + 1, today)
            new = {m: (standing[m], row_of(standing[m], week[m], today)) for m in changed}
        return {market: new.get(market) or known[market] for market in standing}


def _told(finding: asyncio.Task[None]) -> None:
    """A search that failed is told of, whether somebody waits for it or not."""
    if not finding.cancelled() and (error := finding.exception()) is not None:
        log.warning("rows not found", error=type(error).__name__)
