"""Rosters kept in memory in the form in which people look through them: search, sort, a page.

A roster is true of one position of its market's ledger, and every reading asks for what was stated
since: only those vendors are read anew. So nobody is found who was erased before the question, and
a process that was idle for a day catches up by what changed. Names are kept in clear; they leave
as the reader may see them, and are searched no other way (`tracker.access.masking`).
"""

from __future__ import annotations

from asyncio import Lock, to_thread
from collections.abc import Collection
from typing import Final

from msgspec import Struct

from tracker.access.keys import Principal
from tracker.domain import rows
from tracker.domain.codes import parse_vendor_code
from tracker.domain.market import Market
from tracker.services.context import Tracker
from tracker.services.roster_lines import (
    ORDERS,
    Choices,
    Line,
    Seen,
    Sort,
    choices,
    lines_of,
    narrowed,
    seen,
    sorts,
)
from tracker.services.vendor_reading import Filter
from tracker.store.commit import MARKET
from tracker.store.reads import Entry

PAGE: Final = 50

VENDORS_MAX: Final = 100_000
"""Vendors kept by a process, about 0.6 kB each; the market asked for longest ago goes first."""

STEP: Final = 500
TAIL_MAX: Final = 20_000
"""Entries since the last reading beyond which the roster is read as a whole."""


class Found(Struct, frozen=True):
    """One page of what was looked for. `page` is the one given: the last, where more was asked."""

    place: Market
    of: int
    found: int
    page: int
    pages: int
    lines: tuple[Seen, ...]
    choices: Choices


class _Roster:
    """One market's lines by number, true of the ledger's entry `last`."""

    def __init__(self, place: Market) -> None:
        self.place = place
        self.last: Entry | None = None
        self.lines: dict[int, Line] = {}
        self.lock = Lock()
        self._sorted: dict[Sort, list[Line]] = {}
        self._choices: Choices | None = None

    def changed(self, number: int, line: Line | None) -> None:
        if line is None:
            self.lines.pop(number, None)
        else:
            self.lines[number] = line
        self._sorted.clear()
        self._choices = None

    def sorted(self, by: Sort) -> list[Line]:
        if by not in self._sorted:
            self._sorted[by] = sorted(self.lines.values(), key=ORDERS[by])
        return self._sorted[by]

    @property
    def choices(self) -> Choices:
        if self._choices is None:
            self._choices = choices(list(self.lines.values()))
        return self._choices


class RosterIndex:
    """The rosters of a process."""

    def __init__(self, tracker: Tracker, vendors_max: int = VENDORS_MAX) -> None:
        self._tracker = tracker
        self._vendors_max = vendors_max
        self._kept: dict[str, _Roster] = {}

    @property
    def kept(self) -> dict[str, int]:
        """How many vendors are kept of which market, asked for longest ago first."""
        return {market: len(roster.lines) for market, roster in self._kept.items()}

    async def find(
        self,
        principal: Principal,
        market: str,
        wanted: Filter,
        *,
        sort: Sort = "stall",
        page: int = 1,
        size: int = PAGE,
    ) -> Found:
        """The vendors that `vendors.page` gives for the filter, sorted, `size` a page from 1 on.

        Who may not read names in clear gets the order of the stalls: another would tell of them.
        Raises `NotFound` for a market that is not there.
        """
        roster = await self._current(market)
        if sort not in sorts(principal, market):
            sort = "stall"
        lines = roster.sorted(sort)
        found = narrowed(principal, market, wanted, lines)
        pages = max(1, -(-len(found) // size))
        page = min(max(page, 1), pages)
        shown = found[(page - 1) * size : page * size]
        narrowed_by = roster.choices
        if principal.role == "bank":
            narrowed_by = choices([seen(principal, market, line) for line in lines])
        return Found(
            roster.place,
            len(lines),
            len(found),
            page,
            pages,
            tuple(seen(principal, market, line) for line in shown),
            narrowed_by,
        )

    async def some(self, principal: Principal, market: str, codes: Collection[str]) -> list[Seen]:
        """Those of these vendors (codes) who are on the roster, as the principal may see them."""
        lines = (await self._current(market)).lines
        numbers = sorted(parse_vendor_code(code)[1] for code in codes)
        return [seen(principal, market, lines[n]) for n in numbers if n in lines]

    async def _current(self, market: str) -> _Roster:
        roster = self._kept.get(market)
        if roster is None:
            opened = _Roster(await self._tracker.market(market))
            roster = self._kept.setdefault(market, opened)
        async with roster.lock:
            await self._follow(market, roster)
        self._kept.pop(market, None)
        self._kept[market] = roster
        while len(self._kept) > 1 and sum(self.kept.values()) > self._vendors_max:
            del self._kept[next(iter(self._kept))]
        return roster

    async def _follow(self, market: str, roster: _Roster) -> None:
        """Reads what was stated since; all of it where the ledger is not the one known."""
        if roster.last is not None:
            tail = await self._tail(market, roster.last.position)
            if tail and tail[0] == roster.last and len(tail) <= TAIL_MAX:
                if len(tail) > 1:
                    await self._read(market, roster, {entry.subject for entry in tail[1:]})
                    roster.last = tail[-1]
                return
        position = await self._tracker.reader.position(market)
        tail = await self._tail(market, position)
        known = (await self._tracker.reader.roster(market)).where(rows.ON_ROSTER)
        roster.last = None
        for number in set(roster.lines).difference(known):
            roster.changed(number, None)
        await self._read(market, roster, {MARKET, *map(str, known)})
        roster.last = tail[0] if tail else None

    async def _tail(self, market: str, position: int) -> list[Entry]:
        """The entry at that position, and those after it."""
        tail: list[Entry] = []
        async for entry in self._tracker.reader.ledger(market, max(position - 1, 0)):
            tail.append(entry)
            if len(tail) > TAIL_MAX:
                break
        return tail

    async def _read(self, market: str, roster: _Roster, subjects: set[str]) -> None:
        reader, keyring = self._tracker.reader, self._tracker.keyring
        if MARKET in subjects:
            roster.place = await self._tracker.market(market)
        numbers = sorted(int(subject) for subject in subjects if subject != MARKET)
        for start in range(0, len(numbers), STEP):
            some = numbers[start : start + STEP]
            histories = await reader.histories(market, roster.place.prefix, some)
            keys = await reader.data_keys(market, some)
            lines = await to_thread(lines_of, keyring, histories, keys)
            for number, line in zip(some, lines, strict=True):
                roster.changed(number, line)
