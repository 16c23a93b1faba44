"""A thousand retries at once, and banks that race: one effect, and one answer for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from tests.integration.api.city import HOA, MARKET, City, problem
from tests.integration.conftest import Run
from tests.integration.registry import VCB, Clock
from tracker.domain.facts import AccountLinked, CodeIssued, Fact, Registered, ZoneAdded
from tracker.settings import Settings
from tracker.store.client import connect

VENDORS = f"/v1/markets/{MARKET}/vendors"
RETRIES = 1_000


@pytest.fixture
def market(run: Run, store_url: str, store: Redis, clock: Clock) -> Iterator[City]:
    """A service with the market that lets a key ask as often as it likes.

    A thousand at once wait for its connections: for as long as they must on a busy machine, where
    a service in use would send some away after ten seconds.
    """
    del store  # emptied
    client = connect(store_url, timeout_s=100)
    city = City(run, client, clock, Settings(rate_limits="bank=0,manager=0"))
    city.open_market()
    yield city
    run(client.aclose())


def ledger(city: City) -> Counter[type[Fact]]:
    """How many entries of each kind the market's ledger has, its own opening left out."""

    async def read() -> Counter[type[Fact]]:
        entries = city.tracker.reader.ledger(MARKET, 1)
        return Counter([type(entry.fact) async for entry in entries])

    return city.run(read())


def test_a_thousand_retries_at_once_are_one_vendor_one_entry_and_one_answer(market: City) -> None:
    body = {"stall": "B12", "name": "Đặng Thị Hoa"}
    calls = [market.acall("bank", "POST", VENDORS, body, key="one") for _ in range(RETRIES)]
    answers = market.together(calls)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len({(a.headers["location"], a.headers["etag"]) for a in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert ledger(market) == {Registered: 1}
    assert len(market.get("manager", VENDORS).json()["items"]) == 1


def test_so_are_a_thousand_retries_of_a_vendor_with_account_and_code(market: City) -> None:
    body = {**HOA, "issue_code": True}
    calls = [market.acall("bank", "POST", VENDORS, body, key="one") for _ in range(RETRIES)]
    answers = market.together(calls)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert ledger(market) == {Registered: 1, AccountLinked: 1, CodeIssued: 1, ZoneAdded: 1}


def test_retries_without_a_key_are_one_vendor_too(market: City) -> None:
    """The natural key: the same vendor at the same stall is a match."""
    calls = [market.acall("manager", "POST", VENDORS, HOA) for _ in range(200)]
    answers = market.together(calls)
    assert sorted(answer.status_code for answer in answers) == [*([200] * 199), 201]
    assert ledger(market) == {Registered: 1, AccountLinked: 1, ZoneAdded: 1}


def test_two_banks_race_for_one_stall_with_different_names(market: City) -> None:
    for n in range(10):
        stall = f"C{n}"
        account = {"bin": VCB, "number": f"{n:08d}"}
        mine = {"stall": stall, "name": "Lê Thị Ba", "account": account}
        theirs = {"stall": stall, "name": "Phan Văn Tư"}
        calls = [
            market.acall("bank", "POST", VENDORS, mine, key=f"a{n}"),
            market.acall("bidv", "POST", VENDORS, theirs, key=f"b{n}"),
        ]
        won, lost = sorted(market.together(calls), key=lambda answer: answer.status_code)
        assert won.status_code == 201
        said = problem(lost, 409, "STALL_TAKEN")
        assert said["vendor"] == won.json()["vendor"]
        assert not {"Ba", "Tư"} & set(lost.text.split())  # the code on the sticker, nothing else
    assert ledger(market)[Registered] == 10


def test_two_banks_race_for_one_stall_with_the_same_name(market: City) -> None:
    body = {"stall": "D1", "name": "Lê Thị Ba"}
    calls = [
        market.acall("bank", "POST", VENDORS, body, key="a"),
        market.acall("bidv", "POST", VENDORS, {**body, "name": "LE THI BA"}, key="b"),
    ]
    answers = market.together(calls)
    assert sorted(answer.status_code for answer in answers) == [200, 201]
    assert len({answer.json()["vendor"] for answer in answers}) == 1
    assert ledger(market) == {Registered: 1}
