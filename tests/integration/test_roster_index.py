"""The roster kept in memory is the plain walk through the market, for every reader."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from msgspec import UNSET
from redis.asyncio import Redis

from tests.integration.conftest import Run
from tests.integration.registry import ADMIN, BIDV, VCB, Clock, tracker_on
from tracker.access.keys import Principal
from tracker.domain.codes import parse_vendor_code
from tracker.domain.errors import Conflict, Forbidden, Invalid, NotFound
from tracker.domain.facts import Status, VendorFact
from tracker.domain.text import walking_order
from tracker.services import (
    code_life,
    codes,
    erasure,
    markets,
    vendor_life,
    vendor_reading,
    vendors,
    voids,
)
from tracker.services.approval_shapes import Pending
from tracker.services.context import Tracker
from tracker.services.markets import NewMarket
from tracker.services.roster_index import Found, RosterIndex
from tracker.services.roster_lines import Seen
from tracker.services.shapes import VendorOut
from tracker.services.vendor_life import Correction
from tracker.services.vendor_reading import Filter
from tracker.services.vendors import NewAccount, NewVendor

MARKET = "cho-thu"
READERS = (
    ADMIN,
    Principal("manager1", "", "manager", markets=frozenset({MARKET})),
    Principal("fieldaaa", "", "field", markets=frozenset({MARKET})),
    Principal("auditor1", "", "auditor"),
    Principal("bankvcb1", "", "bank", bins=frozenset({VCB})),
    Principal("bankbid1", "", "bank", bins=frozenset({BIDV})),
)
BANKS = {VCB: READERS[4], BIDV: READERS[5]}
NAMES = ("Đặng Thị Hoa", "Đặng Văn An", "Nguyễn Thị Ánh", "Trần Hoa", "LÊ THỊ BÉ", "Ông Ích")
WORDS = (None, "", "  ", "dang thi", "ĐẶNG", "hoa", "a1", "CTH-00", "d. t.", "zzz", "an")
ZONES = (None, "Khu A", "Khu Đ", "Khu B")
CATEGORIES = (None, "Rau củ", "Thịt")


def passes(_: int) -> None:
    """An If-Match of `*`."""


class Market:
    """A market in which something happens."""

    def __init__(self, run: Run, store: Redis, seed: int = 0) -> None:
        self.run = run
        self.clock = Clock()
        self.tracker: Tracker = tracker_on(store, self.clock)
        self.client: Any = store
        self.chance = random.Random(seed)
        new = NewMarket(MARKET, "Chợ thử", "CTH", None, 19_000, ())
        run(markets.create(self.tracker, ADMIN, new))

    def register(self, stall: str, name: str = "Đặng Thị Hoa", **more: Any) -> str:
        """The code of a new vendor."""
        by = more.pop("by", ADMIN)
        new = NewVendor(stall=stall, name=name, **more)
        return self.run(vendors.register(self.tracker, by, MARKET, new)).vendor.vendor

    def walk(self, reader: Principal, wanted: Filter) -> list[VendorOut]:
        """All that the plain walk gives, in the order in which one walks by."""
        found, _ = self.run(vendor_reading.page(self.tracker, reader, MARKET, wanted, 0, 1_000))
        return sorted(found, key=lambda v: (walking_order(v.stall), parse_vendor_code(v.vendor)[1]))

    def something(self) -> None:
        """One change, or the attempt at one."""
        everybody = self.run(self.tracker.reader.all_histories(MARKET, "CTH"))
        chosen = self.chance.choice(list(everybody.values())) if everybody else None
        acts: list[Callable[[], Awaitable[Any]]] = [self._newcomer] * 3
        if chosen is not None:
            code = chosen.vendor_code
            acts += self._of(code, chosen.facts)
        self.clock.ms += 1_000
        with suppress(Conflict, Forbidden, Invalid, NotFound):
            self.run(self.chance.choice(acts)())

    def _newcomer(self) -> Awaitable[Any]:
        pick = self.chance.choice
        bin_ = pick((None, VCB, BIDV))
        account = None if bin_ is None else NewAccount(bin_, f"{pick(range(10**6)):08d}")
        by = BANKS[bin_] if bin_ is not None and pick((True, False)) else ADMIN
        new = NewVendor(
            f"{pick('AB')}{pick(range(1, 14))}",
            pick(NAMES),
            pick(ZONES),
            pick(CATEGORIES),
            account=account,
            issue_code=account is not None and pick((True, False)),
        )
        return vendors.register(self.tracker, by, MARKET, new)

    def _of(self, vendor: str, facts: tuple[VendorFact, ...]) -> list[Callable[[], Awaitable[Any]]]:
        pick, tracker = self.chance.choice, self.tracker
        code = f"{vendor}.c{pick((1, 1, 2))}"
        bin_ = pick((VCB, BIDV))
        wanted = Correction(
            pick((UNSET, *NAMES)), UNSET, pick((UNSET, *ZONES)), pick((UNSET, *CATEGORIES))
        )
        statuses: tuple[Status, ...] = ("trading", "suspended", "left")
        status = pick(statuses)
        event = f"{vendor}.e{pick(range(len(facts))) + 1}"
        return [
            lambda: vendor_life.correct(tracker, ADMIN, vendor, wanted, passes),
            lambda: vendor_life.move(tracker, ADMIN, vendor, stall=f"C{pick(range(9))}"),
            lambda: vendor_life.put_status(
                tracker, ADMIN, vendor, status=status, reason=None, check=passes
            ),
            lambda: vendors.link_account(tracker, ADMIN, vendor, NewAccount(bin_, "11112222")),
            lambda: vendor_life.unlink_account(tracker, ADMIN, vendor, bin_, passes),
            lambda: codes.issue(tracker, ADMIN, vendor, bin_=bin_),
            lambda: codes.attach(tracker, ADMIN, code, occurred_at=None, evidence="declared"),
            lambda: codes.remove(tracker, ADMIN, code, occurred_at=None, reason="tax_worry"),
            lambda: code_life.revoke(tracker, ADMIN, code, reason="hết dùng"),
            lambda: code_life.print_again(tracker, ADMIN, code),
            lambda: voids.void(tracker, ADMIN, event, reason="nhầm"),
            lambda: erasure.erase(tracker, ADMIN, vendor, passes),
        ]

    def some_filter(self) -> Filter:
        """One to four things asked for at once."""
        pick = self.chance.choice
        asked = Filter(
            stage=pick((None, None, "registered", "issued", "attached")),
            zone=pick((None, None, *ZONES)),
            category=pick((None, None, *CATEGORIES)),
            bank=pick((None, None, VCB, BIDV)),
            q=pick(WORDS),
            reason=pick(
                (None, None, None, "no_account", "not_printed", "removed", "removed:other")
            ),
        )
        return pick((asked, Filter(q=pick(WORDS)), Filter()))


def as_seen(vendor: VendorOut) -> Seen:
    """What the walk tells of a vendor, as a line of the roster tells it."""
    return Seen(
        vendor.vendor,
        vendor.stall,
        vendor.name or "",
        vendor.zone or None,
        vendor.category or None,
        None if vendor.status is UNSET else vendor.status,
        None if vendor.stage is UNSET else vendor.stage,
        vendor.reason or None,
        tuple(sorted(account.bin for account in vendor.accounts)),
    )


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_plain_walk_after_any_changes(run: Run, store: Redis, seed: int) -> None:
    town = Market(run, store, seed)
    kept = RosterIndex(town.tracker)
    for _ in range(12):
        for _ in range(town.chance.choice((0, 1, 4, 12))):
            town.something()
        for reader in READERS:
            wanted = town.some_filter()
            found = run(kept.find(reader, MARKET, wanted, size=1_000))
            expected = town.walk(reader, wanted)
            assert list(found.lines) == [as_seen(vendor) for vendor in expected], wanted
            assert (found.found, found.of) == (len(expected), len(town.walk(reader, Filter())))
    anew = RosterIndex(town.tracker)
    for reader in READERS:
        assert run(anew.find(reader, MARKET, Filter())) == run(kept.find(reader, MARKET, Filter()))


def test_stalls_are_in_walking_order_and_names_by_the_given_name(run: Run, store: Redis) -> None:
    town = Market(run, store)
    for stall, name in (("A10", "Trần An"), ("A2", "Lê Hoa"), ("B1", "Đặng Ánh"), ("A1", "Bé")):
        town.register(stall, name)
    kept = RosterIndex(town.tracker)
    assert stalls(run(kept.find(ADMIN, MARKET, Filter()))) == ["A1", "A2", "A10", "B1"]
    by_name = run(kept.find(ADMIN, MARKET, Filter(), sort="name"))
    assert [line.name for line in by_name.lines] == ["Trần An", "Đặng Ánh", "Bé", "Lê Hoa"]
    for reader in READERS[3:]:
        hidden = run(kept.find(reader, MARKET, Filter(), sort="name"))
        assert stalls(hidden) == ["A1", "A2", "A10", "B1"], reader.role


def test_pages_go_on_where_the_one_before_ended_and_stay_within_what_there_is(
    run: Run, store: Redis
) -> None:
    town = Market(run, store)
    for n in range(1, 8):
        town.register(f"A{n}")
    kept = RosterIndex(town.tracker)
    seen = [run(kept.find(ADMIN, MARKET, Filter(), page=n, size=3)) for n in (1, 2, 3, 9, 0)]
    assert [stalls(one) for one in seen[:3]] == [["A1", "A2", "A3"], ["A4", "A5", "A6"], ["A7"]]
    assert [(one.page, one.pages) for one in seen] == [(1, 3), (2, 3), (3, 3), (3, 3), (1, 3)]


def test_who_was_erased_is_found_no_more_at_the_next_reading(run: Run, store: Redis) -> None:
    town = Market(run, store)
    gone, stays = town.register("A1", "Phạm Thị Tuyết"), town.register("A2", "Phạm Văn Tâm")
    kept = RosterIndex(town.tracker)
    assert run(kept.find(ADMIN, MARKET, Filter(q="pham"))).found == 2
    left = vendor_life.put_status(
        town.tracker, ADMIN, gone, status="left", reason=None, check=passes
    )
    assert not isinstance(run(left), Pending)
    run(erasure.erase(town.tracker, ADMIN, gone, passes))
    found = run(kept.find(ADMIN, MARKET, Filter(q="pham")))
    assert [line.vendor for line in found.lines] == [stays]


def test_a_ledger_that_is_another_one_is_read_as_a_whole(run: Run, store: Redis) -> None:
    town = Market(run, store)
    town.register("A1", "Đặng Thị Hoa")
    kept = RosterIndex(town.tracker)
    assert stalls(run(kept.find(ADMIN, MARKET, Filter()))) == ["A1"]
    run(town.client.flushall())
    again = Market(run, store)
    again.register("B7", "Lê Hoa")
    assert stalls(run(kept.find(ADMIN, MARKET, Filter()))) == ["B7"]


def test_only_so_many_vendors_are_kept_and_the_last_asked_for_stay(run: Run, store: Redis) -> None:
    town = Market(run, store)
    for n in range(1, 4):
        town.register(f"A{n}")
    for other in ("cho-hai", "cho-ba"):
        new = NewMarket(other, other, f"C{other[-2:].upper()}", None, 19_000, ())
        run(markets.create(town.tracker, ADMIN, new))
        run(vendors.register(town.tracker, ADMIN, other, NewVendor("A1", "Lê Hoa")))
    kept = RosterIndex(town.tracker, vendors_max=4)
    for market in (MARKET, "cho-hai", MARKET, "cho-ba"):
        run(kept.find(ADMIN, market, Filter()))
    assert kept.kept == {MARKET: 3, "cho-ba": 1}
    with pytest.raises(NotFound):
        run(kept.find(ADMIN, "cho-khong-co", Filter()))
    assert "cho-khong-co" not in kept.kept


def stalls(found: Found) -> list[str]:
    """The stalls of a page, in its order."""
    return [line.stall for line in found.lines]
