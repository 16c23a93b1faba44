"""One account at two stalls, one reference in two markets: found, written once, ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from msgspec import DecodeError
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as StoreAway

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, BIDV, MARKETS, OPENED, VCB, Clock, tracker_on
from tracker.access.keys import Principal
from tracker.domain.codes import parse_vendor_code, vendor_code
from tracker.domain.facts import (
    AccountUnlinked,
    FindingEnded,
    FindingOpened,
    Status,
    StatusChanged,
    VendorFact,
    Voided,
)
from tracker.domain.vendor import History
from tracker.services import account_index, audit, findings, markets, vendor_reading, vendors
from tracker.services.findings import Found
from tracker.services.markets import NewMarket
from tracker.services.vendors import NewAccount, NewVendor
from tracker.store.client import connect
from tracker.store.commit import Commit, Committer, Done, Outcome, Stale
from tracker.store.keys import EXAMINED, Space

HERE, THERE = MARKETS
BANK = Principal("bank0001", "a bank", "bank", bins=frozenset({VCB}))
SHARED = "0071000888999"
DUPLICATE, REUSED = "duplicate_account", "partner_ref_reused"


class Town:
    """Two empty markets; vendors are named by their codes."""

    def __init__(self, run: Run, store: Redis) -> None:
        self.run = run
        self.store: Any = store
        self.clock = Clock()
        self.tracker = tracker_on(store, self.clock)
        for market, prefix in MARKETS.items():
            new = NewMarket(market, f"Chợ {prefix}", prefix, None, OPENED)
            run(markets.create(self.tracker, ADMIN, new))

    def find(self) -> Found:
        """One run, a minute later."""
        self.clock.ms += 60_000
        return self.run(findings.find(self.tracker))

    def trader(
        self,
        market: str,
        stall: str,
        number: str | None = None,
        *,
        bin_: str = VCB,
        ref: str | None = None,
        by: Principal = ADMIN,
        holder: str | None = None,
    ) -> str:
        """A new vendor; its code."""
        account = None if number is None else NewAccount(bin_, number, holder)
        new = NewVendor(stall=stall, name=f"Lê Thị {stall}", account=account, partner_ref=ref)
        return self.run(vendors.register(self.tracker, by, market, new)).vendor.vendor

    def link(self, vendor: str, number: str, bin_: str = VCB) -> None:
        """The vendor's account at a bank from now on."""
        self.clock.ms += 1_000
        self.run(vendors.link_account(self.tracker, ADMIN, vendor, NewAccount(bin_, number)))

    def history(self, vendor: str) -> History:
        """All facts of a vendor."""
        prefix, number = parse_vendor_code(vendor)
        market = self.run(self.tracker.market_id(prefix))
        return self.run(self.tracker.reader.history(market, prefix, number))

    def state(self, vendor: str, fact: type[VendorFact], **more: Any) -> None:
        """A fact that happens to the vendor now."""
        self.clock.ms += 1_000
        history = self.history(vendor)
        commit = Commit(Space(self.run(self.tracker.market_id(history.prefix))))
        commit.vendor(history, [fact(self.clock(), self.clock(), "admin001", **more)])
        assert isinstance(self.run(self.tracker.commit(commit)), Done)

    def status(self, vendor: str, status: Status) -> None:
        """The vendor leaves, or comes back."""
        self.state(vendor, StatusChanged, status=status)

    def found(self, *some: str) -> list[set[tuple[str, str]]]:
        """What each vendor bears."""
        return [set(self.history(vendor).replay().findings) for vendor in some]

    def told(self, vendor: str) -> list[VendorFact]:
        """The facts that findings left with a vendor."""
        facts = self.history(vendor).facts
        return [fact for fact in facts if isinstance(fact, FindingOpened | FindingEnded)]

    def verified(self) -> bool:
        """Whether every view is what the ledgers give."""

        async def differences() -> list[audit.Difference]:
            return [one async for one in audit.verify(self.tracker)]

        return self.run(differences()) == []


@pytest.fixture
def town(run: Run, store: Redis) -> Town:
    """Two empty markets."""
    return Town(run, store)


@pytest.mark.parametrize("market", [HERE, THERE])
def test_one_account_at_two_stalls_is_found_on_both(town: Town, market: str) -> None:
    one, other = town.trader(HERE, "A1", SHARED), town.trader(market, "A2", SHARED)
    apart = town.trader(THERE, "A3", "0071000111222")
    assert town.find().facts == 2
    assert town.found(one, other, apart) == [{(DUPLICATE, other)}, {(DUPLICATE, one)}, set()]
    (fact,) = town.told(one)
    assert (fact.at, fact.recorded, fact.by) == (town.clock(), town.clock(), "findings")
    assert town.find().facts == 0
    assert town.verified()


