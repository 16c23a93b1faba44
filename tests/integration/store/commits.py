"""Vendors and commits for the tests of the store, with personal data that nobody sealed."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from tracker.domain import rows
from tracker.domain.bitmaps import members
from tracker.domain.days import start_of
from tracker.domain.facts import (
    AccountLinked,
    Attached,
    CodeIssued,
    Moved,
    Registered,
    Removed,
    StatusChanged,
    VendorFact,
)
from tracker.domain.vendor import History
from tracker.store.commit import Commit, Committer, Outcome
from tracker.store.keys import Space
from tracker.store.reads import Reader

MARKET, PREFIX, DAY = "cho-vung-tau", "CVT", 19_500
SPACE = Space(MARKET)
BANK = "970436"


def when(day: int = DAY) -> tuple[int, int, str]:
    """`at`, `recorded` and `by` of a fact of that day."""
    return start_of(day), start_of(DAY + 9), "test"


def registered(stall: str = "B12", day: int = DAY, ref: str | None = None) -> Registered:
    """A vendor comes onto the roster."""
    return Registered(*when(day), stall=stall, personal=b"sealed", ref=ref)


def issued(code: int = 1, day: int = DAY + 1, ref: str | None = None) -> list[VendorFact]:
    """An account and a code over it, for a vendor with one fact a code before."""
    return [
        AccountLinked(*when(day), bin=BANK, owner="own", personal=b"sealed"),
        CodeIssued(*when(day), code=code, bin=BANK, account=2, version=code, ref=ref),
    ]


def attached(day: int = DAY + 2) -> Attached:
    """The sticker of code 1 hangs."""
    return Attached(*when(day), code=1, evidence="declared")


def removed(day: int = DAY + 2) -> Removed:
    """The sticker of code 1 was taken down."""
    return Removed(*when(day), code=1, reason="fraud")


def moved(stall: str) -> Moved:
    """The vendor trades elsewhere."""
    return Moved(*when(DAY + 3), stall=stall)


def left() -> StatusChanged:
    """The vendor is off the roster."""
    return StatusChanged(*when(DAY + 3), status="left")


def plan(before: History, *facts: VendorFact) -> Commit:
    """A commit of these facts."""
    commit = Commit(SPACE)
    commit.vendor(before, facts)
    return commit


def new(number: int = 1) -> History:
    """A vendor of whom nothing is known yet."""
    return History(PREFIX, number)


class Shop:
    """The store, written to commit by commit."""

    def __init__(self, store: Redis) -> None:
        self.client: Any = store
        self.committer = Committer(store)
        self.reader = Reader(store)

    async def write(self, before: History, *facts: VendorFact) -> Outcome:
        """One commit of these facts."""
        return await self.committer.commit(plan(before, *facts))

    async def history(self, number: int = 1) -> History:
        """A vendor as it stands."""
        return await self.reader.history(MARKET, PREFIX, number)

    async def hash(self, key: str) -> dict[str, str]:
        """A hash of short texts."""
        return {k.decode(): v.decode() for k, v in (await self.client.hgetall(key)).items()}

    async def row(self, number: int) -> rows.Row:
        """A vendor's row."""
        raw = await self.client.get(SPACE.rows)
        return rows.unpack(raw[number * rows.ROW_BYTES :][: rows.ROW_BYTES])

    async def sets(self) -> dict[str, list[int]]:
        """The vendors of each set."""
        names = [name.decode() for name in await self.client.smembers(SPACE.sets)]
        return {name: members(await self.client.get(SPACE.set(name))) for name in names}
