"""Files of offices and banks, and who has them imported: for `benchmarks.country`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from benchmarks import close_day, import_rows
from tracker.commands import OFFICE
from tracker.domain.days import day_date
from tracker.services import imports
from tracker.services.context import Tracker
from tracker.vietqr.text import payload_name

BANKED: Final = 222 / 542
"""Banks' rows a vendor in the sample."""

A_FILE: Final = 24
"""Markets in one file of a bank."""

OPEN_MAX: Final = 40
"""Jobs that wait; the service takes 50 of one principal."""

DAYS_BETWEEN: Final = 100


def stalls(roster: bytes) -> list[tuple[str, str]]:
    """Stall and name of each line of a roster made by `import_rows.roster`."""
    lines = roster.decode("utf-8-sig").splitlines()[1:]
    return [(cells[2], cells[1]) for cells in (line.split(";") for line in lines)]


def bank_of(row: int) -> int | None:
    """The bank that has an account of the roster's line `row`, of every three; None without."""
    before, after = int(row * BANKED), int((row + 1) * BANKED)
    return after % len(close_day.BANKS) if after > before else None


def bank_file(bank: int, markets: Sequence[str], roster: bytes, day: int) -> bytes:
    """What a bank sends of its customers in these markets."""
    attached = day_date(day).isoformat()
    lines = ["market,stall,bin,account,holder,attached_on,partner_ref"]
    of, bin_ = stalls(roster), close_day.BANKS[bank]
    its = [(n, stall, payload_name(name, 70)) for n, (stall, name) in enumerate(of)]
    its = [line for line in its if bank_of(line[0]) == bank]
    for market in markets:
        number = int(market.rpartition("-")[2]) * 1_000_000 + 10**11
        lines += [
            f"{market},{stall},{bin_},{number + n},{holder},{attached},REF-{market}-{stall}"
            for n, stall, holder in its
        ]
    return "\n".join(lines).encode()


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1 << 20):
        yield content[start : start + (1 << 20)]


class Loader:
    """Has files imported by the worker, and knows what has been taken."""

    def __init__(self, tracker: Tracker, vendors: int, opened: int) -> None:
        self.rows = 0
        self._tracker = tracker
        self._roster = import_rows.roster(vendors)
        self._opened = opened
        self._waiting: dict[str, int] = {}

    async def rosters(self, markets: Sequence[str]) -> None:
        """The roster of each market; nobody waits for the worker yet."""
        for market in markets:
            await self._take("roster", market, self._roster, self._opened)

    async def banks(self, markets: Sequence[str]) -> None:
        """Each bank's file for these markets."""
        for bank in range(len(close_day.BANKS)):
            content = bank_file(bank, markets, self._roster, self._opened + DAYS_BETWEEN)
            await self._take("attachments", None, content, None)

    async def all(self, markets: Sequence[str]) -> None:
        """Everything of these markets, some at a time, until it is imported."""
        for start in range(0, len(markets), A_FILE):
            some = markets[start : start + A_FILE]
            await self.rosters(some)
            await self.banks(some)
        await self.end()

    async def end(self, waiting_max: int = 0) -> None:
        """Waits until at most so many files wait. Raises `AssertionError` for a refused row."""
        while len(self._waiting) > waiting_max:
            still = set(await self._tracker.jobs.open_ids())
            for id_ in [id_ for id_ in self._waiting if id_ not in still]:
                job, rows = await self._tracker.jobs.get(id_), self._waiting.pop(id_)
                result = None if job is None else job.result
                assert result is not None, job
                assert result["totals"]["accepted"] == rows, result
            await asyncio.sleep(0.02)

    async def _take(self, kind: str, market: str | None, content: bytes, on: int | None) -> None:
        await self.end(OPEN_MAX)
        job = await imports.accept(
            self._tracker,
            OFFICE,
            kind=kind,
            market=market,
            effective_on=on,
            dry_run=False,
            chunks=_whole(content),
        )
        self._waiting[job.id] = content.count(b"\n")
        self.rows += content.count(b"\n")
