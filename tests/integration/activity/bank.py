"""A market with customers of two banks, and a bank that reports its days."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, BIDV, VCB, Clock, tracker_on, trader
from tracker.domain.activity import FirstDays, Line
from tracker.domain.bitmaps import members
from tracker.domain.codes import check_character, vendor_code
from tracker.domain.days import day_of, start_of
from tracker.services import activity, audit, markets, vendors
from tracker.services.activity import Reported
from tracker.services.context import Tracker
from tracker.services.markets import NewMarket
from tracker.services.vendors import NewAccount
from tracker.store.activity import BankDay

MARKET, PREFIX = "cho-ben", "CBN"
OPENED = 19_000
TODAY = 20_000
NUMBERS = [n for n in range(1, 12) if check_character(PREFIX, n) != "*"][:6]
"""The numbers of the six traders; all have accounts at both banks."""


class Desk:
    """One tracker, on a day at ten in the morning."""

    def __init__(self, run: Run, store: Redis, clock: Clock) -> None:
        self.run = run
        self.store: Any = store
        self.clock = clock
        self.at(TODAY)
        self.tracker: Tracker = tracker_on(store, clock)
        self.open_market(MARKET, PREFIX)

    def at(self, day: int) -> None:
        """Ten in the morning of a day."""
        self.clock.ms = start_of(day) + 10 * 3_600_000

    def open_market(self, market: str, prefix: str, traders: int = 6) -> list[str]:
        """A market with so many traders, registered on the day it opened; their codes."""
        now = day_of(self.clock())
        self.at(OPENED)
        new = NewMarket(market, f"Chợ {prefix}", prefix, None, OPENED)
        self.run(markets.create(self.tracker, ADMIN, new))
        codes = []
        for n in range(1, traders + 1):
            made = self.run(vendors.register(self.tracker, ADMIN, market, trader(2 * n + 1)))
            codes.append(made.vendor.vendor)
            account = NewAccount(BIDV, f"88{n:08d}")
            self.run(vendors.link_account(self.tracker, ADMIN, codes[-1], account))
        self.at(now)
        return codes

    def lines(self, paid: Iterable[int], prefix: str = PREFIX) -> list[Line]:
        """Two payments of some dong to each of these numbers."""
        return [Line(row, vendor_code(prefix, n), 2, 10_000 + n) for row, n in enumerate(paid, 1)]

    async def areport(
        self, paid: Iterable[int], day: int = TODAY, bin_: str = VCB, **more: Any
    ) -> Reported:
        """The bank reports that these were paid."""
        lines = more.pop("lines", None) or self.lines(paid)
        return await activity.report(
            self.tracker, "key", MARKET, day=day, bin_=bin_, lines=lines, **more
        )

    def report(self, paid: Iterable[int], *args: Any, **more: Any) -> Reported:
        """As `areport`, to its end."""
        return self.run(self.areport(paid, *args, **more))

    def bank_day(self, day: int = TODAY, bin_: str = VCB, market: str = MARKET) -> BankDay | None:
        """What stands of a bank's day."""
        return self.run(self.tracker.activity.day(market, day, bin_)).banks.get(bin_)

    def paid(self, day: int = TODAY, bin_: str = VCB) -> list[int]:
        """Who was paid, as it stands."""
        bank = self.bank_day(day, bin_)
        assert bank is not None
        assert bank.paid is not None
        return members(bank.paid)

    def first(self) -> dict[int, int]:
        """Number → first paid day, of those ever paid."""
        raw = self.run(self.tracker.activity.day(MARKET, TODAY, VCB)).raw_first
        first = FirstDays(raw or b"")
        return {n: first[n] for n in range(1, 20) if first[n]}

    def position(self, market: str = MARKET) -> int:
        """How long the ledger is."""
        return self.run(self.tracker.reader.position(market))

    def differences(self) -> list[str]:
        """What `verify` says, but for findings about other parts."""

        async def all_() -> list[str]:
            return [found.text() async for found in audit.verify(self.tracker)]

        return self.run(all_())

    def rebuild(self) -> None:
        """Makes all views anew."""

        async def all_() -> None:
            async for rebuilt in audit.rebuild(self.tracker):
                assert not rebuilt.refused

        self.run(all_())


async def stream(content: bytes) -> AsyncIterator[bytes]:
    """A file as it comes over the wire."""
    yield content
