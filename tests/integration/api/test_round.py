"""The field team's round: which stalls, in which order, why, and what changes it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import MARKET, OTHER, City, problem
from tests.integration.registry import VCB
from tracker.domain.days import day_date, day_of

ROUND = f"/v1/markets/{MARKET}/round"


@pytest.fixture
def stalls(market: City) -> dict[str, str]:
    """Seven stalls in two zones and the code of each; A1 has no account."""
    codes = {}
    for n, (stall, zone) in enumerate(
        [("A10", "Khu A"), ("A2", "Khu A"), ("B1", "Khu B"), ("B2", "Khu B"), ("B3", None)]
    ):
        account = {"bin": VCB, "number": f"00710001234{n}"}
        made = market.register(
            stall=stall, name=f"Nguyễn Thị {stall}", zone=zone, account=account, issue_code=True
        )
        codes[stall] = made["codes"][0]["id"]
    market.register(stall="A1", name="Lê Văn Không", account=None)
    return codes


def visits(city: City, query: str = "") -> list[tuple[str, str]]:
    """Stall and reason, in order."""
    answer = city.get("field", ROUND + query).json()
    return [(visit["stall"], visit["reason"]) for visit in answer["items"]]


def test_the_order_of_a_round(market: City, stalls: dict[str, str]) -> None:
    assert visits(market) == [
        ("B3", "issued_not_printed"),
        ("A2", "issued_not_printed"),
        ("A10", "issued_not_printed"),
        ("B1", "issued_not_printed"),
        ("B2", "issued_not_printed"),
    ]
    market.post("manager", f"/v1/codes/{stalls['B1']}/prints", {})
    market.post("field", f"/v1/codes/{stalls['A2']}/attachments", {})
    market.found_stranger(stall="B2")
    market.found_stranger(stall="A1")
    assert visits(market) == [
        ("A1", "incident"),
        ("B2", "incident"),
        ("B1", "printed_not_attached"),
        ("B3", "issued_not_printed"),
        ("A10", "issued_not_printed"),
    ]
    items: list[dict[str, Any]] = market.get("field", ROUND).json()["items"]
    assert items[0]["code"] is None
    assert items[1] == {
        "stall": "B2",
        "vendor": stalls["B2"].rpartition(".")[0],
        "zone": "Khu B",
        "reason": "incident",
        "code": stalls["B2"],
        "sheet": None,
    }
    for _ in range(90):
        market.clock.next_day()
    assert visits(market)[-1] == ("A2", "stale_verification")


def test_who_is_dormant_is_visited_last(market: City, stalls: dict[str, str]) -> None:
    hanging = ("A2", "B1", "B2")
    for stall in hanging:
        market.post("field", f"/v1/codes/{stalls[stall]}/attachments", {})
    _days_pass(market, 45)
    for stall in hanging:
        payload = market.get("manager", f"/v1/codes/{stalls[stall]}").json()["payload"]
        assert market.scan(payload, stall, as_="field").json()["verdict"] == "matched"
    _days_pass(market, 44)
    unseen = [("B3", "issued_not_printed"), ("A10", "issued_not_printed")]
    assert visits(market) == unseen  # attached for 89 days
    _days_pass(market, 1)
    assert visits(market) == unseen  # for 90, and no bank ever said who was paid
    _report(market, [stalls["B1"], stalls["A10"]])
    asleep = [("A2", "dormant"), ("B2", "dormant")]
    assert visits(market) == [*unseen, *asleep]
    visit = market.get("field", ROUND).json()["items"][2]
    assert (visit["code"], visit["vendor"]) == (stalls["A2"], _vendor(stalls["A2"]))
    _report(market, [stalls["B2"]])  # the bank's day is replaced by it
    assert visits(market) == [*unseen, ("A2", "dormant"), ("B1", "dormant")]
    _report(market, [])
    assert visits(market) == [*unseen, ("A2", "dormant"), ("B1", "dormant"), ("B2", "dormant")]
    market.found_stranger(stall="B2")
    assert visits(market) == [("B2", "incident"), *unseen, ("A2", "dormant"), ("B1", "dormant")]


def _vendor(code: str) -> str:
    return code.rpartition(".")[0]


def _days_pass(market: City, days: int) -> None:
    for _ in range(days):
        market.clock.next_day()


def _report(market: City, codes: list[str]) -> None:
    """The bank's day: the vendors of these codes were paid today."""
    today = day_date(day_of(market.clock())).isoformat()
    lines = [{"vendor": _vendor(code), "payments": 1, "amount_vnd": 20_000} for code in codes]
    path = f"/v1/markets/{MARKET}/activity/{today}/{VCB}"
    answer = market.call("bank", "PUT", path, {"lines": lines})
    assert answer.status_code == 200, answer.text


def test_pages_and_etags(market: City, stalls: dict[str, str]) -> None:
    whole = market.get("manager", ROUND)
    etag = {"If-None-Match": whole.headers["etag"]}
    assert market.get("manager", ROUND, headers=etag).status_code == 304
    found: list[Any] = []
    query = "?limit=2"
    while True:
        page = market.get("manager", ROUND + query).json()
        found += page["items"]
        if "next" not in page:
            break
        query = f"?limit=2&after={page['next']}"
    assert found == whole.json()["items"]
    market.post("field", f"/v1/codes/{stalls['A2']}/attachments", {})
    assert market.get("manager", ROUND, headers=etag).status_code == 200


def test_who_walks(market: City, stalls: dict[str, str]) -> None:
    for role in ("admin", "manager", "field", "auditor"):
        assert len(market.get(role, ROUND).json()["items"]) == len(stalls)
    for role in ("bank", "ioc"):
        problem(market.get(role, ROUND), 404, "NOT_FOUND")
    problem(market.get("field", f"/v1/markets/{OTHER}/round"), 404, "NOT_FOUND")
    problem(market.get("admin", "/v1/markets/cho-khac/round"), 404, "NOT_FOUND")
