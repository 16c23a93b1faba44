"""Erasure: the data key goes everywhere, the figures stay, and a restore does not undo it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, MARKETS, VCB, Clock, build, tracker_on, trader
from tests.integration.test_privacy_at_rest import files_of
from tracker.access.keys import Principal
from tracker.domain.codes import vendor_code
from tracker.domain.errors import Conflict, NotFound
from tracker.services import (
    account_index,
    audit,
    code_life,
    codes,
    erasure,
    findings,
    personal_data,
    schedule,
    vendor_life,
    vendor_reading,
    vendors,
)
from tracker.services.context import Tracker
from tracker.services.vendors import NewAccount
from tracker.store.client import connect
from tracker.store.embedded import EmbeddedServer
from tracker.store.keys import LOG_REWRITE, Space
from tracker.store.reads import SETS

MARKET = "cho-vung-tau"
SPACE = Space(MARKET)
MANAGER = Principal("manager1", "", "manager", markets=frozenset({MARKET}))


def passes(_: int) -> None:
    """An If-Match of `*`."""


class Town:
    """The small registry of `registry.build`, and one of its traders who wants to be forgotten."""

    def __init__(self, run: Run, store: Redis) -> None:
        self.run = run
        self.client: Any = store
        self.clock = Clock()
        self.tracker: Tracker = tracker_on(store, self.clock)
        run(build(self.tracker, self.clock))

    def number(self, n: int) -> int:
        """The number of the trader at stall A<n>."""
        holders = self.run(self.tracker.reader.holders(MARKET, [f"s:A{n:02d}"]))
        return int(holders[0] or 0)

    def leave(self, n: int) -> str:
        """The trader's codes end and they leave; the vendor code."""
        vendor = vendor_code("CVT", self.number(n))
        for code in self.run(codes.listed(self.tracker, ADMIN, vendor)):
            self.run(code_life.revoke(self.tracker, ADMIN, code.id, reason="left"))
        self.run(
            vendor_life.put_status(
                self.tracker, ADMIN, vendor, status="left", reason=None, check=passes
            )
        )
        return vendor

    def erase(self, vendor: str) -> erasure.ErasureOut:
        return self.run(erasure.erase(self.tracker, ADMIN, vendor, passes))

    def differences(self) -> list[str]:
        async def look() -> list[str]:
            return [one.text() async for one in audit.verify(self.tracker)]

        return self.run(look())

    def views(self) -> dict[str, Any]:
        """What figures are made from."""
        return {
            "lines": self.run(self.client.hgetall(SPACE.deltas)),
            "rows": self.run(self.client.get(SPACE.rows)),
            "sets": self.run(self.client.eval(SETS, 1, SPACE.sets)),
            "bodies": self.run(self.client.hgetall(SPACE.bodies)),
            "published": self.run(self.client.hgetall(SPACE.published)),
        }

    def index(self) -> bytes:
        """Everything in the account index."""

        async def read() -> bytes:
            keys = [key async for key in self.client.scan_iter(match="{accounts:*")]
            return b"".join([b"".join((await self.client.hgetall(k)).values()) for k in keys])

        return self.run(read())

    def tick_until_done(self) -> None:
        """Ticks of the schedule until the log is without what was erased."""
        end = time.monotonic() + 30
        while self.run(self.client.hlen(SPACE.erasing)):
            self.run(schedule.tick(self.tracker))
            assert time.monotonic() < end


@pytest.fixture
def town(run: Run, store: Redis) -> Town:
    return Town(run, store)


def test_figures_chain_and_verify_stay_as_they_are(town: Town) -> None:
    vendor = town.leave(5)
    assert town.differences() == []
    before = town.views()
    done = town.erase(vendor)
    assert done.event.startswith(vendor)
    assert town.views() == before
    assert town.differences() == []
    town.tick_until_done()
    assert town.differences() == []


def test_what_is_shown_of_the_erased_has_no_name(town: Town) -> None:
    vendor = town.leave(5)
    town.erase(vendor)
    shown = town.run(vendor_reading.get(town.tracker, ADMIN, vendor))
    assert (shown.name, shown.phone, shown.status) == (None, None, "left")
    assert [(a.number, a.holder) for a in shown.accounts] == [(None, None)]
    for refused in (
        lambda: personal_data.export(town.tracker, ADMIN, vendor),
        lambda: codes.get(town.tracker, ADMIN, f"{vendor}.c1"),
    ):
        with pytest.raises(NotFound) as told:
            town.run(refused())
        assert told.value.code == "ERASED"


