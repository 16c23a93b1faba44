"""Wards, provinces and groups by day: Vũng Tàu before and after 1 July 2025.

Until that day 26506 was Phường 1 and 26526 Phường Nguyễn An Ninh, in province 77; since then they
are phường Vũng Tàu and phường Tam Thắng, in 79.
"""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.integration.api.city import HOA, MARKET, OTHER, City, problem
from tests.integration.api.over_time import (
    AFTER,
    BEFORE,
    MARKETS,
    THIRD,
    assign,
    on,
    publish,
)
from tests.integration.registry import VCB
from tracker.domain.codes import vendor_code
from tracker.domain.days import day_number, moment_text
from tracker.services import areas, audit, groups
from tracker.services.snapshots import publish_days


@pytest.fixture
def three(city: City) -> City:
    """Three markets with 2, 3 and 4 traders, all but one of each attached; both days closed."""
    city.run(areas.seed(city.tracker))
    city.run(groups.seed(city.tracker))
    on(city, "2025-06-10")
    for size, (market, prefix) in enumerate(MARKETS.items(), 2):
        city.open_market(market, prefix)
        for n in range(1, size + 1):
            account = {"bin": VCB, "number": f"00710009{n:05d}"}
            body = {**HOA, "stall": f"B{n}", "account": account, "issue_code": n != 1}
            answer = city.post("admin", f"/v1/markets/{market}/vendors", body)
            assert answer.status_code == 201, answer.text
            if n != 1:
                code = f"{vendor_code(prefix, n)}.c1"
                hung = {"evidence": {"kind": "declared"}}
                assert city.post("admin", f"/v1/codes/{code}/attachments", hung).is_success
    census = {"effective_on": "2025-01-01", "vendors": 10, "source": "Ban quản lý chợ"}
    assert city.post("admin", f"/v1/markets/{OTHER}/census", census).status_code == 201
    on(city, "2025-07-10")
    for market in MARKETS:
        assign(city, market)
    publish(city, BEFORE, AFTER)
    city.keys["city-ioc"] = city.new_key("ioc")
    return city


def area(city: City, code: str, day: str, as_: str = "city-ioc", **query: str) -> Any:
    """The roll-up of a unit."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return city.get(as_, f"/v1/areas/{code}/snapshots/{day}?{asked}")


def group(city: City, id_: str, day: str, as_: str = "city-ioc", **query: str) -> Any:
    """The roll-up of a group."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return city.get(as_, f"/v1/groups/{id_}/snapshots/{day}?{asked}")


def summed(answer: Any) -> list[str]:
    """The markets that a roll-up summed."""
    assert answer.status_code == 200, answer.text
    return [part["market"] for part in answer.json()["inputs"]]