def test_a_family_account_is_a_doubt_too(town: Town) -> None:
    one = town.trader(HERE, "A1", SHARED, holder="LE VAN CHA")
    other = town.trader(HERE, "A2", SHARED, holder="LE VAN CHA")
    assert town.history(one).replay().accounts[VCB].owner == "family"
    town.find()
    assert town.found(one, other) == [{(DUPLICATE, other)}, {(DUPLICATE, one)}]


def test_one_number_at_two_banks_is_nothing(town: Town) -> None:
    one, other = town.trader(HERE, "A1", SHARED), town.trader(HERE, "A2", SHARED, bin_=BIDV)
    assert town.find().facts == 0
    assert town.found(one, other) == [set(), set()]


def change(town: Town, vendor: str) -> None:
    town.link(vendor, "0071000777666")


def unlink(town: Town, vendor: str) -> None:
    town.state(vendor, AccountUnlinked, bin=VCB)


def leave(town: Town, vendor: str) -> None:
    town.status(vendor, "left")


def void(town: Town, vendor: str) -> None:
    town.state(vendor, Voided, event=2, reason="typed wrong")


ENDINGS = [change, unlink, leave, void]


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("market", [HERE, THERE])
def test_it_ends_for_both_when_one_of_the_two_shares_it_no_more(
    town: Town, market: str, which: int, end: Any
) -> None:
    both = town.trader(HERE, "A1", SHARED), town.trader(market, "A2", SHARED)
    town.find()
    end(town, both[which])
    assert town.find().facts == 2
    assert town.found(*both) == [set(), set()]
    assert [type(fact) for fact in town.told(both[1 - which])] == [FindingOpened, FindingEnded]
    assert town.find().facts == 0
    assert town.verified()


def test_suspended_stays_found_and_who_comes_back_is_found_again(town: Town) -> None:
    one, other = town.trader(HERE, "A1", SHARED), town.trader(THERE, "A2", SHARED)
    town.find()
    town.status(one, "suspended")
    assert town.find().facts == 0
    town.status(one, "left")
    town.find()
    assert town.found(one, other) == [set(), set()]
    town.status(one, "trading")
    town.find()
    assert town.found(one, other) == [{(DUPLICATE, other)}, {(DUPLICATE, one)}]


def test_of_three_each_bears_two_and_two_stay_when_one_goes(town: Town) -> None:
    first, second = town.trader(HERE, "A1", SHARED), town.trader(HERE, "A2", SHARED)
    town.find()
    third = town.trader(THERE, "A3", SHARED)
    assert town.find().facts == 4
    assert [len(found) for found in town.found(first, second, third)] == [2, 2, 2]
    town.status(first, "left")
    assert town.find().facts == 4
    assert town.found(second, third) == [{(DUPLICATE, third)}, {(DUPLICATE, second)}]


def test_two_accounts_that_both_share_are_one_finding_until_neither_is(town: Town) -> None:
    one, other = town.trader(HERE, "A1", SHARED), town.trader(THERE, "A2", SHARED)
    for vendor in (one, other):
        town.link(vendor, SHARED, BIDV)
    assert town.find().facts == 2
    town.link(one, "1000001")
    assert town.find().facts == 0
    town.link(one, "1000002", BIDV)
    assert town.find().facts == 2
    assert town.found(one, other) == [set(), set()]


class TestReferences:
    """A bank's reference is the bank's: it names one vendor in all markets."""

    def test_a_reference_in_two_markets_is_found_and_ends(self, town: Town) -> None:
        one = town.trader(HERE, "A1", "1001001", ref="VCB-7", by=BANK)
        other = town.trader(THERE, "A2", "1001002", ref="VCB-7", by=BANK)
        town.find()
        assert town.found(one, other) == [{(REUSED, other)}, {(REUSED, one)}]
        town.status(other, "left")
        town.find()
        assert town.found(one, other) == [set(), set()]

    def test_another_bank_s_and_a_market_s_own_are_nothing(self, town: Town) -> None:
        bidv = Principal("bank0002", "another", "bank", bins=frozenset({BIDV}))
        town.trader(HERE, "A1", "1001001", ref="7", by=BANK)
        town.trader(THERE, "A1", "1001002", bin_=BIDV, ref="7", by=bidv)
        for market in (HERE, THERE):
            town.trader(market, "A2", ref="7")
        assert town.find() == Found(entries=8, vendors=2, facts=0)

    def test_a_reference_without_an_account_is_in_the_index(self, town: Town) -> None:
        one = town.trader(HERE, "A1", ref="VCB-7", by=BANK)
        town.run(account_index.complete_all(town.tracker))
        other = town.trader(THERE, "A2", ref="VCB-7", by=BANK)
        town.find()
        assert town.found(one, other) == [{(REUSED, other)}, {(REUSED, one)}]


