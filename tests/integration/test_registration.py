"""Registrations decided on a remembered market: what changed since is always seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, OPENED, Clock, dump, tracker_on, trader
from tracker.domain.errors import Conflict
from tracker.domain.limits import GROUPS_MAX
from tracker.services import market_changes, markets, vendors, voids
from tracker.services.context import Answered, Once, Tracker
from tracker.services.markets import NewMarket
from tracker.services.numbers import BLOCK
from tracker.services.vendors import Written
from tracker.store.commit import MARKET as ITSELF
from tracker.store.commit import Commit, Done, Stale
from tracker.store.keys import Space

MARKET, PREFIX = "cho-vung-tau", "CVT"


class Town:
    """Two processes of the service over one store; the first remembers the market."""

    def __init__(self, run: Run, store: Redis) -> None:
        self.run = run
        self.clock = Clock()
        self.clock.next_day()
        self.one, self.other = tracker_on(store, self.clock), tracker_on(store, self.clock)
        new = NewMarket(MARKET, "Chợ Vũng Tàu", PREFIX, None, OPENED, ("Khu 0", "Khu 1"))
        run(markets.create(self.one, ADMIN, new))
        self.register(1)
        assert self.one.known_markets.get(MARKET) is not None

    def register(self, n: int, by: Tracker | None = None, **more: Any) -> Written:
        """Trader n, by the first process unless by another."""
        new = trader(n, **more)
        return self.run(vendors.register(by or self.one, ADMIN, MARKET, new))

    def facts(self) -> list[str]:
        """What the market's own facts are."""
        facts = self.run(self.one.reader.market_facts(MARKET))
        return [type(fact).__name__ for fact in facts]


@pytest.fixture
def town(run: Run, store: Redis) -> Town:
    return Town(run, store)


def refused(run: Run, what: Awaitable[object]) -> Conflict:
    with pytest.raises(Conflict) as told:
        run(what)
    return told.value


def close(town: Town, by: Tracker) -> None:
    """The market is no more from today on."""
    town.run(market_changes.close(by, ADMIN, MARKET, closed_on=OPENED + 1, into=None, reason="x"))


def test_a_market_that_another_process_closed_registers_nobody(town: Town, store: Redis) -> None:
    close(town, town.other)
    before = town.run(dump(store))
    new = trader(2)
    told = refused(town.run, vendors.register(town.one, ADMIN, MARKET, new))
    assert told.code == "MARKET_CLOSED"
    assert town.run(dump(store)) == before


def test_a_market_that_is_open_again_registers_whoever_remembers_it_closed(town: Town) -> None:
    close(town, town.one)
    new = trader(2)
    assert refused(town.run, vendors.register(town.one, ADMIN, MARKET, new)).code == "MARKET_CLOSED"
    version = len(town.facts())
    town.run(voids.void(town.other, ADMIN, f"{PREFIX}.e{version}", reason="never burnt"))
    assert town.register(2).created


def test_a_zone_that_another_process_added_is_added_once(town: Town) -> None:
    town.register(2, town.other, zone="Khu 7")
    town.register(3, zone="Khu 7")
    town.register(4, zone="Khu 8")
    town.register(5, zone="Khu 8")
    assert town.facts().count("ZoneAdded") == 2


def test_the_commit_finds_who_is_there(town: Town) -> None:
    """Another name is refused with the code on the sticker, the same one is a match."""
    there = town.register(2, town.other, partner_ref="r2").vendor.vendor
    again = town.register(2, partner_ref="r2")
    assert (again.created, again.vendor.vendor) == (False, there)
    other = replace(trader(2), name="Ai Đó")
    told = refused(town.run, vendors.register(town.one, ADMIN, MARKET, other))
    assert (told.code, told.extra) == ("STALL_TAKEN", {"vendor": there})
    elsewhere = trader(3, partner_ref="r2")
    told = refused(town.run, vendors.register(town.one, ADMIN, MARKET, elsewhere))
    assert (told.code, told.extra) == ("PARTNER_REF_TAKEN", {"vendor": there})


def test_a_match_needs_no_room_for_another_zone(town: Town, store: Redis) -> None:
    client: Any = store
    full = [f"zone:Khu {n}" for n in range(1, GROUPS_MAX + 1)]
    town.run(client.sadd(Space(MARKET).sets, *full))
    assert not town.register(1, zone="Khu mới").created
    new = trader(2, zone="Khu mới")
    told = refused(town.run, vendors.register(town.one, ADMIN, MARKET, new))
    assert told.code == "TOO_MANY_GROUPS"


def test_what_wrote_nothing_uses_no_number(town: Town) -> None:
    for _ in range(BLOCK):
        town.register(1)
        other = replace(trader(1), name="Ai Đó")
        refused(town.run, vendors.register(town.one, ADMIN, MARKET, other))
    first, second = (town.register(n).vendor.vendor for n in (2, 3))
    assert [code.split("-")[1] for code in (first, second)] == ["0002", "0003"]


def test_many_at_once_under_one_key_are_one_vendor(town: Town) -> None:
    """And the numbers of all the others are there for those who come after."""
    once = Once("key", lambda written: written.vendor.vendor.encode())
    new = trader(2)

    async def one() -> bytes:
        try:
            written = await vendors.register(town.one, ADMIN, MARKET, new, once)
        except Answered as known:
            return known.stored
        return written.vendor.vendor.encode()

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*(one() for _ in range(3 * BLOCK)))

    before = town.run(town.one.reader.position(MARKET))
    assert len(set(town.run(all_at_once()))) == 1
    assert town.run(town.one.reader.position(MARKET)) == before + 3  # registered, linked, issued
    numbers = {town.register(n).vendor.vendor.split("-")[1] for n in range(3, 3 + BLOCK)}
    assert max(map(int, numbers)) <= 8 * BLOCK


def test_a_document_that_was_decided_on_must_be_as_it_was(town: Town, store: Redis) -> None:
    def expecting(version: int) -> Commit:
        commit = Commit(Space(MARKET))
        commit.expect(ITSELF, version)
        commit.answer(f"key {version}", b"answer")
        return commit

    version = len(town.facts())
    before = town.run(dump(store))
    for wrong in (0, version - 1, version + 1):
        assert town.run(town.one.committer.commit(expecting(wrong))) == Stale(ITSELF)
    assert town.run(dump(store)) == before
    assert isinstance(town.run(town.one.committer.commit(expecting(version))), Done)
    assert len(town.facts()) == version