def test_the_same_stall_account_and_reference_are_registered_again(town: Town) -> None:
    vendor = town.leave(5)
    with pytest.raises(Conflict) as told:
        town.run(vendors.register(town.tracker, ADMIN, MARKET, trader(5, partner_ref="ref-5")))
    assert told.value.code == "PARTNER_REF_TAKEN"  # until it is forgotten, it is theirs
    town.erase(vendor)
    again = town.run(vendors.register(town.tracker, ADMIN, MARKET, trader(5, partner_ref="ref-5")))
    assert again.created
    assert again.vendor.vendor != vendor
    town.tick_until_done()
    assert town.differences() == []


def test_it_is_done_once_and_answered_alike(town: Town) -> None:
    vendor = town.leave(5)
    first = town.erase(vendor)
    town.clock.next_day()

    def outdated(_: int) -> None:
        raise AssertionError("What is done already asks for no If-Match.")

    again = town.run(erasure.erase(town.tracker, ADMIN, vendor, outdated))
    assert again == first


def test_the_account_index_forgets_who_was_erased_and_nobody_else(town: Town) -> None:
    vendor = town.leave(5)
    number = int(vendor.split("-")[1])
    town.run(schedule.tick(town.tracker))
    assert f" {MARKET}:{number} ".encode() in town.index()
    others = town.index().count(b"cho-")
    town.erase(vendor)
    assert f" {MARKET}:{number} ".encode() not in town.index()
    assert town.index().count(b"cho-") < others
    found = town.run(account_index.holders(town.tracker, "account", VCB, "0071000900003"))
    assert {market for market, _, _ in found} == set(MARKETS)


def test_a_death_after_the_commit_is_made_up_for_by_the_schedule(town: Town) -> None:
    """What clears is repeated: here nothing but the commit had happened."""
    vendor = town.leave(5)
    number = int(vendor.split("-")[1])
    town.run(schedule.tick(town.tracker))

    async def commit_alone() -> None:
        market, history = await erasure._find(town.tracker, ADMIN, vendor)
        commit, _, _ = await erasure._prepared(town.tracker, market, history, "admin001")
        await town.tracker.commit(commit)

    town.run(commit_alone())
    named = f" {MARKET}:{number} ".encode()
    assert named in town.index()
    town.tick_until_done()
    assert named not in town.index()
    assert list(town.run(erasure.listed(town.tracker))) == [vendor]
    assert not town.run(town.client.exists(LOG_REWRITE))


def test_an_erasure_ends_no_finding_by_itself_and_none_stays(town: Town) -> None:
    """Who leaves shares nothing any more, though they be erased before that is seen."""
    account = NewAccount(VCB, "0071000977777")
    pair = []
    for n in (21, 22):
        made = town.run(vendors.register(town.tracker, ADMIN, MARKET, trader(n, account=account)))
        pair.append(made.vendor.vendor)
    town.run(findings.find(town.tracker))

    def told() -> list[str | None]:
        doubts = town.run(vendor_reading.get(town.tracker, ADMIN, pair[1])).doubts
        return [doubt.other for doubt in doubts] if isinstance(doubts, list) else []

    assert told() == [pair[0]]
    town.erase(town.leave(21))
    assert told() == [pair[0]]
    town.run(findings.find(town.tracker))
    assert told() == []
    town.tick_until_done()
    assert town.differences() == []