class Dying(Committer):
    """Writes the first of many, and is gone."""

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        await super().commit_many(commits[:1])
        raise StoreAway("gone")


@pytest.mark.parametrize("end", [None, *ENDINGS])
@pytest.mark.parametrize("which", [0, 1])
def test_a_death_between_the_two_markets_is_mended_whatever_happened_since(
    town: Town, which: int, end: Any
) -> None:
    both = town.trader(HERE, "A1", SHARED), town.trader(THERE, "A2", SHARED)
    committer = town.tracker.committer
    town.tracker.committer = Dying(town.store)
    with pytest.raises(StoreAway):
        town.find()
    town.tracker.committer = committer
    assert sorted(map(len, town.found(*both))) == [0, 1]
    if end is not None:
        end(town, both[which])
    town.find()
    held = end is None
    assert town.found(*both) == [
        {(DUPLICATE, both[1])} if held else set(),
        ({(DUPLICATE, both[0])} if held else set()),
    ]
    assert town.verified()


def test_a_death_while_it_ends_is_mended_too(town: Town) -> None:
    both = town.trader(HERE, "A1", SHARED), town.trader(THERE, "A2", SHARED)
    town.find()
    change(town, both[1])
    committer = town.tracker.committer
    town.tracker.committer = Dying(town.store)
    with pytest.raises(StoreAway):
        town.find()
    town.tracker.committer = committer
    assert sorted(map(len, town.found(*both))) == [0, 1]
    assert town.find().facts == 1
    assert town.found(*both) == [set(), set()]


class Losing(Committer):
    """Loses every race."""

    async def commit_many(self, commits: Sequence[Commit]) -> list[Outcome]:
        return [Stale("1") for _ in commits]


def test_what_others_keep_changing_is_left_to_the_next_run(town: Town) -> None:
    one, other = town.trader(HERE, "A1", SHARED), town.trader(THERE, "A2", SHARED)
    committer = town.tracker.committer
    town.tracker.committer = Losing(town.store)
    for _ in range(2):
        assert town.find()[1:] == (2, 0)
    town.tracker.committer = committer
    assert town.find()[1:] == (2, 2)
    assert town.found(one, other) == [{(DUPLICATE, other)}, {(DUPLICATE, one)}]


def test_two_workers_at_once_write_each_finding_once(town: Town, store_url: str) -> None:
    some = [town.trader(market, f"A{n}", SHARED) for market in MARKETS for n in range(4)]

    async def at_once() -> list[Found]:
        others = [connect(store_url) for _ in range(3)]
        workers = [town.tracker, *(tracker_on(client, town.clock) for client in others)]
        done = await asyncio.gather(*(findings.find(worker) for worker in workers))
        for client in others:
            await client.aclose()
        return done

    done = town.run(at_once())
    assert sum(one.facts for one in done) == len(some) * (len(some) - 1)
    for vendor in some:
        told = town.told(vendor)
        assert {fact.other for fact in told if isinstance(fact, FindingOpened)} == set(some) - {
            vendor
        }
        assert len(told) == len(some) - 1
    assert town.verified()


@pytest.mark.parametrize("seed", range(4))
def test_whatever_changes_while_workers_look_the_last_look_has_the_last_word(
    town: Town, store_url: str, seed: int
) -> None:
    random = Random(seed)
    some = [town.trader(market, f"A{n}", "1001") for market in MARKETS for n in range(3)]
    numbers = ("1001", "1002", "1003")

    async def meanwhile() -> None:
        clients = [connect(store_url) for _ in range(2)]
        workers = [tracker_on(client, town.clock) for client in clients]
        for _ in range(8):
            town.clock.ms += 1_000
            changed = {random.choice(some): random.choice(numbers) for _ in range(3)}
            changes = [
                vendors.link_account(town.tracker, ADMIN, vendor, NewAccount(VCB, number))
                for vendor, number in changed.items()
            ]
            await asyncio.gather(*(findings.find(worker) for worker in workers), *changes)
        for client in clients:
            await client.aclose()

    town.run(meanwhile())
    town.find()
    held = {vendor: number_of(town, vendor) for vendor in some}
    for vendor, found in zip(some, town.found(*some), strict=True):
        same = {v for v, number in held.items() if number == held[vendor]} - {vendor}
        assert found == {(DUPLICATE, other) for other in same}
    assert town.verified()


