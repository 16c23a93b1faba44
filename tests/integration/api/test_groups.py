"""Groups of markets: defined from a day on, and read by who may see all of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import MARKET, OTHER, City, problem
from tracker.services import groups

GROUP = {"id": "cho-lon", "name": "Các chợ lớn", "markets": [OTHER, MARKET]}


@pytest.fixture
def two(market: City) -> City:
    """Two markets after a first start."""
    market.open_market(OTHER, "CP7")
    market.run(groups.seed(market.tracker))
    market.keys["city-ioc"] = market.new_key("ioc")
    return market


def ids(city: City, as_: str) -> list[str]:
    """The groups that a caller gets."""
    return [group["id"] for group in city.get(as_, "/v1/groups").json()["items"]]


def test_a_group_is_defined_once_and_anew_from_a_day_on(two: City) -> None:
    made = two.post("admin", "/v1/groups", GROUP)
    assert made.status_code == 201
    shown = {**GROUP, "markets": [OTHER, MARKET], "effective_on": "2023-05-02"}
    assert made.json() == shown
    again = two.post("admin", "/v1/groups", {**GROUP, "markets": [MARKET, OTHER, MARKET]})
    assert (again.status_code, again.json()) == (200, shown)
    two.clock.next_day()
    assert two.post("admin", "/v1/groups", GROUP).json() == shown
    changed = {**GROUP, "markets": [MARKET], "effective_on": "2023-05-10"}
    assert two.post("admin", "/v1/groups", changed).status_code == 201
    items = two.get("admin", "/v1/groups").json()["items"]
    assert [item["markets"] for item in items] == [[OTHER, MARKET], None]


def test_the_city_is_every_market_and_stays_so(two: City) -> None:
    two.run(groups.seed(two.tracker))
    assert two.get("city-ioc", "/v1/groups").json()["items"] == [
        {
            "id": "city",
            "name": "Toàn thành phố",
            "markets": None,
            "effective_on": "1970-01-01",
        }
    ]
    said = problem(two.post("admin", "/v1/groups", {**GROUP, "id": "city"}), 400, "INVALID_BODY")
    assert [(f["pointer"], f["code"]) for f in said["errors"]] == [("/id", "RESERVED")]


def test_every_unknown_market_is_told(two: City) -> None:
    wrong: dict[str, Any] = {**GROUP, "markets": ["cho-la", MARKET, "cho-khac"]}
    said = problem(two.post("admin", "/v1/groups", wrong), 400, "INVALID_BODY")
    assert [(f["pointer"], f["code"]) for f in said["errors"]] == [
        ("/markets/0", "MARKET_UNKNOWN"),
        ("/markets/2", "MARKET_UNKNOWN"),
    ]
    assert ids(two, "admin") == ["city"]


def test_a_group_is_seen_by_who_may_see_all_its_markets(two: City) -> None:
    two.post("admin", "/v1/groups", GROUP)
    two.post("admin", "/v1/groups", {"id": "mot-cho", "name": "x", "markets": [MARKET]})
    assert ids(two, "city-ioc") == ["cho-lon", "city", "mot-cho"]
    assert ids(two, "manager") == ["mot-cho"]
    bounded = two.new_key("admin", markets=(MARKET,))
    assert ids(two, bounded) == ["mot-cho"]
    wider = {**GROUP, "id": "x", "markets": [OTHER]}
    problem(two.post(bounded, "/v1/groups", wider), 400, "INVALID_BODY")
    theirs = {**GROUP, "markets": [MARKET]}
    problem(two.post(bounded, "/v1/groups", theirs), 404, "NOT_FOUND")