def by_hand(city: City, markets: list[str], day: str) -> dict[str, Any]:
    """Counts, rates and denominator of these markets, added up from their own snapshots."""
    bodies = [
        city.get("city-ioc", f"/v1/markets/{market}/snapshots/{day}").json() for market in markets
    ]
    base = sum(body["denominator"]["value"] for body in bodies)
    counts: Counter[str] = Counter()
    for body in bodies:
        counts.update({name: figure["count"] for name, figure in body["figures"].items()})
    rates = {
        name: float((Decimal(100) * count / base).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
        for name, count in counts.items()
    }
    return {"base": base, "counts": dict(counts), "rates": rates}


def test_the_same_digits_are_another_place_after_the_merger(three: City) -> None:
    before, after = area(three, "26506", BEFORE), area(three, "26506", AFTER)
    assert before.json()["area"] == {
        "code": "26506",
        "valid_from": "2014-12-16",
        "name": "Phường 1",
    }
    assert after.json()["area"] == {
        "code": "26506",
        "valid_from": "2025-07-01",
        "name": "Phường Vũng Tàu",
    }
    assert summed(before) == summed(after) == [MARKET]
    assert summed(area(three, "26526", BEFORE)) == []  # Phường Nguyễn An Ninh
    assert summed(area(three, "26526", AFTER)) == [OTHER]  # phường Tam Thắng
    assert summed(area(three, "26524", BEFORE)) == [OTHER]
    problem(area(three, "26524", AFTER), 404, "NOT_FOUND")


def test_a_province_sums_the_markets_of_its_wards_of_that_day(three: City) -> None:
    assert summed(area(three, "77", BEFORE)) == sorted(MARKETS)
    assert summed(area(three, "79", AFTER)) == sorted(MARKETS)
    problem(area(three, "77", AFTER), 404, "NOT_FOUND")
    problem(area(three, "79", BEFORE), 404, "NOT_FOUND")  # as seeded: since the merger
    assert area(three, "79", AFTER).json()["area"]["name"] == "Thành phố Hồ Chí Minh"


@pytest.mark.parametrize(
    ("path", "markets"),
    [
        ("areas/26526", [OTHER]),
        ("areas/79", sorted(MARKETS)),
        ("groups/city", sorted(MARKETS)),
        ("groups/hai-cho", [OTHER, MARKET]),
    ],
)
def test_sums_are_those_of_adding_up_by_hand(three: City, path: str, markets: list[str]) -> None:
    two = {"id": "hai-cho", "name": "x", "markets": [MARKET, OTHER], "effective_on": "2025-01-01"}
    assert three.post("admin", "/v1/groups", two).status_code == 201
    answer = three.get("city-ioc", f"/v1/{path}/snapshots/{AFTER}")
    body, hand = answer.json(), by_hand(three, markets, AFTER)
    assert summed(answer) == markets
    assert (body["markets"], body["denominator"]["value"]) == (len(markets), hand["base"])
    basis = "census" if markets == [OTHER] else "mixed"
    assert body["denominator"]["basis"] == basis
    assert {name: figure["count"] for name, figure in body["figures"].items()} == hand["counts"]
    for name, figure in body["figures"].items():
        if name != "registered":
            assert figure["rate"] == hand["rates"][name], name
    assert body["figures"]["attached"]["count"] > 0
    fall = body["waterfall"]
    assert fall["closing"] == fall["opening"] == body["figures"]["attached"]["count"]
    inputs = [
        three.get("city-ioc", f"/v1/markets/{market}/snapshots/{AFTER}").json()
        for market in markets
    ]
    assert body["inputs"] == [
        {key: one[key] for key in ("market", "revision", "digest")} for one in inputs
    ]
    assert (body["missing"], body["date"]) == ([], AFTER)


def test_a_market_whose_unit_of_that_day_is_not_known_is_unassigned(three: City) -> None:
    assign(three, THIRD, late=False)
    before = area(three, "77", BEFORE)
    assert (summed(before), before.json()["unassigned"]) == ([OTHER, MARKET], [THIRD])
    after = area(three, "79", AFTER)
    assert (summed(after), after.json()["unassigned"]) == (sorted(MARKETS), [])
    assert summed(group(three, "city", BEFORE)) == sorted(MARKETS)
    assert "unassigned" not in group(three, "city", BEFORE).json()
    three.clock.ms += 60_000
    assign(three, THIRD)  # its predecessor is given late
    late = area(three, "77", BEFORE)
    assert (summed(late), late.json()["unassigned"]) == (sorted(MARKETS), [])


def test_as_of_is_what_was_known_and_published_then(three: City) -> None:
    assign(three, THIRD, late=False)
    publish(three, BEFORE)
    then = moment_text(three.clock.ms).replace("+", "%2B")
    told = area(three, "77", BEFORE).content
    on(three, "2025-07-11")
    assign(three, THIRD)
    census = {"effective_on": "2025-01-01", "vendors": 20, "source": "Ban quản lý chợ"}
    assert three.post("admin", f"/v1/markets/{OTHER}/census", census).status_code == 201
    two = {"id": "hai-cho", "name": "x", "markets": [MARKET, OTHER], "effective_on": "2025-01-01"}
    assert three.post("admin", "/v1/groups", two).status_code == 201
    publish(three, BEFORE)
    now = area(three, "77", BEFORE)
    assert summed(now) == sorted(MARKETS)
    revisions = {part["market"]: part["revision"] for part in now.json()["inputs"]}
    assert revisions[OTHER] == 2
    assert area(three, "77", BEFORE, as_of=then).content == told
    assert area(three, "77", BEFORE, as_of="2030-01-01T00:00:00Z").content == now.content
    problem(group(three, "hai-cho", BEFORE, as_of=then), 404, "NOT_FOUND")
    early = area(three, "77", BEFORE, as_of="2025-07-10T07:00:00%2B07:00")
    assert early.json()["missing"] == []
    assert early.json()["unassigned"] == sorted(MARKETS)


def test_a_market_that_is_open_and_not_published_is_missing(three: City) -> None:
    on(three, "2025-07-10", 9)
    day = "2025-07-05"
    three.run(publish_days(three.tracker, [MARKET], [day_number(date.fromisoformat(day))]))
    answer = group(three, "city", day)
    assert (summed(answer), answer.json()["missing"]) == ([MARKET], [THIRD, OTHER])
    nothing = area(three, "79", "2025-07-06").json()
    assert (nothing["markets"], nothing["missing"]) == (0, sorted(MARKETS))
    assert nothing["figures"]["attached"] == {"count": 0, "rate": None}


def test_a_closed_market_is_summed_until_the_day_of_its_end(three: City) -> None:
    body = {"closed_on": AFTER, "reason": "sáp nhập", "into": MARKET}
    assert three.post("admin", f"/v1/markets/{OTHER}/closure", body).status_code == 201
    rest = [THIRD, MARKET]
    for sums in (area(three, "79", AFTER), group(three, "city", AFTER)):
        assert (summed(sums), sums.json()["missing"]) == (rest, [])
    assert summed(group(three, "city", BEFORE)) == sorted(MARKETS)
    history = three.get("city-ioc", f"/v1/markets/{OTHER}/snapshots/{AFTER}")
    assert history.status_code == 200


def test_a_group_of_a_past_day_is_summed_as_it_was_then(three: City) -> None:
    for since, markets in (("2025-06-01", [MARKET]), (AFTER, [MARKET, OTHER])):
        body = {"id": "nhom", "name": "Nhóm", "markets": markets, "effective_on": since}
        assert three.post("admin", "/v1/groups", body).status_code == 201
    assert summed(group(three, "nhom", BEFORE)) == [MARKET]
    assert summed(group(three, "nhom", AFTER)) == [OTHER, MARKET]
    problem(group(three, "nhom", "2025-05-31"), 404, "NOT_FOUND")
    assert group(three, "nhom", AFTER).json()["group"] == "nhom"


def test_who_may_not_see_a_market_does_not_get_a_sum_with_it(three: City) -> None:
    assert summed(area(three, "26506", AFTER, "manager")) == [MARKET]
    problem(area(three, "79", AFTER, "manager"), 404, "NOT_FOUND")
    problem(area(three, "26526", AFTER, "ioc"), 404, "NOT_FOUND")
    problem(group(three, "city", AFTER, "auditor"), 404, "NOT_FOUND")
    assert summed(group(three, "city", AFTER, "admin")) == sorted(MARKETS)
    assign(three, THIRD, late=False)
    assert area(three, "26506", BEFORE, "manager").json()["unassigned"] == []
    assert area(three, "26506", BEFORE).json()["unassigned"] == [THIRD]


def test_a_poller_that_has_the_sum_already_gets_304(three: City) -> None:
    path = f"/v1/areas/79/snapshots/{AFTER}"
    first = three.get("city-ioc", path)
    given = {"If-None-Match": first.headers["etag"]}
    assert three.get("city-ioc", path, headers=given).status_code == 304
    three.clock.ms += 60_000
    census = {"effective_on": "2025-01-01", "vendors": 20, "source": "Ban quản lý chợ"}
    three.post("admin", f"/v1/markets/{OTHER}/census", census)
    assert three.get("city-ioc", path, headers=given).status_code == 304  # not published yet
    publish(three, AFTER)
    changed = three.get("city-ioc", path, headers=given)
    assert changed.status_code == 200
    assert changed.json()["denominator"]["value"] == first.json()["denominator"]["value"] + 10


def test_faults_of_the_address(three: City) -> None:
    problem(area(three, "26506", "2025-02-30"), 400, "INVALID_PARAMETER")
    problem(area(three, "26506", AFTER, as_of="today"), 400, "INVALID_PARAMETER")
    problem(area(three, "00", AFTER), 404, "NOT_FOUND")
    problem(group(three, "khong-co", AFTER), 404, "NOT_FOUND")


def test_verify_finds_nothing_wrong_with_all_of_it(three: City) -> None:
    end = {"closed_on": AFTER, "reason": "sáp nhập", "into": MARKET}
    assert three.post("admin", f"/v1/markets/{OTHER}/closure", end).status_code == 201

    async def verified() -> list[object]:
        return [difference async for difference in audit.verify(three.tracker)]

    assert three.run(verified()) == []