def number_of(town: Town, vendor: str) -> str:
    shown = town.run(vendor_reading.get(town.tracker, BANK, vendor))
    (account,) = shown.accounts
    return account.number or ""


def test_a_run_takes_up_where_the_last_one_stopped(town: Town) -> None:
    some = [town.trader(market, f"A{n}", SHARED) for n in range(3) for market in MARKETS]
    runs = 0
    while town.run(findings.find(town.tracker, entries_max=2)).entries:
        runs += 1
        assert runs < 100
    assert runs > 5
    assert all(len(found) == len(some) - 1 for found in town.found(*some))


async def calls(store: Any) -> int:
    """Commands that the server has run."""
    stats = await store.info("commandstats")
    return sum(each["calls"] for each in stats.values())


def test_where_nothing_is_new_a_run_asks_one_thing_a_market(town: Town) -> None:
    for n in range(60):
        town.trader(HERE, f"A{n}", f"7{n:08d}")
    town.find()
    town.find()  # its own facts: none here

    async def spent() -> int:
        before = await calls(town.store)
        assert await findings.find(town.tracker) == Found()
        return await calls(town.store) - before

    assert town.run(spent()) <= len(MARKETS) + 4
    town.link(vendor_code("CVT", 7), "7999")

    async def once_more() -> int:
        before = await calls(town.store)
        assert await findings.find(town.tracker) == Found(entries=1, vendors=1, facts=0)
        return await calls(town.store) - before

    assert town.run(once_more()) <= len(MARKETS) + 20


def test_a_rebuild_gives_the_index_back_and_leaves_the_findings(town: Town) -> None:
    one = town.trader(HERE, "A1", ref="VCB-7", by=BANK)
    other = town.trader(THERE, "A2", SHARED, ref="VCB-7", by=BANK)
    town.find()
    before = town.found(one, other)

    async def lose_and_rebuild() -> None:
        lost = [key async for key in town.store.scan_iter(match="{accounts:*")]
        assert lost
        await town.store.delete(*lost)
        assert not any([rebuilt.refused async for rebuilt in audit.rebuild(town.tracker)])
        await account_index.complete_all(town.tracker)

    town.run(lose_and_rebuild())
    assert town.find().facts == 0
    assert town.found(one, other) == before
    third = town.trader(HERE, "A3", SHARED)
    town.find()
    assert (DUPLICATE, third) in town.found(other)[0]
    town.run(town.store.delete(EXAMINED))
    again = town.find()
    assert again.vendors == 3
    assert again.facts == 0


def test_a_damaged_ledger_stops_no_other_market(town: Town) -> None:
    ledger = Space(HERE).ledger
    town.run(town.store.xadd(ledger, {"n": "1", "e": b"\xc1"}, id="0-*"))
    one, other = town.trader(THERE, "A1", SHARED), town.trader(THERE, "A2", SHARED)
    for _ in range(2):
        with pytest.raises(DecodeError):
            town.find()
        assert town.found(one, other) == [{(DUPLICATE, other)}, {(DUPLICATE, one)}]
    assert len(town.told(one)) == 1


def test_an_erasure_ends_no_finding(town: Town) -> None:
    one, other = town.trader(HERE, "A1", SHARED), town.trader(THERE, "A2", SHARED)
    town.find()
    number = parse_vendor_code(one)[1]
    town.run(town.store.hdel(Space(HERE).data_keys, number))
    town.status(one, "suspended")
    town.status(other, "suspended")
    assert town.find().facts == 0
    assert town.found(one, other) == [{(DUPLICATE, other)}, {(DUPLICATE, one)}]
    town.status(one, "left")
    town.find()
    assert town.found(one, other) == [set(), set()]


def test_what_is_shared_stands_nowhere_in_clear(town: Town) -> None:
    ref = "0912345678 Lê Thị Hoa"
    town.trader(HERE, "A1", SHARED, ref=ref, by=BANK)
    town.trader(THERE, "A2", SHARED, ref=ref, by=BANK)
    town.find()

    async def stored() -> dict[bytes, bytes]:
        return {key: await town.store.dump(key) async for key in town.store.scan_iter()}

    values = town.run(stored())
    index = {key: value for key, value in values.items() if key.startswith(b"{accounts:")}
    assert index
    assert not any(SHARED.encode() in key + value for key, value in values.items())
    for key, value in {**index, EXAMINED.encode(): values[EXAMINED.encode()]}.items():
        assert ref.encode() not in key + value
    for vendor in (vendor_code("CVT", 1), vendor_code("CP7", 1)):
        for fact in town.told(vendor):
            assert isinstance(fact, FindingOpened)
            assert (fact.kind in {DUPLICATE, REUSED}, len(fact.other)) == (True, 10)
