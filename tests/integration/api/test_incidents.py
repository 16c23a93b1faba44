"""Strangers' codes: who sees them, who handles them, and what they do to the figures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.city import FIRST, HOA, MARKET, OTHER, STRANGER, City, problem
from tests.integration.registry import BIDV
from tracker.services import account_index, audit
from tracker.store.keys import Space

LIST = "/v1/incidents"
GONE = {"state": "resolved", "reason": "Đã gỡ mã lạ"}


def items(city: City, as_: str, query: str = "") -> list[dict[str, Any]]:
    """The incidents that a caller gets."""
    found: list[dict[str, Any]] = city.get(as_, LIST + query).json()["items"]
    return found


def suspected(city: City, market: str = MARKET) -> int:
    """The flag `swap_suspected` of a market now."""
    flags = city.get("ioc" if market == MARKET else "admin", f"/v1/markets/{market}/adoption")
    counts: dict[str, int] = {flag["code"]: flag["count"] for flag in flags.json()["flags"]}
    return counts.get("swap_suspected", 0)


def handle(city: City, incident: str, body: dict[str, str], as_: str = "manager") -> Any:
    """Reads an incident and handles it as it stands."""
    etag = city.get(as_, f"{LIST}/{incident}").headers["etag"]
    return city.call(as_, "PATCH", f"{LIST}/{incident}", body, headers={"If-Match": etag})


@pytest.fixture
def two(market: City) -> City:
    """Two markets with a vendor each; bank keys without markets for VCB and BIDV."""
    market.open_market(OTHER, "CP7")
    for id_ in (MARKET, OTHER):
        body = {**HOA, "issue_code": True}
        assert market.post("admin", f"/v1/markets/{id_}/vendors", body).status_code == 201
    market.keys["vcb"] = market.new_key("bank", bins=("970436",))
    return market


def test_a_cluster_stands_in_the_list_of_the_bank_of_that_bin(two: City) -> None:
    first = two.found_stranger(MARKET)
    assert items(two, "vcb") == []
    problem(two.get("vcb", f"{LIST}/{first}"), 404, "NOT_FOUND")
    second = two.found_stranger(OTHER)
    shown = items(two, "vcb")
    assert [one["id"] for one in shown] == sorted([first, second])
    for one in shown:
        assert one["cluster"] == [f"{OTHER}/B12", f"{MARKET}/B12"]
        assert (one["stalls"], one["account"], one["bin"]) == (2, STRANGER, "970436")
    assert two.get("vcb", f"{LIST}/{first}").json() in shown
    assert items(two, "bidv") == []
    problem(two.get("bidv", f"{LIST}/{first}"), 404, "NOT_FOUND")
    for role in ("manager", "field", "auditor"):
        (one,) = items(two, role)
        assert (one["id"], one["account"]) == (first, "•••• 2223")
        assert (one["stalls"], one["cluster"]) == (2, [f"{MARKET}/B12"])
    assert len(items(two, "admin")) == 2
    problem(two.get("ioc", LIST), 404, "NOT_FOUND")
    handle(two, first, GONE)
    assert items(two, "vcb") == []


def test_of_one_account_at_two_banks_no_cluster_is_made(two: City) -> None:
    two.found_stranger(MARKET)
    two.found_stranger(OTHER, bin_=BIDV)
    assert items(two, "vcb") == items(two, "bidv") == []


def test_a_resolved_incident_leaves_the_count_and_a_new_scan_opens_a_new_one(two: City) -> None:
    assert suspected(two) == 0
    first = two.found_stranger()
    assert two.found_stranger() == first
    assert suspected(two) == 1
    confirmed = handle(two, first, {"state": "confirmed", "reason": "Đúng là mã lạ"})
    assert confirmed.json()["state"] == "confirmed"
    assert suspected(two) == 1
    ended = handle(two, first, GONE).json()
    assert (ended["state"], ended["reason"], ended["stalls"]) == ("resolved", GONE["reason"], 0)
    assert ended["handled_by"] == two.get("manager", "/v1/me").json()["id"]
    assert ended["handled_at"] == "2023-05-02T08:00:00+07:00"
    assert suspected(two) == 0
    problem(handle(two, first, {"state": "confirmed", "reason": "x"}), 409, "INCIDENT_CLOSED")
    again = two.found_stranger()
    assert again != first
    assert suspected(two) == 1
    assert [one["id"] for one in items(two, "manager", "?state=open")] == [again]
    assert [one["id"] for one in items(two, "manager", "?state=resolved")] == [first]


def test_a_change_says_what_it_was_decided_on(two: City) -> None:
    path = f"{LIST}/{two.found_stranger()}"
    problem(two.call("manager", "PATCH", path, GONE), 428, "PRECONDITION_REQUIRED")
    read = two.get("manager", path)
    etag = read.headers["etag"]
    assert two.get("manager", path, headers={"If-None-Match": etag}).status_code == 304
    for given in ('"other"', f"W/{etag}"):
        answer = two.call("manager", "PATCH", path, GONE, headers={"If-Match": given})
        problem(answer, 412, "PRECONDITION_FAILED")
    done = two.call(
        "manager", "PATCH", path, GONE, headers={"If-Match": f'W/"a", "b", {etag}, "c"'}
    )
    assert done.status_code == 200
    assert two.get("manager", path).headers["etag"] == done.headers["etag"] != etag
    stale = two.call("manager", "PATCH", path, GONE, headers={"If-Match": etag})
    problem(stale, 412, "PRECONDITION_FAILED")
    same = two.call("manager", "PATCH", path, GONE, headers={"If-Match": "*"})
    assert (same.status_code, same.json()) == (200, done.json())


def test_who_may_not_and_what_is_not_there(two: City) -> None:
    path = f"{LIST}/{two.found_stranger()}"
    foreign = f"{LIST}/{two.found_stranger(OTHER)}"
    for role in ("bank", "field", "auditor"):
        problem(two.call(role, "PATCH", path, GONE), 403, "FORBIDDEN")
    problem(two.call("ioc", "PATCH", path, GONE), 404, "NOT_FOUND")
    problem(two.call("manager", "PATCH", foreign, GONE), 404, "NOT_FOUND")
    for id_ in (f"{FIRST}.e1", f"{FIRST}.e99", f"{FIRST}.e0", FIRST, "nonsense"):
        problem(two.get("manager", f"{LIST}/{id_}"), 404, "NOT_FOUND")
    problem(two.get("manager", f"{LIST}?market={OTHER}"), 404, "NOT_FOUND")
    problem(two.get("admin", f"{LIST}?market=cho-khac"), 404, "NOT_FOUND")
    problem(two.get("admin", f"{LIST}?state=closed"), 400, "INVALID_PARAMETER")
    faults = problem(two.call("manager", "PATCH", path, {"state": "open"}), 400, "INVALID_BODY")
    assert {f["pointer"] for f in faults["errors"]} == {"/state", "/reason"}


def test_pages_hold_for_their_filters(two: City) -> None:
    for market in (MARKET, OTHER):
        two.found_stranger(market)
        two.clock.ms += 1_500
    whole = items(two, "admin")
    first = two.get("admin", f"{LIST}?limit=1&state=open").json()
    after = first["next"]
    second = two.get("admin", f"{LIST}?limit=1&state=open&after={after}").json()
    assert first["items"] + second["items"] == whole
    assert "next" not in second
    assert [one["market"] for one in whole] == [MARKET, OTHER]
    assert [one["market"] for one in items(two, "admin", f"?market={OTHER}")] == [OTHER]
    problem(two.get("admin", f"{LIST}?limit=1&after={after}"), 400, "CURSOR_INVALID")


def test_the_account_index_comes_back_with_a_rebuild(two: City) -> None:
    two.found_stranger(MARKET)
    two.found_stranger(OTHER)
    store: Any = two.tracker.client

    async def lose_and_rebuild() -> None:
        lost = [key async for key in store.scan_iter(match="{accounts:*")]
        assert lost
        await store.delete(*lost)
        rebuilt = [one async for one in audit.rebuild(two.tracker)]
        assert not any(one.refused for one in rebuilt)
        assert await store.exists(Space(MARKET).unindexed)
        await account_index.complete_all(two.tracker)
        assert not await store.exists(Space(MARKET).unindexed)

    two.run(lose_and_rebuild())
    assert len(items(two, "vcb")) == 2
    mine = two.get("admin", f"/v1/codes/{FIRST}.c1").json()["parts"]["account"]
    assert mine == "0123456789"


def test_verify_is_clean_and_nothing_is_in_clear(two: City, capfd: Any) -> None:
    for market in (MARKET, OTHER):
        handle(two, two.found_stranger(market), GONE, as_="admin")
        two.found_stranger(market)
    store: Any = two.tracker.client

    async def look() -> tuple[list[Any], bytes]:
        found = [one async for one in audit.verify(two.tracker)]
        dumped = b""
        async for key in store.scan_iter():
            dumped += key + (await store.dump(key))
        return found, dumped

    differences, dumped = two.run(look())
    assert differences == []
    said = "".join(capfd.readouterr())
    for secret in (STRANGER, HOA["name"], "0123456789"):
        assert str(secret).encode() not in dumped
        assert str(secret) not in said