class TestAnOlderCopy:
    """A store that is put back from before an erasure."""

    def test_forgets_again_whom_the_list_names(self, town: Town) -> None:
        vendor = vendor_code("CVT", town.number(5))  # on the roster, with a live code
        before = town.run(town.tracker.reader.data_keys(MARKET, [5]))
        nobody = vendor_code("CVT", 999)
        foreign = vendor_code("ZZZ", 1)
        applied = town.run(erasure.apply(town.tracker, "cli", [vendor, nobody, foreign]))
        assert applied == ([vendor], [], [nobody, foreign])
        assert before != [None]
        shown = town.run(vendor_reading.get(town.tracker, ADMIN, vendor))
        assert (shown.name, shown.status) == (None, "left")
        assert [code.state for code in shown.codes] == ["revoked"]
        assert town.differences() == []
        assert town.run(erasure.apply(town.tracker, "cli", [vendor])).still == [vendor]
        assert town.run(vendors.register(town.tracker, ADMIN, MARKET, trader(5))).created

    def test_of_the_data_keys_alone_is_named_by_verify_and_mended(self, town: Town) -> None:
        key = town.run(town.tracker.reader.data_keys(MARKET, [town.number(5)]))[0]
        vendor = town.leave(5)
        number = vendor.split("-")[1].lstrip("0")
        town.erase(vendor)
        town.run(town.client.hset(SPACE.data_keys, number, key))
        assert town.differences() == [
            f"{MARKET}: data key {vendor}: expected none: erased, found a data key"
        ]
        version = town.run(vendor_reading.get(town.tracker, ADMIN, vendor)).version
        assert town.run(erasure.apply(town.tracker, "cli", [vendor])).again == [vendor]
        assert town.differences() == []
        assert town.run(vendor_reading.get(town.tracker, ADMIN, vendor)).version == version


class TestAnExport:
    def test_is_in_the_ledger_before_it_leaves(self, town: Town) -> None:
        vendor = vendor_code("CVT", town.number(5))
        held = town.run(personal_data.export(town.tracker, MANAGER, vendor))
        last = held.events[-1]
        assert (last.id, last.kind, last.by) == (held.access, "personal_data_read", MANAGER.id)
        stored = town.run(town.tracker.reader.history(MARKET, "CVT", town.number(5)))
        assert stored.version == held.version == len(held.events)
        assert [name.name for name in held.names] == ["Nguyễn Thị 5"]
        assert [a.number for a in held.accounts] == ["0071000900005"]
        assert held.codes[0].payload is not None
        assert town.differences() == []

    def test_of_another_market_is_not_there(self, town: Town) -> None:
        for vendor in (vendor_code("CP7", 5), vendor_code("ZZZ", 5), "nonsense"):
            with pytest.raises(NotFound) as told:
                town.run(personal_data.export(town.tracker, MANAGER, vendor))
            assert told.value.code == "NOT_FOUND"

    def test_is_written_for_each_of_many_at_once(self, town: Town) -> None:
        vendor = vendor_code("CVT", town.number(5))

        async def both() -> list[personal_data.PersonalDataOut]:
            reads = [personal_data.export(town.tracker, MANAGER, vendor) for _ in range(5)]
            return await asyncio.gather(*reads)

        held = town.run(both())
        assert len({one.access for one in held}) == 5


class Alone(Town):
    """The same on a store of its own, whose files can be looked into."""

    def __init__(self, run: Run, store: Redis, data_dir: Path) -> None:
        super().__init__(run, store)
        self.data_dir = data_dir

    def in_files(self, what: bytes) -> list[str]:
        return [name for name, content in files_of(self.data_dir) if what in content]


@pytest.fixture
def alone(run: Run, tmp_path: Path) -> Iterator[Alone]:
    with EmbeddedServer(tmp_path / "data") as server:
        client = connect(server.url())
        yield Alone(run, client, tmp_path / "data")
        run(client.aclose())


def test_the_log_is_written_anew_without_the_keys_once_for_many(alone: Alone) -> None:
    """The wrapped keys stand in the log until then, and in none of the store's files after it."""
    alone.run(alone.client.config_set("rdbcompression", "no"))
    numbers = [alone.number(n) for n in (5, 6)]
    keys = [key or b"" for key in alone.run(alone.tracker.reader.data_keys(MARKET, numbers))]
    kept = alone.run(alone.tracker.reader.data_keys(MARKET, [alone.number(3)]))[0] or b""
    gone = [alone.leave(n) for n in (5, 6)]
    before = alone.run(alone.client.info("persistence"))["aof_rewrites"]
    for vendor in gone:
        alone.erase(vendor)
    assert all(len(key) == 44 and alone.in_files(key) for key in keys)
    alone.tick_until_done()
    end = time.monotonic() + 30
    while any(alone.in_files(key) for key in keys):  # the server unlinks old files in a thread
        assert time.monotonic() < end
    assert alone.in_files(kept)
    assert alone.run(alone.client.info("persistence"))["aof_rewrites"] == before + 1
    assert sorted(alone.run(erasure.listed(alone.tracker))) == sorted(gone)
    assert alone.differences() == []
